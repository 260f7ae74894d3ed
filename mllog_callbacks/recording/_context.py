"""The names that hold within a call: entries of nested calls and adapters have them by themselves.

An entry's name is, in this order, the one given to `AuditLog.emit`, the one its log was bound to,
the one of the context, the log's default. The context is a `contextvars` variable, so it follows
asyncio tasks and `asyncio.to_thread` by itself; `carry_context` takes it into threads and pools,
which begin without one (but for threads where Python's ``thread_inherit_context`` is set).
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import ParamSpec, TypeVar

from mllog_callbacks.recording._current import current, leave
from mllog_callbacks.recording._kinds import Unwatched, carried, in_scope
from mllog_callbacks.recording._naming import plain_name
from mllog_callbacks.schema import RUN_ENDS, EventType, Reason, interruption, shown

__all__ = [
    "RunAround",
    "Scope",
    "audit_context",
    "carry_context",
    "scoped",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class RunAround:
    """A run recorded by a call, such as a platform's ``train``: runs within are parts of it.

    So that no run is recorded twice, the start and the end that an adapter records within it become
    progress of this one, and a part's failure an issue. All that was said of them stays.

    Attributes:
        parts: How many runs ended within it.
        last: How the last of them ended; None where none did.
        ended: Whether its own end was recorded; what begins then is no part of it.
        stopping: Whether it was asked to stop; a part that fails then was stopped.
        cadence: Whatever decides which of its steps are recorded; kept here by what records them.
        number: Its number in its session; None where it is recorded in another process.
    """

    __slots__ = ("cadence", "ended", "last", "number", "parts", "stopping")

    def __init__(self, number: int | None = None) -> None:
        self.number = number
        self.ended = self.stopping = False
        self.cadence: object = None
        self.parts = 0
        self.last: tuple[EventType, Reason] | None = None

    def as_part(self, event: EventType, reason: Reason) -> EventType:
        """The event under which a run within this one records something."""
        if event in RUN_ENDS:
            self.parts += 1
            self.last = event, reason
            if event is EventType.TRAINING_FAILED and not self.stopping:
                return EventType.ISSUE_DETECTED
            return EventType.TRAINING_PROGRESS
        return EventType.TRAINING_PROGRESS if event is EventType.TRAINING_STARTED else event


class Scope:
    """What holds within a call and all it calls: its own names, else those of the call around it.

    Attributes:
        dataset: Name of the data set; None where not known.
        model: Name of the model; None where not known.
        metadata: What stands in the snapshot of each entry within, under ``context``.
        parent: The scope around this one.
        run: The run that is recorded around entries of this scope, if any.
    """

    __slots__ = ("_learned", "dataset", "metadata", "model", "parent", "run")

    def __init__(
        self,
        dataset: str | None = None,
        model: str | None = None,
        metadata: Mapping[str, object] | None = None,
        run: RunAround | None = None,
    ) -> None:
        parent = self.parent = current.get()
        self.dataset, self.model, self.run = plain_name(dataset), plain_name(model), run
        self.metadata: Mapping[str, object] = metadata or {}
        if parent is not None:
            self.dataset = parent.dataset if dataset is None else self.dataset
            self.model = parent.model if model is None else model
            self.metadata = {**parent.metadata, **self.metadata}
            self.run = run or parent.run
        self._learned = self.dataset is None

    @property
    def run_under_way(self) -> RunAround | None:
        """The run that is recorded around entries of this scope, while it has not ended."""
        return None if self.run is None or self.run.ended else self.run

    def learn(self, dataset: str | None) -> None:
        """Take the data set that a call within worked on, where this scope was given none.

        After two different ones nobody knows which is meant, so none is named.
        """
        if self._learned and dataset is not None and dataset != self.dataset:
            self._learned = self.dataset is None
            self.dataset = dataset if self._learned else None

    def names(self, dataset: str | None, model: str | None) -> tuple[str | None, str | None]:
        """These names, and in their place, where they are None, the scope's."""
        return (
            self.dataset if dataset is None else dataset,
            self.model if model is None else model,
        )

    def snapshot(self, given: Mapping[str, object] | None) -> Mapping[str, object] | None:
        """A snapshot with the scope's metadata, under ``context``; what is none, as it is."""
        if not self.metadata or not isinstance(given, (Mapping, type(None))):
            return given
        try:
            return {**({} if given is None else given), "context": self.metadata}
        except Exception as error:
            if interruption(error) is not None:
                raise
            return given

    def __reduce__(self) -> tuple[object, ...]:
        plain = {name: _portable(value) for name, value in self.metadata.items()}
        return Scope, (self.dataset, self.model, plain, self.run and RunAround())


def _portable(value: object) -> object:
    return value if isinstance(value, (str, int, float, type(None))) else shown(value)


@contextmanager
def scoped(scope: Scope | None) -> Iterator[None]:
    """Let a scope hold, in this thread or task, until the block ends."""
    token = current.set(scope)
    try:
        yield
    finally:
        leave(token)


class audit_context:  # noqa: N801 - used as a function, as `contextlib.suppress` is
    """Name the data set and the model for every entry within the block, also of adapters.

    As a decorator it does so for each call of a function, which may be asynchronous or a generator:
    the names hold in each of its steps. One object may be used again, nested and by several
    threads.

    Args:
        dataset: Name of the data set; default that of the context around this one.
        model: Name of the model; default that of the context around this one.
        **metadata: What else is known, such as a job's number: it is in the snapshot of each
            entry within, under ``context``.

    Example:
        >>> with audit_context(dataset="credit.v3", job=17):
        ...     audited(RandomForestClassifier()).fit(X, y)
    """

    def __init__(
        self, *, dataset: str | None = None, model: str | None = None, **metadata: object
    ) -> None:
        self._dataset, self._model, self._metadata = dataset, model, metadata

    def __enter__(self) -> None:
        current.set(_Block(self, self._dataset, self._model, self._metadata))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        scope = current.get()
        while scope is not None:
            if isinstance(scope, _Block) and scope.owner is self:
                current.set(scope.parent)
                return
            scope = scope.parent

    def __call__(self, function: Callable[_P, _R]) -> Callable[_P, _R]:
        """The function, of the same kind, in whose calls the names hold."""

        def start() -> Unwatched:
            return Unwatched(Scope(self._dataset, self._model, self._metadata))

        same: Callable[_P, _R] = in_scope(function, start)
        return same


class _Block(Scope):
    """The scope of an `audit_context`, which ends with its block."""

    __slots__ = ("owner",)

    def __init__(
        self,
        owner: audit_context,
        dataset: str | None,
        model: str | None,
        metadata: Mapping[str, object],
    ) -> None:
        super().__init__(dataset, model, metadata)
        self.owner = owner


def carry_context(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function as this one that runs, wherever it is called, with the names that hold now.

    For threads and pools, which begin without a context. It is of the same kind (asynchronous,
    generator), and has the same name, signature and documentation. Of all context variables only
    this package's is carried: a platform's own are left as they are.

    Example:
        >>> with audit_context(dataset="credit.v3"):
        ...     pool.submit(carry_context(train), params)
    """
    same: Callable[_P, _R] = carried(function, functools.partial(Unwatched, current.get()))
    return same
