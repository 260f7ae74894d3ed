"""The sentences of a run that a platform's own call records: from its start to its one end."""

from collections.abc import Callable
from typing import Final

from mllog_callbacks.facts import Failure, Stop, dump, ended_by
from mllog_callbacks.platform._call import Call, Recorded
from mllog_callbacks.platform._outcome import (
    Outcome,
    State,
    outcome_of,
    planned_and_done,
    refused,
)
from mllog_callbacks.platform._progress import latest_of, reported
from mllog_callbacks.platform._reading import (
    arguments,
    called_with,
    facts,
    listed,
    measured,
    parts,
)
from mllog_callbacks.schema import EventType, count, failed, masked_text, said, shown

__all__ = ["ended_as", "raised_as", "started", "stop_requested"]

_EVENTS: Final[dict[State, EventType]] = {
    "done": EventType.TRAINING_COMPLETED,
    "failed": EventType.TRAINING_FAILED,
    "stopped": EventType.TRAINING_STOPPED,
}

STOP_REQUESTED: Final = "stop_requested"
"""The fact of an entry that a stop was requested, whether or not a run is known to notice it."""


def started(call: Call) -> Recorded:
    """A run begins."""
    return Recorded(
        f"{_training(call)} started{f' on {call.dataset}' if call.dataset else ''}.",
        f"{call.name} was called{called_with(arguments(call))}.",
        None,
    )


def ended_as(event: EventType) -> Callable[[Call], Recorded | None]:
    """How a run ended whose call returned; None where it ended otherwise."""

    def record(call: Call) -> Recorded | None:
        outcome = outcome_of(call.result)
        if _end_of(call, outcome) is not event:
            return None
        recorded = {**facts(call.result), **_how_far(call)}
        asked = call.stopped_by and outcome.state != "stopped"
        if event is EventType.TRAINING_STOPPED and call.stopped_by:
            recorded["stop"] = dump(Stop(by="request", requested_by=call.stopped_by))
        if event is EventType.TRAINING_FAILED:
            recorded["stop"] = dump(Stop(by="error"))
            if outcome.message:
                recorded["error"] = dump(Failure(message=outcome.message, where=f"in {call.name}"))
        return Recorded(
            f"{_training(call)} {_ended(call, event, outcome)}.",
            f"{_asked(call) if asked or call.stopped_by else ''}{_returned(call, outcome)}"
            f"{_parts_of(call)}",
            recorded,
        )

    return record


def _ended(call: Call, event: EventType, outcome: Outcome) -> str:
    if event is EventType.TRAINING_FAILED:
        words = masked_text(outcome.message or "").rstrip(".")
        return f"failed: {words}" if words else "failed"
    if event is EventType.TRAINING_STOPPED:
        by = f" by {call.stopped_by}" if call.stopped_by else ""
        return f"stopped{by}"
    return "completed"


def _asked(call: Call) -> str:
    when = "before it began" if call.stopped_before else "while it ran"
    return f"{call.stopped_by} was called {when}, and then " if call.stopped_by else ""


def _returned(call: Call, outcome: Outcome) -> str:
    """What was seen of the end, by whom."""
    results = measured(call.result)
    if call.seen_by and call.result is None:
        return f"{call.seen_by} ended without an exception."
    what = outcome.evidence if outcome.state else ""
    recorded = "; ".join(each for each in (what, results) if each)
    if call.yielded:
        items = f"{call.name} yielded {count(call.yielded, 'item')} and was exhausted"
        return f"{items}{f': {recorded}' if recorded else ''}."
    by = call.seen_by or call.name
    return f"{by} returned{f': {recorded}' if recorded else ''}."


def raised_as(event: EventType) -> Callable[[Call], Recorded | None]:
    """How a run ended whose call raised; None where it ended otherwise."""

    def record(call: Call) -> Recorded | None:
        error = call.error
        if error is None:
            return None
        if isinstance(error, GeneratorExit):
            return _left(call) if event is EventType.TRAINING_STOPPED else None
        stop, _ = ended_by(error)
        by = stop.by if call.cancelled is None else call.cancelled.by
        failure = by == "error" and call.stopped_by is None
        if failure != (event is EventType.TRAINING_FAILED):
            return None
        if call.stopped_by is not None:
            return _stopped_by_request(call, error)
        if stop.rule is not None:
            return _stopped_by_rule(call, error, stop)
        if call.cancelled is not None:
            return _cancelled(call, error)
        if isinstance(error, SystemExit):
            return _exited(call, error)
        return _failed(call, error)

    return record


def _failed(call: Call, error: BaseException) -> Recorded:
    """An exception, or an interrupt by hand."""
    where = f"in {call.name}"
    stop, raised = ended_by(error, where)
    facts_ = {"stop": dump(stop), "error": dump(raised), **_how_far(call)}
    if isinstance(error, Exception):
        reason = failed(error, where, _after(call), "no model was returned")
        decision = reason.decision.replace("Training", _training(call), 1)
        return Recorded(decision, f"{reason.reasoning}{_parts_of(call)}", facts_)
    name = type(error).__name__
    return Recorded(
        f"{_training(call)} was stopped by hand {_after(call)} ({name}); no model was returned.",
        f"{said(error)} was raised {where}.{_parts_of(call)}",
        facts_,
    )


def _stopped_by_request(call: Call, error: BaseException) -> Recorded:
    stop = dump(Stop(by="request", requested_by=call.stopped_by))
    return Recorded(
        f"{_training(call)} stopped by {call.stopped_by}; no model was returned.",
        f"{_asked(call)}{said(error)} was raised.{_parts_of(call)}",
        {"stop": stop, **_how_far(call)},
    )


def _stopped_by_rule(call: Call, error: BaseException, stop: Stop) -> Recorded:
    """Another framework ended it on purpose, such as one that prunes trials."""
    rule = "a rule" if stop.rule is None else stop.rule.name
    return Recorded(
        f"{_training(call)} was stopped {_after(call)} by {rule}; no model was returned.",
        f"{said(error)} was raised in {call.name}.{_parts_of(call)}",
        {"stop": dump(stop), **_how_far(call)},
    )


def _cancelled(call: Call, error: BaseException) -> Recorded:
    """A task or future was cancelled: by a time limit, a failure beside it or a request."""
    cancelled = call.cancelled
    by = "request" if cancelled is None or cancelled.by is None else cancelled.by
    words = "" if cancelled is None else cancelled.words
    _, raised = ended_by(error, f"in {call.name}")
    how = {"limit": "ended by a time limit", "error": "cancelled, because another task failed"}
    stop = Stop(by=by, requested_by=words if by != "error" else None)  # type: ignore[arg-type]  # one of three
    return Recorded(
        f"{_training(call)} was {how.get(by, 'cancelled')} {_after(call)}; no model was returned.",
        f"CancelledError was raised in {call.name}: {words}.{_parts_of(call)}",
        {"stop": dump(stop), "error": dump(raised), **_how_far(call)},
    )


def _exited(call: Call, error: SystemExit) -> Recorded:
    """Code ended the program: it is no interrupt."""
    code = shown(error.code)
    _, raised = ended_by(error, f"in {call.name}")
    stop = Stop(by="request", requested_by=f"sys.exit({code})")
    return Recorded(
        f"{_training(call)} was ended by sys.exit({code}) {_after(call)}; no model was returned.",
        f"{said(error)} was raised in {call.name}"
        f"{f' (in {raised.raised_in})' if raised.raised_in else ''}.{_parts_of(call)}",
        {"stop": dump(stop), "error": dump(raised), **_how_far(call)},
    )


def _left(call: Call) -> Recorded:
    """Its caller gave a generator up, or the process exited."""
    how_far = f" {_far(call)}" if call.yielded else ""
    if call.seen_by is not None:
        return Recorded(
            f"{_training(call)} was ended by the exit of the process{how_far}.",
            f"{call.name} was under way at {call.seen_by}.{_parts_of(call)}",
            {"stop": dump(Stop(by="exit")), **_how_far(call)},
        )
    caller = f"the caller of {call.name}"
    reason = (
        f"The generator of {call.name} was closed before it was exhausted"
        if call.yielded
        else f"What {call.name} returned was closed before its first step"
    )
    return Recorded(
        f"{_training(call)} was stopped by {caller}{how_far}.",
        f"{reason}.{_parts_of(call)}",
        {"stop": dump(Stop(by="request", requested_by=caller)), **_how_far(call)},
    )


_UNITS: Final = ("epoch", "step", "iteration", "round", "batch")


def _how_far(call: Call) -> dict[str, object]:
    """How far the run came: by what it yielded, returned or reported, in its own unit."""
    last = parts(call.last if call.yielded else call.result)
    for unit in _UNITS:
        for name in (unit, f"{unit}s", f"{unit}es", f"{unit}s_done", f"{unit}s_run"):
            at = last.get(name)
            if isinstance(at, int) and not isinstance(at, bool):
                planned = planned_and_done(call.result)
                whole = {} if planned is None else {"planned": planned[0]}
                return {"progress": {"unit": unit, "done": at, **whole}}
    if call.yielded:
        return {"progress": {"unit": "item", "done": call.yielded}}
    latest = latest_of(call.run)
    return {} if latest is None else {"progress": latest}


def _far(call: Call) -> str:
    progress = _how_far(call)["progress"]
    assert isinstance(progress, dict)  # noqa: S101 - as made above
    unit, done = progress["unit"], progress["done"]
    return f"after {count(done, 'item')}" if unit == "item" else f"at {unit} {done}"


def stop_requested(call: Call) -> Recorded:
    """A stop was requested: what it comes to is recorded by the end of the run itself."""
    names = listed(each.model or each.name for each in call.about)
    refusal = refused(call.result)
    request = {"by": call.name, "trainings": len(call.about)}
    reasoning = f"{call.name} was called{called_with(arguments(call))}"
    if refusal is not None:
        return Recorded(
            f"A stop of the training was refused{f': {names}' if names else ''}.",
            f"{reasoning} and returned {refusal}; the training goes on."
            if call.about
            else f"{reasoning} and returned {refusal}.",
            {**facts(call.result), STOP_REQUESTED: {**request, "refused": refusal}},
        )
    if call.about:
        many = "; the training ends when it notices"
        if len(call.about) > 1:
            many = f"; {len(call.about)} trainings are under way, and each may notice it"
    else:
        many = "; no training that it names is under way in this process"
    return Recorded(
        f"A stop of the training was requested{f': {names}' if names else ''}.",
        f"{reasoning}{many}.",
        {**facts(call.result), STOP_REQUESTED: request},
    )


def _training(call: Call) -> str:
    return f"Training of {call.model}" if call.model else "Training"


def _after(call: Call) -> str:
    short = call.seconds < _SHORT
    return "after less than 1 ms" if short else f"after {call.seconds:.3g} s"


_SHORT: Final = 0.001


def _end_of(call: Call, outcome: Outcome) -> EventType | None:
    """How a run ended whose call returned: as its result says, else its plan, a stop, a part."""
    if outcome.state is not None and outcome.state != "pending":
        stopped = call.stopped_by and outcome.state == "failed" and not outcome.message
        return EventType.TRAINING_STOPPED if stopped else _EVENTS[outcome.state]
    run = call.run
    if call.stopped_by is not None:
        planned = planned_and_done(call.result) or reported(run)
        whole = planned is not None and planned[1] >= planned[0]
        return EventType.TRAINING_COMPLETED if whole else EventType.TRAINING_STOPPED
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
