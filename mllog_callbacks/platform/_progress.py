"""_Progress that a platform reports by a call: in its own unit, at a rate that can be read."""

import math
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any, Final, NamedTuple

from mllog_callbacks.adapter import Cadence
from mllog_callbacks.platform._call import Call, Recorded
from mllog_callbacks.platform._naming import JOBS
from mllog_callbacks.platform._reading import called_with, facts, measured, parts
from mllog_callbacks.recording import RunAround
from mllog_callbacks.schema import Level, number

__all__ = ["latest_of", "progressed", "reported"]

_UNITS: Final = ("step", "epoch", "iteration", "round", "batch", "trial", "fold")
_DONE: Final = ("current", "done", "completed", "n", "i", "index")
_PLANNED: Final = ("total", "of", "planned", "maximum")
_PERCENT: Final = ("percent", "percentage", "pct")
_FRACTION: Final = ("fraction", "ratio", "progress")
_REMEMBERED: Final = 1_000  # trainings without a run here whose rate is kept


class _Progress(NamedTuple):
    """How far a training is.

    Attributes:
        unit: What is counted; "percent" of a percentage or fraction.
        done: How much is done.
        planned: How much is planned; None where that is not known.
    """

    unit: str
    done: float
    planned: float | None = None


class _Kept:
    """What is kept of a run's progress: its rate, and the latest."""

    __slots__ = ("cadence", "calls", "latest")

    def __init__(self, level: Level, planned: float | None) -> None:
        self.cadence = Cadence(level, None if planned is None else int(planned))
        self.calls = 0
        self.latest: _Progress | None = None


_elsewhere: Final[OrderedDict[Hashable, _Kept]] = OrderedDict()


def progressed(call: Call) -> Recorded | None:
    """A run goes on; as often as a person reads."""
    given = _given(call)
    progress = _progress(given)
    if not _due(call, progress):
        return None
    values = {name: value for name, value in given.items() if name not in _NAMES}
    recorded = measured(_flat(values))
    metrics: dict[str, object] = {**facts(_without_names(given))}
    if progress is not None:
        metrics["progress"] = _fact(progress)
    return Recorded(_sentence(progress), f"{call.name} was called{called_with(recorded)}.", metrics)


def reported(run: RunAround | None) -> tuple[float, float] | None:
    """How much was planned and done by the latest progress of a run; None where not known."""
    kept = None if run is None else run.cadence
    latest = kept.latest if isinstance(kept, _Kept) else None
    return None if latest is None or latest.planned is None else (latest.planned, latest.done)


def latest_of(run: RunAround | None) -> dict[str, object] | None:
    """The latest progress that a run has reported, as a fact; None where it has reported none."""
    kept = None if run is None else run.cadence
    latest = kept.latest if isinstance(kept, _Kept) else None
    return None if latest is None else _fact(latest)


def _fact(progress: "_Progress") -> dict[str, object]:
    return {name: value for name, value in progress._asdict().items() if value is not None}


def _given(call: Call) -> dict[str, Any]:
    """The arguments, those of one mapping or object among them, as in ``report(Progress(...))``."""
    given: dict[str, Any] = {}
    for name, value in call.given.items():
        inner = {} if _is_number(value) or isinstance(value, str) else parts(value)
        known = inner.keys() & _NAMES
        given.update(inner if known and name not in _NAMES else {name: value})
    return given


def _progress(given: Mapping[str, Any]) -> _Progress | None:
    planned = next((n for each in _PLANNED if (n := _count(given.get(each))) is not None), None)
    for unit in _UNITS:
        done = _count(given.get(unit))
        if done is not None:
            own = (f"total_{unit}s", f"{unit}s", f"max_{unit}s", f"n_{unit}s", f"num_{unit}s")
            all_ = next((n for each in own if (n := _count(given.get(each))) is not None), planned)
            return _Progress(unit, done, all_)
    for name in (*_PERCENT, *_FRACTION):
        part = _count(given.get(name))
        if part is not None:
            fraction = name in _FRACTION and part <= 1
            return _Progress("percent", round(100 * part, 6) if fraction else part, 100)
    for name in _DONE:
        done = _count(given.get(name))
        if done is not None:
            return _Progress("step", done, planned)
    return None


def _due(call: Call, progress: _Progress | None) -> bool:
    """Whether this one is to be recorded, of all that a caller reports."""
    level = Level.INFO if call.log is None else call.log.level
    planned = None
    if progress is not None and progress.unit != "percent":  # of which calls are counted
        planned = progress.planned
    if call.around is not None:
        kept = call.around.cadence
        if not isinstance(kept, _Kept):
            kept = call.around.cadence = _Kept(level, planned)
    else:
        kept = _kept_elsewhere(call, level, planned)
    kept.calls += 1
    kept.latest = progress
    at = kept.calls
    if progress is not None and progress.unit != "percent" and progress.done == int(progress.done):
        at = max(1, int(progress.done))
    last = progress is not None and progress.planned == progress.done
    if last or kept.cadence.due(at):
        kept.cadence.recorded(at)
        return True
    return False


def _kept_elsewhere(call: Call, level: Level, planned: float | None) -> _Kept:
    """Of a training that no run here is known of: by its name, else by the object."""
    names = tuple(str(call.given[each]) for each in JOBS if each in call.given)
    key = names or id(call.instance)
    kept = _elsewhere.get(key)
    if kept is None:
        kept = _elsewhere[key] = _Kept(level, planned)
        if len(_elsewhere) > _REMEMBERED:
            _elsewhere.popitem(last=False)
    return kept


def _sentence(progress: _Progress | None) -> str:
    if progress is None:
        return "The training reported progress."
    unit, done, planned = progress
    if unit == "percent":
        return f"{number(done)}% of the training is done."
    of = "" if planned is None else f" of {_exact(planned)}"
    return f"{unit.capitalize()} {_exact(done)}{of} is done."


def _exact(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else number(value)


_NAMES: Final = frozenset({*_UNITS, *_DONE, *_PLANNED, *_PERCENT, *_FRACTION, *JOBS})


def _without_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is a fact of its own: ``progress`` and the job's name have their places."""
    return {name: value for name, value in given.items() if name not in {"progress", *JOBS}}


def _flat(values: Mapping[str, object]) -> dict[str, object]:
    """Numbers by name, those of mappings among them."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        flat.update(value if isinstance(value, Mapping) else {name: value})
    return {name: each for name, each in flat.items() if _is_number(each)}


def _count(value: object) -> float | None:
    """A number of steps; of a percentage such as "40%", its number."""
    if isinstance(value, str) and value.endswith("%"):
        try:
            return float(value[:-1])
        except ValueError:
            return None
    if not _is_number(value):
        return None
    found = float(value)  # type: ignore[arg-type]  # a number
    if not math.isfinite(found):
        return None
    return int(found) if found == int(found) else found


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, (int, float)) or (
        getattr(value, "shape", None) == () and hasattr(value, "__float__")
    )
