"""For code one owns: the same entries by a decorator, or around a block."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from mllog_callbacks.platform._action import Action, begin
from mllog_callbacks.platform._call import Call, Hook, Namer, Rule, Told
from mllog_callbacks.platform._hooks import hooked
from mllog_callbacks.recording import AuditLog, current, leave
from mllog_callbacks.schema import EventType

__all__ = ["audit_action"]

_F = TypeVar("_F", bound=Callable[..., object])


class audit_action:  # noqa: N801 - used as a function, as `contextlib.suppress` is
    """Leave an entry for a function's calls, or for a block; an exception leaves an issue.

    Args:
        event: The event type.
        tell: What is told of a call that returned; default that it did.
        dataset: The data set's name: the name itself, or a function of the call, such as
            ``argument("name")``.
        model: The model's name, likewise.
        log: Where entries go; default `get_log()`, asked for at each call.

    Raises:
        ValueError: There is no such event type.

    Example:
        >>> @audit_action("MODEL_SAVED", model=argument("name"))
        ... def save(name, path): ...
        >>> with audit_action("DATASET_PREPROCESSED", dataset="credit.v3") as action:
        ...     kept = rows.dropna()
        ...     action.tell("Rows with gaps were left out.", metrics={"rows": len(kept)})
    """

    def __init__(
        self,
        event: EventType | str,
        tell: Callable[[Call], Told | None] | None = None,
        *,
        dataset: Namer | None = None,
        model: Namer | None = None,
        log: AuditLog | None = None,
    ) -> None:
        self._event = EventType(event)
        self._log = log
        self._told: Told | None = None
        rule = Rule(self._event, tell or self._told_in_block)
        self._hook = Hook(rule, dataset=dataset, model=model)
        self._action: Action | None = None

    def tell(
        self,
        decision: str,
        reasoning: str | None = None,
        metrics: Mapping[str, object] | None = None,
        *,
        dataset: str | None = None,
        model: str | None = None,
    ) -> None:
        """Say what the entry at the end of the block tells.

        Args:
            decision: What was decided or done, and by whom or what.
            reasoning: On which evidence, with what consequence.
            metrics: The numbers and settings behind it; the seconds of the block are added.
            dataset: Name of the data set, where it was not known at the beginning.
            model: Name of the model, likewise.
        """
        self._told = Told(decision, reasoning, metrics, dataset, model)

    def __call__(self, function: _F) -> _F:
        """The function, hooked: all else about it is as it was."""
        return hooked(function, self._hook, self._log)

    def __enter__(self) -> Self:
        label = self._event.replace("_", " ").lower()
        self._action = begin(self._hook, self._log, Call(label, None, {}), self)
        if self._action is not None:
            self._token = current.set(self._action.scope)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        action, self._action = self._action, None
        if action is not None:
            leave(self._token)
            if error is None:
                action.returned(None)
            else:
                action.raised(error)

    def _told_in_block(self, call: Call) -> Told:
        return self._told or Told(f"{call.name} is done.")
