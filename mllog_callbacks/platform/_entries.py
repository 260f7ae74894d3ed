"""The sentences of the ready mapping: pure functions from a call to what its entry says."""

import os
from collections.abc import Mapping
from os import PathLike

from mllog_callbacks.facts import Saved, dump
from mllog_callbacks.platform._call import Call, Recorded
from mllog_callbacks.platform._checks import Verdict, verdict_of
from mllog_callbacks.platform._hyperparameters import Settings, settings_of
from mllog_callbacks.platform._measures import comparison_of, measures_of, sentence
from mllog_callbacks.platform._naming import DATASETS, name_of, named_in
from mllog_callbacks.platform._reading import arguments, called_with, facts, first, listed
from mllog_callbacks.schema import assigned, count, masked, shown

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


def uploaded(call: Call) -> Recorded:
    """A data set came in; the platform's own name for it goes before that of the file."""
    files = {name_of(call.arguments.get(each)) for each in ("filename", "file", "path", "source")}
    named = None if call.dataset in files else call.dataset
    returned = named_in(call.result, DATASETS) or name_of(call.result)
    if isinstance(call.result, str) and "://" in call.result:
        returned = None  # where it is kept
    name = named or returned or call.dataset
    return Recorded(
        f"{name or 'A data set'} was uploaded.",
        f"{call.name} returned{_size_of(call.result) or ' without an exception'}.",
        facts(call.result),
        dataset=name,
    )


def validated(call: Call) -> Recorded:
    """A data set was checked, with which outcome."""
    found = verdict_of(call.result)
    many = f", with {count(found.many, 'problem')}" if found.many else ""
    outcome = {True: " and accepted", False: " and refused", None: many}[found.valid]
    return Recorded(
        f"{call.dataset or 'The data set'} was validated{outcome}.",
        _found(call, found),
        {**facts(call.result), **_judged(found)},
    )


def _found(call: Call, found: Verdict) -> str:
    """What the validation found, in its own words."""
    recorded = listed(found.problems).rstrip(".")
    checks = f" in {count(found.checks, 'check')}" if found.checks else ""
    if recorded:
        more = found.many - len(found.problems)
        rest = f", and {more:,} more" if more > 0 else ""
        return f"{call.name} found{checks}: {recorded}{rest}."
    if found.many:
        return f"{call.name} found {count(found.many, 'problem')}{checks}."
    if found.valid is None:
        return f"{call.name} returned{_size_of(call.result) or ' without an exception'}."
    if found.valid:
        return f"{call.name} found no problem{checks}."
    return f"{call.name} returned {found.evidence}, and no reason."


def _judged(found: Verdict) -> dict[str, object]:
    judged: dict[str, object] = {"problems": found.many}
    if found.valid is not None:
        judged["valid"] = found.valid
    if found.checks:
        judged["checks_run"] = found.checks
    if found.problems:
        judged["found"] = list(found.problems)
    return judged if found != Verdict() else {}


def not_valid(call: Call) -> Recorded | None:
    """A data set was refused."""
    found = verdict_of(call.result)
    if found.valid or (found.valid is None and not found.many):
        return None
    what = "is not valid" if found.valid is False else f"has {count(found.many, 'problem')}"
    return Recorded(
        f"{call.dataset or 'The data set'} {what}.",
        _found(call, found),
        _judged(found),
    )


def preprocessed(call: Call) -> Recorded:
    """A data set was made fit for training."""
    steps = first(call.result, "steps", "operations") or call.given.get("steps") or ()
    recorded = listed(steps) if isinstance(steps, (list, tuple)) else shown(steps)
    return Recorded(
        f"{call.dataset or 'The data set'} was preprocessed{f': {recorded}' if recorded else ''}.",
        f"{call.name} returned{_size_of(call.result) or ' without an exception'}.",
        facts(call.result),
    )


def algorithm_selected(call: Call) -> Recorded:
    """It was chosen what to train."""
    chosen = call.arguments.get("algorithm", next(iter(call.given.values()), None))
    name = name_of(chosen) or shown(chosen)
    return Recorded(
        f"The algorithm {name} was selected.",
        f"The caller of {call.name} chose it: {arguments(call)}.",
        facts(call.result),
    )


def hyperparameters_set(call: Call) -> Recorded:
    """Who set which hyperparameter: the caller now or before, or nobody."""
    settings = settings_of(call)
    now = masked(settings.now)
    many = count(len(now), "hyperparameter") if now else "No hyperparameter was"
    recorded = f": {assigned(now)}" if now else ""
    return Recorded(
        f"{many} set by the caller of {call.name}{recorded}.",
        _others(call, settings),
        {
            "set_by_caller": facts(now),
            "set_before": facts(settings.before),
            "defaults": facts(settings.defaults),
        },
    )


def _others(call: Call, settings: Settings) -> str | None:
    before, defaults = masked(settings.before), masked(settings.defaults)
    recorded = [f"Set by the caller before: {assigned(before)}." if before else ""]
    if defaults:
        recorded.append(f"Not set, and so as {settings.source or call.name} has them: ")
        recorded[-1] += f"{assigned(defaults)}."
    return " ".join(each for each in recorded if each) or None


def saved(call: Call) -> Recorded:
    """A model was kept."""
    returned = call.result if isinstance(call.result, str) else name_of(call.result)
    path = returned or _path_of(call)
    return Recorded(
        f"{call.model or 'The model'} was saved{f' as {path}' if path else ''}.",
        f"{call.name} was called{called_with(arguments(call))}.",
        {**facts(call.result), **({"saved": _saved(path)} if path else {})},
    )


_PATHS = ("path", "filename", "file", "filepath", "target", "destination", "to", "uri", "url")


def _path_of(call: Call) -> str | None:
    """Where the caller said that it goes."""
    given = (call.given.get(each) for each in _PATHS)
    return next((str(each) for each in given if isinstance(each, (str, PathLike))), None)


def _saved(path: str) -> dict[str, object]:
    size = os.path.getsize(path) if os.path.isfile(path) else None  # noqa: PTH113, PTH202 - a URL, perhaps
    return dump(Saved(path=path, bytes=size))


def downloaded(call: Call) -> Recorded:
    """A model was handed out."""
    return Recorded(
        f"{call.model or 'A model'} was downloaded.",
        f"{call.name} was called{called_with(arguments(call))}.",
        facts(call.result),
    )


def evaluated(call: Call) -> Recorded:
    """A model was measured."""
    measures = measures_of(call)
    recorded = sentence(measures)
    on = f" on {call.dataset}" if call.dataset else ""
    how = "computed these values" if recorded else "returned no number"
    return Recorded(
        f"{call.model or 'The model'} was evaluated{on}{f': {recorded}' if recorded else ''}.",
        f"{call.name} {how}{called_with(arguments(call))}.",
        {**facts(call.result), **_by_name(measures)},
    )


def _by_name(measures: Mapping[str, object]) -> dict[str, object]:
    """Numbers as facts: a list or matrix is one, too."""
    return {f"returned_{n}" if n in {"run", "part"} else n: each for n, each in measures.items()}


def compared(call: Call) -> Recorded:
    """Models were ranked."""
    found = comparison_of(call)
    best = f"; {found.best} is the best" if found.best else ""
    order = f", in this order: {listed(found.ranking)}" if found.ranking else ""
    models = f"compared {listed(found.names)}" if found.names else "was called"
    return Recorded(
        f"{count(len(found.names), 'model')} compared{best}."
        if found.names
        else f"Models were compared{best}.",
        f"{call.name} {models}{order}{f': {found.reason}' if found.reason else ''}.",
        {
            **facts(call.result),
            "models": list(found.names),
            **({"candidates": dict(found.scores)} if found.scores else {}),
            **({"ranking": list(found.ranking)} if found.ranking else {}),
            **({"best": found.best} if found.best else {}),
        },
        dataset=name_of(first(call.result, *DATASETS)),
        model=found.best,
    )


def _size_of(value: object) -> str:
    found = facts(value)
    rows = next((found[each] for each in _ROWS if isinstance(found.get(each), int)), None)
    columns = next((found[each] for each in _COLUMNS if isinstance(found.get(each), int)), None)
    if not isinstance(rows, int):
        return ""
    recorded = count(rows, "row")
    return (
        f": {recorded} and {count(columns, 'column')}"
        if isinstance(columns, int)
        else f": {recorded}"
    )


_ROWS = ("rows", "n_rows", "row_count", "num_rows", "n_samples")
_COLUMNS = ("columns", "n_columns", "column_count", "num_columns", "n_features")
