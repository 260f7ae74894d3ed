"""What entries hold, whichever adapter wrote them: endings, settings, data, what was kept."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from mllog_callbacks.reading.story._candidates import candidates
from mllog_callbacks.reading.story._curves import Curve, Point, measured, position_of
from mllog_callbacks.reading.story._model import Recorded, Run, Story
from mllog_callbacks.schema import EventType

__all__ = [
    "Checks",
    "Kept",
    "Setting",
    "before",
    "checks",
    "data_facts",
    "default_settings",
    "done",
    "kept",
    "last_of_killed",
    "of_end",
    "planned",
    "seconds",
    "settings",
    "validation_first",
]

_DONE: Final = re.compile(r"(iteration|round|epoch|step|fold|candidate)s?_done")
_BEFORE: Final = re.compile(r"(iteration|round|epoch|step)s_before")
_PLANNED: Final = re.compile(r"(?:planned|max)_(iteration|round|epoch|step|fold|candidate|fit)s?")
_ALLOWED: Final = re.compile(r"(iteration|round|epoch|step)s_allowed")
_FITS: Final = re.compile(r"(fit|candidate)s")
_KEPT: Final = re.compile(r"(?:kept|best)_(iteration|round|epoch|step|check)")
_OF_CALLER: Final = re.compile(r"caller|given|user|explicit|\bset\b|changed", re.IGNORECASE)
_DEFAULTS: Final = re.compile(r"default", re.IGNORECASE)
_SIZES: Final = ("rows", "n_rows", "samples", "n_samples", "size", "batches", "features")
_NO_SETTINGS: Final = frozenset(
    {"run", "context", "change", "joined", "compared", "carried", "progress", "step"}
)
_CALLER: Final = "the caller"
_MOST_SETS: Final = 20
_MOST_SETTINGS: Final = 300


class Kept(NamedTuple):
    """A value of the model that is kept, else of the last that was evaluated.

    Attributes:
        name: Set and metric.
        value: The value.
        at: The position at which it was measured; None where that is not recorded.
        unit: What the position counts.
        is_kept: Whether the end of the run says that the model of this position is kept.
        how: Where it is kept, in a word or two.
    """

    name: str
    value: float
    at: float | None
    unit: str
    is_kept: bool = False
    how: str = "kept"


class Checks(NamedTuple):
    """Which checks ran in a run, by their codes.

    Attributes:
        ran: Those that ran.
        not_run: Why others could not.
    """

    ran: list[str]
    not_run: dict[str, str]


class Setting(NamedTuple):
    """A hyperparameter.

    Attributes:
        name: Its name.
        value: What it was set to.
        default: What it would have been; None where that is not recorded.
        by_caller: Whether the caller set it; None where that is not recorded.
        source: Who else set it, or what it follows from, where the log says so.
    """

    name: str
    value: object
    default: object
    by_caller: bool | None
    source: str = ""


def done(run: Run) -> tuple[float, str] | None:
    """How many iterations, epochs or steps a run had done, and what is counted."""
    if run.end is not None:
        if progress := position_of(run.end.snapshot):
            return progress[1], progress[0]
        for named in (_DONE, _FITS):
            if found := _counted(run.end.snapshot, named):
                return found
    return (run.position, run.curves.unit) if run.position > 0 else None


def before(run: Run) -> float:
    """How many of what it had done were done before it was resumed; 0 where it was not."""
    if run.end is None:
        return 0
    progress = of_end(run, "progress")
    if type(progress.get("total")) is int:
        return float(progress["total"] - progress["done"])
    found = _counted(run.end.snapshot, _BEFORE)
    return found[0] if found else 0


def planned(run: Run) -> tuple[float, str] | None:
    """How many it was to do at most."""
    plan = {} if run.start is None else run.start.snapshot.get("plan")
    if isinstance(plan, dict) and type(plan.get("most")) is int:
        return plan["most"], str(plan.get("unit", "step"))
    for recorded, named in ((run.start, _PLANNED), (run.end, _ALLOWED)):
        if recorded is not None and (found := _counted(recorded.snapshot, named)):
            return found
    return None


def seconds(run: Run) -> float | None:
    """How long it took by its own account."""
    found = None if run.end is None else run.end.snapshot.get("seconds")
    return found if type(found) in {int, float} else None


def of_end(run: Run, *path: str) -> Mapping[str, Any]:
    """A group of facts of a run's end, by the names that lead to it; empty where there is none."""
    found: Any = {} if run.end is None else run.end.snapshot
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def checks(run: Run) -> Checks | None:
    """Which checks ran; None where that is not recorded."""
    found = of_end(run, "checks")
    if not found:
        return None
    ran, not_run = found.get("ran", []), found.get("not_run", {})
    if not isinstance(ran, list) or not isinstance(not_run, dict):
        return None
    return Checks([*map(str, ran)], {str(code): str(why) for code, why in not_run.items()})


def kept(run: Run) -> Kept | None:
    """The metric of the best checkpoint, or the first on validation data of the model that is kept.

    Where neither is recorded, that of the model evaluated last; None where the end says that
    the model that is kept was not measured.
    """
    if (checkpoint := _checkpoint(run)) is not None:
        return checkpoint
    if of_end(run, "kept").get("measured") is False:
        return None
    at = _kept_at(run)
    for recorded in reversed(run.evaluations):
        values = [(key, value) for key, value in measured(recorded.snapshot) if value is not None]
        named = any(dataset for (dataset, _), _ in values)
        if values and (named or recorded.event == EventType.MODEL_EVALUATED):
            (dataset, metric), value = _preferred(values, run)
            here = _measured_at(recorded) or _counted(recorded.snapshot, _POSITION) or at
            name = f"{dataset} {metric}".strip()
            is_kept = here is not None and here == at
            return Kept(name, value, here and here[0], here[1] if here else "", is_kept)
    if at is not None and (found := _kept_on_a_curve(run, at) or _best_recorded(run, at)):
        return found
    return _of_candidates(run)


def last_of_killed(run: Run) -> Kept | None:
    """What a run that was killed had measured last; None where it was not, or had not measured."""
    if run.end is None or of_end(run, "stop").get("by") != "killed":
        return None
    values = [
        ((dataset, metric), float(value))
        for dataset, metrics in of_end(run, "results").items()
        for metric, value in (metrics.items() if isinstance(metrics, dict) else ())
        if type(value) in {int, float}
    ]
    if not values:
        return None
    (dataset, metric), value = _preferred(values, run)
    at = done(run)
    return Kept(f"{dataset} {metric}".strip(), value, at and at[0], at[1] if at else "")


def _of_candidates(run: Run) -> Kept | None:
    """The score of the candidate that a search chose, where it measured nothing else."""
    for each in candidates(run):
        chosen, metric = each.chosen, each.metrics[0]
        if chosen is not None and metric in chosen.means:
            return Kept(metric, chosen.means[metric], None, "", is_kept=True, how="best candidate")
    return None


def _measured_at(recorded: Recorded) -> tuple[float, str] | None:
    """The position of the model that was evaluated."""
    found = recorded.snapshot.get("kept")
    if not isinstance(found, dict) or type(found.get("at")) is not int:
        return None
    return found["at"], str(found.get("unit", ""))


def _checkpoint(run: Run) -> Kept | None:
    """What the best checkpoint was chosen by, where the end records one."""
    found = None if run.end is None else run.end.snapshot.get("best_checkpoint")
    if not isinstance(found, dict):
        return None
    monitor, score, epoch = (found.get(name) for name in ("monitor", "score", "epoch"))
    if not isinstance(monitor, str) or not isinstance(score, int | float):
        return None
    at = epoch if isinstance(epoch, int | float) else None
    name = monitor if at is None else _curve_through(run, monitor, Point(at, score)) or monitor
    return Kept(name, score, at, "epoch", is_kept=True, how="best checkpoint")


def _curve_through(run: Run, metric: str, point: Point) -> str:
    """The curve that a metric, by the framework's name, is drawn as; empty where it is none."""
    found = (
        curve.name
        for curve in run.curves
        if metric.endswith(curve.metric) and point in curve.points
    )
    return next(found, "")


def _kept_on_a_curve(run: Run, at: tuple[float, str]) -> Kept | None:
    for curve in validation_first(list(run.curves))[:1]:
        for point in curve.points:
            if point.at == at[0] and point.value is not None:
                return Kept(curve.name, point.value, *at, is_kept=True)
    return None


def _best_recorded(run: Run, at: tuple[float, str]) -> Kept | None:
    found = None if run.end is None else run.end.snapshot.get("best_score")
    return Kept("best score", found, *at, is_kept=True) if isinstance(found, float) else None


def _kept_at(run: Run) -> tuple[float, str] | None:
    kept = of_end(run, "kept")
    if type(kept.get("at")) is int and isinstance(kept.get("unit"), str):
        return kept["at"], kept["unit"]
    return None if run.end is None else _counted(run.end.snapshot, _KEPT)


def _preferred(
    values: list[tuple[tuple[str, str], float]], run: Run
) -> tuple[tuple[str, str], float]:
    """The value of the metric that the stopping rule compared; else the first not of training."""
    rule = of_end(run, "stop", "rule")
    for key, value in values:
        if key == (rule.get("set"), rule.get("metric")):
            return key, value
    roles = run.curves.roles
    others = (
        each
        for each in values
        if not Curve("", each[0][0], [], role=roles.get(each[0][0], "")).training
    )
    return next(others, values[0])


def validation_first(curves: list[Curve]) -> list[Curve]:
    """The curves, those of the training data last."""
    return sorted(curves, key=lambda curve: curve.training)


def settings(run: Run, *, defaults: bool = True) -> list[Setting]:
    """The hyperparameters of a run: those the caller set first, then the others, then defaults.

    Args:
        run: The run.
        defaults: Whether those that nobody set are wanted, of which there may be a hundred.
    """
    found: dict[str, Setting] = {}
    for recorded in run.settings:
        for each in _settings(recorded.snapshot, defaults=defaults):
            before = found.get(each.name)
            if before is not None and before.by_caller and each.by_caller is False:
                found[each.name] = before._replace(default=each.value)
            elif len(found) < _MOST_SETTINGS:
                found[each.name] = each
    order = {True: 0, None: 1, False: 2}
    return sorted(found.values(), key=lambda each: order[each.by_caller])


def default_settings(run: Run) -> Iterator[Mapping[str, Any]]:
    """The hyperparameters that nobody set, as the entries of a run have them."""
    for recorded in run.settings:
        for place in (recorded.snapshot, recorded.snapshot.get("parameters")):
            found = place.get("defaults") if isinstance(place, dict) else None
            if isinstance(found, dict):
                yield found


def _settings(snapshot: Mapping[str, Any], *, defaults: bool) -> Iterator[Setting]:
    for name, value in snapshot.items():
        if name in _NO_SETTINGS:
            continue
        if name == "parameters" and isinstance(value, dict):
            yield from _of_parameters(value, defaults=defaults)
            continue
        if name == "choices" and isinstance(value, dict):
            yield from _of_choices(value)
            continue
        if not isinstance(value, dict):
            yield Setting(name, value, None, None)
        elif "value" in value and set(value) <= {"value", "default", "source", "set_by"}:
            yield Setting(name, value["value"], value.get("default"), None)
        elif _DEFAULTS.search(name):
            if defaults:
                yield from (Setting(each, value[each], None, by_caller=False) for each in value)
        else:
            by_caller = True if _OF_CALLER.search(name) else None
            yield from (Setting(each, value[each], None, by_caller) for each in value)


def _of_choices(choices: Mapping[str, Any]) -> Iterator[Setting]:
    for name, chosen in choices.items():
        if isinstance(chosen, dict):
            by = chosen.get("by")
            source = by if isinstance(by, str) else ""
            yield Setting(name, chosen.get("value"), None, by == _CALLER, source)


def _of_parameters(groups: Mapping[str, Any], *, defaults: bool) -> Iterator[Setting]:
    """The hyperparameters by who gave them: the caller, a caller in between, nobody."""
    for group, by_caller in (("given", True), ("passed_on", None), ("defaults", False)):
        values = groups.get(group) if defaults or group != "defaults" else None
        passed_on_by = groups.get("passed_on_by") if group == "passed_on" else None
        source = passed_on_by if isinstance(passed_on_by, str) else ""
        for name, value in values.items() if isinstance(values, dict) else ():
            yield Setting(name, value, None, by_caller, source)
    derived = groups.get("derived")
    for name, each in derived.items() if isinstance(derived, dict) else ():
        facts = each if isinstance(each, dict) else {"value": each}
        source = f"derived from {facts.get('source', 'other parameters')}"
        yield Setting(name, facts.get("value"), None, None, source)


def data_facts(story: Story, run: Run) -> dict[str, Mapping[str, Any]]:
    """What is recorded of each data set: rows, features and so on, by the set's name."""
    found: dict[str, Mapping[str, Any]] = {}
    for recorded in [*story.prelude_of(run).data, *run.data]:
        sets = recorded.snapshot.get("data")
        for name, each in sets.items() if isinstance(sets, dict) else ():
            if isinstance(each, dict) and any(size in each for size in _SIZES):
                found.setdefault(name, each)
        top = {key: each for key, each in recorded.snapshot.items() if not isinstance(each, dict)}
        if any(size in top for size in _SIZES):
            found.setdefault(recorded.dataset or "data", top)
        for name, each in recorded.snapshot.items():
            if isinstance(each, dict) and any(size in each for size in _SIZES):
                found.setdefault(name, each)
    return dict(list(found.items())[:_MOST_SETS])


_POSITION: Final = re.compile(r"(iteration|round|epoch|step|global_step)")


def _counted(snapshot: Mapping[str, Any], named: re.Pattern[str]) -> tuple[float, str] | None:
    for name, value in snapshot.items():
        if (found := named.fullmatch(name)) and type(value) in {int, float}:
            return value, found[1].removeprefix("global_")
    return None
