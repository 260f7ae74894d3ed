"""What is known of a call, and the rows of the table that say what is recorded of it."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from mllog_callbacks.platform._causes import Cancelled
from mllog_callbacks.recording import AuditLog, RunAround
from mllog_callbacks.schema import EventType

__all__ = ["Call", "Hook", "Namer", "Parameters", "Recorded", "Rule"]


class Parameters(NamedTuple):
    """The parameters of a function, as far as they name arguments.

    Attributes:
        positional: Names of those that may be given by position, in order.
        rest: Name of the one that takes further positions, as in ``*rest``; None where none does.
        defaults: Default values, by name.
    """

    positional: tuple[str, ...]
    rest: str | None
    defaults: Mapping[str, object]

    @classmethod
    def of(cls, function: Callable[..., object], *, skip: int = 0) -> "Parameters":
        """Read them; of a function that has no signature, there are none.

        Args:
            function: The function.
            skip: How many of the first to leave out: 1 for the ``self`` of an unbound method.
        """
        try:
            found = list(inspect.signature(function).parameters.values())[skip:]
        except (TypeError, ValueError):
            return cls((), "args", {})
        rest = [each.name for each in found if each.kind is each.VAR_POSITIONAL]
        return cls(
            tuple(
                each.name
                for each in found
                if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}
            ),
            rest[0] if rest else None,
            {each.name: each.default for each in found if each.default is not each.empty},
        )

    def given(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        """The arguments of a call, by name."""
        values = dict(zip(self.positional, args, strict=False))
        if self.rest is not None and len(args) > len(self.positional):
            values[self.rest] = tuple(args[len(self.positional) :])
        return {**values, **kwargs}


@dataclass
class Call:
    """A call of a hooked function; from which a rule's `record` composes its sentences.

    Attributes:
        name: The function with its class, as in ``ModelTrainer.train``.
        instance: The object, or for class methods the class, it was called on; None for functions.
        given: The arguments that the caller gave, by name; those of ``**kwargs`` among them.
        result: What it returned; None before, or where it raised.
        error: What it raised; None where it did not.
        seconds: How long it took; 0.0 before.
        dataset: Name of the data set within the call; None where not known.
        model: Name of the model within the call; None where not known.
        log: Where its entries go.
        around: The run that is recorded around this call, if any.
        run: The run this call records, if it records one.
        about: The runs under way that this call is about: those it asks to stop, or whose state it
            returns.
        stopped_by: The name of the call that asked this call's run to stop; None where none did.
        stopped_before: Whether that was before this call began.
        seen_by: What saw the end of this call's run, where that is not the call itself: a later
            call, a thread, the exit of the process.
        yielded: How many items it yielded, as a generator.
        last: The last of them.
        cancelled: Who cancelled it, where it was cancelled.
    """

    name: str
    instance: Any
    given: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None
    error: BaseException | None = None
    seconds: float = 0.0
    dataset: str | None = None
    model: str | None = None
    log: AuditLog | None = None
    around: RunAround | None = None
    run: RunAround | None = None
    about: "Sequence[Call]" = ()
    stopped_by: str | None = None
    stopped_before: bool = False
    seen_by: str | None = None
    yielded: int = 0
    last: Any = None
    cancelled: Cancelled | None = None

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """All arguments by name, also those the function took from its defaults."""
        return {**self.defaults, **self.given}


class Recorded(NamedTuple):
    """What an entry says of a call; names that are None are those of the call's context.

    Attributes:
        decision: What was decided or done, and by whom or what.
        reasoning: On which evidence, with what consequence.
        metrics: The numbers and settings behind it; the seconds of the call are added.
        dataset: Name of the data set.
        model: Name of the model.
    """

    decision: str
    reasoning: str | None = None
    metrics: Mapping[str, object] | None = None
    dataset: str | None = None
    model: str | None = None


class Rule(NamedTuple):
    """When and how a call leaves an entry.

    Attributes:
        event: The event type.
        record: A pure function of the call; where it returns None, no entry is left.
        on: At which moment: before the call, after it returned, or after it raised an exception.
    """

    event: EventType | str
    record: Callable[[Call], Recorded | None]
    on: Literal["call", "return", "raise"] = "return"


Namer = str | Callable[[Call], str | None]
"""The name of a data set or model: the name itself, or a pure function of a call not yet made."""


@dataclass(frozen=True)
class Hook:
    """A row of the table: what is recorded of a function's calls, and which names hold within them.

    Where no rule is on "raise", an exception leaves an ``ISSUE_DETECTED``, and passes.

    Args:
        rules: The entries to leave, in this order.
        dataset: The data set's name within the call; default the one known of an argument.
        model: The model's name within the call; default the one known of an argument.
        run: Whether the call is a run: runs within it are then parts of it.
        stops: Whether the call asks a run that is under way to stop.
        watches: Whether the call returns the state of a run: an end that nothing else saw.

    Attributes:
        at: The rules of each moment.
        reports: Whether a rule records progress: of a run, which may have begun elsewhere.

    Example:
        >>> Hook(Rule("MODEL_SAVED", lambda call: Recorded(f"Saved as {call.result}.")))
    """

    rules: tuple[Rule, ...]
    at: Mapping[str, tuple[Rule, ...]] = field(compare=False)
    dataset: Namer | None
    model: Namer | None
    run: bool
    stops: bool
    watches: bool
    reports: bool = field(compare=False)

    def __init__(
        self,
        *rules: Rule,
        dataset: Namer | None = None,
        model: Namer | None = None,
        run: bool = False,
        stops: bool = False,
        watches: bool = False,
    ) -> None:
        known = tuple(Rule(EventType(each.event), *each[1:]) for each in rules)
        for name, value in {
            "rules": known,
            "at": {
                moment: tuple(each for each in known if each.on == moment)
                for moment in ("call", "return", "raise")
            },
            "dataset": dataset,
            "model": model,
            "run": run,
            "stops": stops,
            "watches": watches,
            "reports": any(each.event is EventType.TRAINING_PROGRESS for each in known),
        }.items():
            object.__setattr__(self, name, value)

    def named(self, *, dataset: Namer | None = None, model: Namer | None = None) -> "Hook":
        """This hook with other names: for a platform that knows them better."""
        return Hook(
            *self.rules,
            dataset=self.dataset if dataset is None else dataset,
            model=self.model if model is None else model,
            run=self.run,
            stops=self.stops,
            watches=self.watches,
        )
