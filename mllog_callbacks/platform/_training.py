"""The sentences of a run that a platform's own call tells: from its start to its one end."""

from collections.abc import Callable, Mapping
from typing import Final

from mllog_callbacks.adapter import Cadence
from mllog_callbacks.facts import Stop, dump, ended_by
from mllog_callbacks.platform._call import Call, Told
from mllog_callbacks.platform._reading import arguments, called_with, facts, first, listed, measured
from mllog_callbacks.schema import EventType, Level, failed, said, shown, stopped_by_hand

__all__ = [
    "asked_to_stop",
    "ended_as",
    "progressed",
    "raised_as",
    "started",
    "stopped_elsewhere",
]

_STOPPED: Final = frozenset({"stopped", "cancelled", "canceled", "aborted", "interrupted"})
_DONE: Final = frozenset({"completed", "complete", "finished", "succeeded", "success", "done"})
_FAILED: Final = frozenset({"failed", "failure", "error"})


def started(call: Call) -> Told:
    """A run begins."""
    what = f"Training of {call.model}" if call.model else "Training"
    return Told(
        f"{what} started{f' on {call.dataset}' if call.dataset else ''}.",
        f"{call.name} was called{called_with(arguments(call))}.",
        None,
    )


def progressed(call: Call) -> Told | None:
    """A run goes on; as often as a person reads."""
    step = call.arguments.get("step", call.arguments.get("epoch", call.arguments.get("iteration")))
    total = call.arguments.get("total", call.arguments.get("of"))
    if isinstance(step, int) and not _due(call, step, total if isinstance(total, int) else None):
        return None
    where = f"Step {shown(step)}" if step is not None else "A step"
    values = {
        name: value for name, value in call.given.items() if isinstance(value, (float, Mapping))
    }
    return Told(
        f"{where}{f' of {shown(total)}' if total is not None else ''} is done.",
        f"{call.name} was called{called_with(measured(_flat(values)))}.",
        {**facts(call.given)},
    )


def ended_as(event: EventType) -> Callable[[Call], Told | None]:
    """How a run ended whose call returned; None where it ended otherwise."""

    def tell(call: Call) -> Told | None:
        if _end_of(call) is not event:
            return None
        how = event.removeprefix("TRAINING_").lower()
        what = f"Training of {call.model}" if call.model else "Training"
        by = f" by {call.stopped_by}" if how == "stopped" and call.stopped_by else ""
        asked = f"{call.stopped_by} was called while it ran, and then " if call.stopped_by else ""
        results = measured(call.result)
        reason = f"{asked}{call.name} returned{f': {results}' if results else ''}."
        told = facts(call.result)
        if call.stopped_by and event is EventType.TRAINING_STOPPED:
            told = {**told, "stop": dump(Stop(by="request", requested_by=call.stopped_by))}
        return Told(f"{what} {how}{by}.", f"{reason}{_parts_of(call)}", told)

    return tell


def raised_as(event: EventType) -> Callable[[Call], Told | None]:
    """How a run ended whose call raised; None where it ended otherwise."""

    def tell(call: Call) -> Told | None:
        error = call.error
        if error is None:
            return None
        stopped, raised = ended_by(error, f"in {call.name}")
        failure = stopped.by == "error" and call.stopped_by is None
        if failure != (event is EventType.TRAINING_FAILED):
            return None
        position, nothing = f"after {call.seconds:.3f} s", "no model was returned"
        if call.stopped_by is not None:
            what = f"Training of {call.model}" if call.model else "Training"
            told = f"{call.stopped_by} was called while it ran, and then {said(error)} was raised"
            stop = dump(Stop(by="request", requested_by=call.stopped_by))
            decision = f"{what} stopped by {call.stopped_by}; {nothing}."
            return Told(decision, f"{told}.", {"stop": stop})
        if stopped.rule is not None:
            told = f"{said(error)} was raised in {call.name}."
            decision = f"Training was stopped {position} by {stopped.rule.name}; {nothing}."
            return Told(decision, f"{told}{_parts_of(call)}", {"stop": dump(stopped)})
        word = failed if failure else stopped_by_hand
        reason = word(error, f"in {call.name}", position, nothing)
        ended = {"stop": dump(stopped), "error": dump(raised)}
        return Told(reason.decision, f"{reason.reasoning}{_parts_of(call)}", ended)

    return tell


def asked_to_stop(call: Call) -> Told | None:
    """A run that is under way was asked to stop: its end is told by itself."""
    if not call.stops:
        return None
    names = listed(each.model or each.name for each in call.stops)
    return Told(
        f"A stop of the training was asked for: {names}.",
        f"{call.name} was called{called_with(arguments(call))}; the training ends when it notices.",
        {"trainings": len(call.stops)},
    )


def stopped_elsewhere(call: Call) -> Told | None:
    """A stop was asked for, and this process knows of no run that will tell its end."""
    if call.stops:
        return None
    return Told(
        f"Training was stopped by {call.name}.",
        f"{call.name} was called{called_with(arguments(call))} and returned; no training that "
        "records its own end was under way in this process.",
        {**facts(call.result), "stop": dump(Stop(by="request", requested_by=call.name))},
    )


def _due(call: Call, step: int, total: int | None) -> bool:
    if call.around is None:
        return True
    cadence = call.around.cadence
    if not isinstance(cadence, Cadence):
        cadence = call.around.cadence = Cadence(
            Level.INFO if call.log is None else call.log.level, total
        )
    if cadence.due(step):
        cadence.told(step)
        return True
    return False


def _flat(values: Mapping[str, object]) -> dict[str, object]:
    """Numbers by name, those of mappings among them."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        flat.update(value if isinstance(value, Mapping) else {name: value})
    return flat


def _end_of(call: Call) -> EventType:
    """How a run ended whose call returned: as its result says, else as asked, else as its part."""
    status = str(first(call.result, "status", "state") or "").rpartition(".")[2].lower()
    if status in _FAILED:
        return EventType.TRAINING_FAILED
    if status in _STOPPED or first(call.result, "stopped") is True:
        return EventType.TRAINING_STOPPED
    if status in _DONE:
        return EventType.TRAINING_COMPLETED
    if call.stopped_by is not None:
        return EventType.TRAINING_STOPPED
    run = call.run
    if run is not None and run.parts == 1 and run.last and run.last[0] != "TRAINING_FAILED":
        return run.last[0]
    return EventType.TRAINING_COMPLETED


def _parts_of(call: Call) -> str:
    """What the runs within said of their end, the last one's sentences."""
    run = call.run
    if run is None or run.last is None:
        return ""
    ended = "One run within it ended" if run.parts == 1 else f"{run.parts:,} runs within it ended"
    reason = run.last[1]
    last = "" if run.parts == 1 else ", the last"
    return f" {ended}{last}: {reason.decision} {reason.reasoning}".rstrip()
