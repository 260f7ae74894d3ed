"""The sentences of the ready mapping: pure functions from a call to what its entry says."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mllog_callbacks.events import EventType, Level
from mllog_callbacks.platform.call import Call, Told, name_of
from mllog_callbacks.platform.reading import arguments, facts, first, listed, measured, parts
from mllog_callbacks.run import Cadence
from mllog_callbacks.wording import assigned, count, failed, said, shown, stopped_by_hand

__all__ = [
    "algorithm_selected",
    "asked_to_stop",
    "compared",
    "downloaded",
    "ended_as",
    "evaluated",
    "hyperparameters_set",
    "not_valid",
    "preprocessed",
    "progressed",
    "raised_as",
    "saved",
    "started",
    "stopped_elsewhere",
    "uploaded",
    "validated",
]

_STOPPED: Final = frozenset({"stopped", "cancelled", "canceled", "aborted", "interrupted"})
_DONE: Final = frozenset({"completed", "complete", "finished", "succeeded", "success", "done"})
_FAILED: Final = frozenset({"failed", "failure", "error"})


def uploaded(call: Call) -> Told:
    """A data set came in."""
    name = call.dataset or name_of(call.result)
    return Told(
        f"{_named(name, 'A data set')} was uploaded.",
        f"{call.name} took it{_size_of(call.result)}.",
        facts(call.result),
        dataset=name,
    )


def validated(call: Call) -> Told:
    """A data set was checked, with which outcome."""
    valid, problems = _verdict(call.result)
    unsaid = f", with {count(len(problems), 'problem')}" if problems else ""
    outcome = {True: " and accepted", False: " and refused", None: unsaid}[valid]
    found = listed(problems)
    reasoning = f"{call.name} found: {found}" if found else f"{call.name} found no problem"
    if valid is None and not found:
        reasoning = f"{call.name} returned{_size_of(call.result) or ' without an exception'}"
    return Told(
        f"{_named(call.dataset, 'The data set')} was validated{outcome}.",
        f"{reasoning.rstrip('.')}.",
        facts(call.result),
    )


def not_valid(call: Call) -> Told | None:
    """A data set was refused."""
    valid, problems = _verdict(call.result)
    if valid or (valid is None and not problems):
        return None
    found = listed(problems) or "it gave no reason"
    what = "is not valid" if valid is False else f"has {count(len(problems), 'problem')}"
    return Told(
        f"{_named(call.dataset, 'The data set')} {what}.",
        f"{call.name} {'refused it' if valid is False else 'found'}: {found.rstrip('.')}.",
        {"problems": len(problems)},
    )


def preprocessed(call: Call) -> Told:
    """A data set was made fit for training."""
    steps = first(call.result, "steps", "operations") or call.given.get("steps") or ()
    told = listed(steps) if isinstance(steps, (list, tuple)) else shown(steps)
    return Told(
        f"{_named(call.dataset, 'The data set')} was preprocessed{f': {told}' if told else ''}.",
        f"{call.name} returned{_size_of(call.result) or ' without an exception'}.",
        facts(call.result),
    )


def algorithm_selected(call: Call) -> Told:
    """It was chosen what to train."""
    chosen = call.arguments.get("algorithm", next(iter(call.given.values()), None))
    name = name_of(chosen) or shown(chosen)
    return Told(
        f"The algorithm {name} was selected.",
        f"The caller of {call.name} chose it: {arguments(call)}.",
        facts(call.result),
    )


def hyperparameters_set(call: Call) -> Told:
    """Who set which hyperparameter."""
    given: dict[str, object] = {}
    for name, value in call.given.items():
        given.update(parts(value) if isinstance(value, Mapping) else {name: value})
    used = parts(call.result) if isinstance(call.result, Mapping) else {}
    others = {name: value for name, value in used.items() if name not in given}
    settings = {name: value for name, value in given.items() if not used or name in used}
    many = count(len(settings), "hyperparameter") if settings else "No hyperparameter was"
    return Told(
        f"{many} set by the caller of {call.name}{f': {assigned(settings)}' if settings else ''}.",
        f"Not set, and so as {call.name} returned them: {assigned(others)}." if others else None,
        {"set_by_caller": facts(settings), "defaults": facts(others)},
    )


def started(call: Call) -> Told:
    """A run begins."""
    what = f"Training of {call.model}" if call.model else "Training"
    return Told(
        f"{what} started{f' on {call.dataset}' if call.dataset else ''}.",
        f"{call.name} was called{_with(arguments(call))}.",
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
        f"{call.name} was called{_with(measured(_flat(values)))}.",
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
        return Told(f"{what} {how}{by}.", f"{reason}{_parts_of(call)}", facts(call.result))

    return tell


def raised_as(event: EventType) -> Callable[[Call], Told | None]:
    """How a run ended whose call raised; None where it ended otherwise."""

    def tell(call: Call) -> Told | None:
        error = call.error
        if error is None:
            return None
        failure = isinstance(error, Exception) and call.stopped_by is None
        if failure != (event is EventType.TRAINING_FAILED):
            return None
        position, nothing = f"after {call.seconds:.3f} s", "no model was returned"
        if call.stopped_by is not None:
            what = f"Training of {call.model}" if call.model else "Training"
            told = f"{call.stopped_by} was called while it ran, and then {said(error)} was raised"
            return Told(f"{what} stopped by {call.stopped_by}; {nothing}.", f"{told}.")
        word = failed if failure else stopped_by_hand
        reason = word(error, f"in {call.name}", position, nothing)
        return Told(reason.decision, f"{reason.reasoning}{_parts_of(call)}")

    return tell


def asked_to_stop(call: Call) -> Told | None:
    """A run that is under way was asked to stop: its end is told by itself."""
    if not call.stops:
        return None
    names = listed(each.model or each.name for each in call.stops)
    return Told(
        f"A stop of the training was asked for: {names}.",
        f"{call.name} was called{_with(arguments(call))}; the training ends when it notices.",
        {"trainings": len(call.stops)},
    )


def stopped_elsewhere(call: Call) -> Told | None:
    """A stop was asked for, and this process knows of no run that will tell its end."""
    if call.stops:
        return None
    return Told(
        f"Training was stopped by {call.name}.",
        f"{call.name} was called{_with(arguments(call))} and returned; no training that tells its "
        "own end was under way in this process.",
        facts(call.result),
    )


def saved(call: Call) -> Told:
    """A model was kept."""
    where = call.result if isinstance(call.result, str) else name_of(call.result)
    return Told(
        f"{_named(call.model, 'The model')} was saved{f' as {where}' if where else ''}.",
        f"{call.name} was called{_with(arguments(call))}.",
        facts(call.result),
    )


def downloaded(call: Call) -> Told:
    """A model was handed out."""
    return Told(
        f"{_named(call.model, 'A model')} was downloaded.",
        f"{call.name} was called{_with(arguments(call))}.",
        facts(call.result),
    )


def evaluated(call: Call) -> Told:
    """A model was measured."""
    found = measured(call.result)
    on = f" on {call.dataset}" if call.dataset else ""
    return Told(
        f"{_named(call.model, 'The model')} was evaluated{on}{f': {found}' if found else ''}.",
        f"{call.name} computed these values{_with(arguments(call))}.",
        facts(call.result),
    )


def compared(call: Call) -> Told:
    """Models were ranked."""
    given: Any = next((v for v in call.given.values() if isinstance(v, (list, tuple, set))), None)
    models = list(given) if given is not None else list(call.given.values())
    best = first(call.result, "best", "winner", "best_model")
    best = name_of(best) or (call.result if isinstance(call.result, str) else None)
    reason = first(call.result, "reason", "reasoning", "because")
    return Told(
        f"{count(len(models), 'model')} compared{f'; {best} is the best' if best else ''}.",
        f"{call.name} compared {listed(models)}{f': {reason}' if reason else ''}.",
        facts(call.result),
        dataset=name_of(first(call.result, "dataset")),
        model=best,
    )


def _named(name: str | None, unnamed: str) -> str:
    return name or unnamed


def _with(told: str) -> str:
    return f" with {told}" if told else ""


def _size_of(value: object) -> str:
    found = facts(value)
    rows, columns = found.get("rows"), found.get("columns")
    if not isinstance(rows, int):
        return ""
    told = count(rows, "row")
    return f": {told} and {count(columns, 'column')}" if isinstance(columns, int) else f": {told}"


def _verdict(result: object) -> tuple[bool | None, list[object]]:
    """Whether a validation accepted; None where it does not say."""
    valid = result if isinstance(result, bool) else first(result, "valid", "is_valid", "ok")
    problems = first(result, "problems", "errors", "issues")
    if isinstance(result, (list, tuple)) and not hasattr(result, "_asdict"):
        problems = result
    found = list(problems) if isinstance(problems, (list, tuple, set)) else []
    if isinstance(problems, str) and problems:
        found = [problems]
    return (None if valid is None else bool(valid)), found


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
