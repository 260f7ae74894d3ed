"""The sentences of the ready mapping: pure functions from a call to what its entry says."""

from collections.abc import Mapping
from typing import Any

from mllog_callbacks.platform._call import Call, Told, name_of
from mllog_callbacks.platform._reading import (
    arguments,
    called_with,
    facts,
    first,
    listed,
    measured,
    parts,
)
from mllog_callbacks.schema import assigned, count, shown

__all__ = [
    "algorithm_selected",
    "compared",
    "downloaded",
    "evaluated",
    "hyperparameters_set",
    "not_valid",
    "preprocessed",
    "saved",
    "uploaded",
    "validated",
]


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


def saved(call: Call) -> Told:
    """A model was kept."""
    where = call.result if isinstance(call.result, str) else name_of(call.result)
    return Told(
        f"{_named(call.model, 'The model')} was saved{f' as {where}' if where else ''}.",
        f"{call.name} was called{called_with(arguments(call))}.",
        facts(call.result),
    )


def downloaded(call: Call) -> Told:
    """A model was handed out."""
    return Told(
        f"{_named(call.model, 'A model')} was downloaded.",
        f"{call.name} was called{called_with(arguments(call))}.",
        facts(call.result),
    )


def evaluated(call: Call) -> Told:
    """A model was measured."""
    found = measured(call.result)
    on = f" on {call.dataset}" if call.dataset else ""
    return Told(
        f"{_named(call.model, 'The model')} was evaluated{on}{f': {found}' if found else ''}.",
        f"{call.name} computed these values{called_with(arguments(call))}.",
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
    found: list[object] = list(problems) if isinstance(problems, (list, tuple, set)) else []
    if isinstance(problems, str) and problems:
        found = [problems]
    return (None if valid is None else bool(valid)), found
