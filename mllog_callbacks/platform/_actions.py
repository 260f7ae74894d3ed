"""For code one owns: the same entries by a decorator, or around a block."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from mllog_callbacks.platform._action import Action, begin
from mllog_callbacks.platform._call import Call, Hook, Namer, Recorded, Rule
from mllog_callbacks.platform._hooks import hooked
from mllog_callbacks.recording import AuditLog, Scope, current, leave
from mllog_callbacks.schema import EventType

if TYPE_CHECKING:
    from contextvars import Token

__all__ = ["audit_action"]

_F = TypeVar("_F", bound=Callable[..., object])


class audit_action:  # noqa: N801 - used as a function, as `contextlib.suppress` is
    """Leave an entry for a function's calls, or for a block; an exception leaves an issue.

    One object may be used again, nested and by several threads: each block has its own entry.

    Args:
        event: The event type.
        record: What is recorded of a call that returned; default that it did.
        dataset: The data set's name: the name itself, or a function of the call, such as
            ``argument("name")``.
        model: The model's name, likewise.
        log: Where entries go; default `get_log()`, read at each call.

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
        record: Callable[[Call], Recorded | None] | None = None,
        *,
        dataset: Namer | None = None,
        model: Namer | None = None,
        log: AuditLog | None = None,
    ) -> None:
        self._event = EventType(event)
        self._log = log
        self._hook = Hook(
            Rule(self._event, record or _recorded_in_block), dataset=dataset, model=model
        )
        self._blocks: list[_Block] = []

    def tell(
        self,
        decision: str,
        reasoning: str | None = None,
        metrics: Mapping[str, object] | None = None,
        *,
        dataset: str | None = None,
        model: str | None = None,
    ) -> None:
        """Say what the entry at the end of the block records; outside of any block, nothing.

        Args:
            decision: What was decided or done, and by whom or what.
            reasoning: On which evidence, with what consequence.
            metrics: The numbers and settings behind it; the seconds of the block are added.
            dataset: Name of the data set, where it was not known at the beginning.
            model: Name of the model, likewise.
        """
        block = self._innermost()
        if block is not None:
            block.tell(decision, reasoning, metrics, dataset=dataset, model=model)

    def __call__(self, function: _F) -> _F:
        """The function, hooked: all else about it is as it was."""
        return hooked(function, self._hook, self._log)

    def __enter__(self) -> "_Block":
        label = self._event.replace("_", " ").lower()
        block = _Block(self, label)
        action = begin(self._hook, self._log, Call(label, block, {}), block)
        if action is not None:
            block.enter(action)
        self._blocks.append(block)
        return block

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        block = self._innermost()
        if block is not None:
            self._blocks.remove(block)
            block.leave(error)

    def _innermost(self) -> "_Block | None":
        """The block that is under way here: the latest that this thread or task has entered."""
        scope = current.get()
        while scope is not None:
            for block in self._blocks:
                if block.scope is scope:
                    return block
            scope = scope.parent
        here = threading.get_ident()
        own = [each for each in list(self._blocks) if each.thread == here]
        return own[-1] if own else None


class _Block:
    """One use of an `audit_action` as a block; its entry is left at its end.

    Attributes:
        scope: What holds within it; None where nothing is recorded.
        thread: The thread it was entered in.
    """

    def __init__(self, owner: audit_action, name: str) -> None:
        self._owner = owner
        self.name = name
        self.thread = threading.get_ident()
        self.scope: Scope | None = None
        self._action: Action | None = None
        self._token: Token[Scope | None] | None = None
        self.recorded: Recorded | None = None

    def tell(
        self,
        decision: str,
        reasoning: str | None = None,
        metrics: Mapping[str, object] | None = None,
        *,
        dataset: str | None = None,
        model: str | None = None,
    ) -> None:
        """Say what the entry at the end of the block records; as `audit_action.tell`."""
        self.recorded = Recorded(decision, reasoning, metrics, dataset, model)

    def enter(self, action: Action) -> None:
        """Let the names of the action hold until `leave`."""
        self._action, self.scope = action, action.scope
        self._token = current.set(action.scope)

    def leave(self, error: BaseException | None) -> None:
        """End the block: as it was recorded, or by an exception."""
        if self._action is None or self._token is None:
            return
        leave(self._token)
        if error is None:
            self._action.returned(None)
        else:
            self._action.raised(error)


def _recorded_in_block(call: Call) -> Recorded:
    recorded = call.instance.recorded if isinstance(call.instance, _Block) else None
    return recorded or Recorded(f"{call.name} is done.")
