"""The curves of a run: every metric of every set, over iterations, epochs or steps.

Our adapters write metrics set by set in objects, and the steps since the entry before as `curve`;
others may write them flat, with the set in the name. Each is read by its shape alone; a name is
never taken for a direction.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias

__all__ = ["Curve", "Curves", "Point", "measured", "position_of"]

Key: TypeAlias = tuple[str, str]
"""Set and metric; the set is empty where none is named."""

UNITS: Final = (
    *("iteration", "round", "epoch", "step", "global_step", "check", "fold", "batch", "trial"),
)
"""What positions count, the one that is preferred first."""

CURVE: Final = "curve"
"""The fact under which an entry has the steps since the one before it; others are numbered."""

_CURVE: Final = re.compile(rf"{CURVE}(_\d+)?")

_UNIT_NAMES: Final = frozenset(UNITS)
_SHOWN: Final = {"global_step": "step"}
_MOST_CURVES: Final = 100
_MOST_DEPTH: Final = 4
_WRAPPERS: Final = frozenset({"metrics", "values", "scores", "results", "curves"})
_SET: Final = r"train(?:ing)?|val(?:id(?:ation)?)?(?:_\d+)?|test|eval(?:uation)?|held_?out|oob|dev"
_SET_FIRST: Final = re.compile(rf"({_SET})[/_.\- :](.+)", re.IGNORECASE)
TRAINING: Final = "training"
_TRAINING: Final = frozenset({"train", "training", "learn"})
# Objects that hold numbers, which are no metrics
_NO_METRICS: Final = frozenset(
    {
        *("classes", "context", "default", "defaults", "dtypes", "missing", "parameters"),
        *("candidates", "checks", "chosen", "features", "parts", "ranked_first", "runner_up"),
        *("progress", "plan", "data", "best", "curve", "deviations", "changed", "stop", "kept"),
        *("issues", "checks", "rules", "importance", "error", "saved", "choices", "continues"),
        *("trial", "study"),
        *("resolved", "set_by_caller", "given", "hyperparameters", "params", "best_params"),
    }
)
# Numbers about how a run goes, which are no metric of its model
_ASIDE: Final = re.compile(
    r"(.*_)?(seconds?|secs|duration|time|elapsed|eta|remaining|rows|samples|features|batches|"
    r"batch_size|memory|bytes|per_second|severity|code|patience|wait|wait_count|done|total|"
    r"candidates?|splits|fits|calls|rank|run)"
    r"|(planned|max|best|kept|num|n)_.+|.+_(done|std|stdv|count|first|best)",
    re.IGNORECASE,
)


class Point(NamedTuple):
    """A value at a position; None where it was not finite."""

    at: float
    value: float | None


_NUMBERS: Final = frozenset({int, float})
_VALUES: Final = frozenset({int, float, type(None)})
_point: Final = partial(tuple.__new__, Point)
"""As `Point._make`, in a third of its time: curves may have a million points."""


@dataclass(slots=True)
class Curve:
    """One metric on one set.

    Attributes:
        metric: Name of the metric.
        dataset: Name of the set; empty where none was named.
        points: Its values, in order.
        unit: What their positions count; "entry" where no position distinguishes them.
        role: What the training uses the set for, where entries say so.
    """

    metric: str
    dataset: str
    points: list[Point]
    unit: str = "entry"
    role: str = ""

    @property
    def training(self) -> bool:
        """Whether it is of the training data: by its role, else by the set's name."""
        return self.role == TRAINING if self.role else self.dataset.lower() in _TRAINING

    @property
    def name(self) -> str:
        """Set and metric, as in "valid_0 auc"."""
        return f"{self.dataset} {self.metric}".strip()


@dataclass(slots=True)
class Curves:
    """Collects the curves of a run as its entries come.

    Attributes:
        position: The last position recorded; -1 before the first.
        roles: What the training uses a set for, by its name.
        unlisted: How many values of metrics were left out, because there were too many metrics.
    """

    position: float = -1
    unlisted: int = 0
    roles: dict[str, str] = field(default_factory=dict)
    _positions: list[dict[str, float]] = field(default_factory=list)
    _values: dict[Key, tuple[list[int], list[float | None]]] = field(default_factory=dict)
    _whole: dict[Key, list[float | None]] = field(default_factory=dict)
    _passages: dict[Key, tuple[str, dict[float, float | None]]] = field(default_factory=dict)
    _built: list[Curve] | None = None

    def take(self, snapshot: Mapping[str, Any]) -> None:
        """Take what an entry of progress has measured."""
        self._built = None
        index = len(self._positions)
        at = _positions(snapshot)
        self._positions.append(at)
        if at:
            self.position = at[min(at, key=UNITS.index)] if len(at) > 1 else next(iter(at.values()))
        self.take_passage(snapshot)
        for key, value in [*measured(snapshot), *_changed(snapshot)]:
            values = self._values.get(key)
            if values is None:
                if value is None or len(self._values) >= _MOST_CURVES:
                    self.unlisted += value is not None
                    continue
                values = self._values[key] = ([], [])
            values[0].append(index)
            values[1].append(value)

    def take_passage(self, snapshot: Mapping[str, Any]) -> None:
        """Take the steps since the entry before, where an entry has them as its fact `curve`."""
        if CURVE not in snapshot:
            return
        self._built = None
        for name, passage in snapshot.items():
            if not name.startswith(CURVE) or not _CURVE.fullmatch(name):
                continue
            for key, unit, points in _passages(passage):
                known = self._passages.get(key)
                if known is None and len(self._passages) < _MOST_CURVES:
                    known = self._passages[key] = (unit, {})
                if known is not None and known[0] == unit:
                    known[1].update(points)

    def take_roles(self, snapshot: Mapping[str, Any]) -> None:
        """Take what an entry on data says that its sets are used for."""
        data = snapshot.get("data")
        for name, each in [*snapshot.items(), *_items(data)]:
            role = each.get("role") if isinstance(each, dict) else None
            if isinstance(role, str) and len(self.roles) < _MOST_CURVES:
                self.roles[name] = role
                self._built = None

    def take_whole(self, snapshot: Mapping[str, Any]) -> None:
        """Take curves that one entry records as lists of numbers."""
        self._built = None
        if CURVE in snapshot:
            snapshot = {n: each for n, each in snapshot.items() if not _CURVE.fullmatch(n)}
        for key, values in _lists(snapshot, (), 0):
            if len(self._whole) < _MOST_CURVES:
                self._whole[key] = values

    @property
    def unit(self) -> str:
        """What the positions of most curves count."""
        units = [curve.unit for curve in self]
        return max(units, key=units.count, default="entry")

    def __iter__(self) -> Iterator[Curve]:
        """The curves, each with its values at positions that distinguish them."""
        if self._built is None:
            self._built = [*self._build()]
        return iter(self._built)

    def _build(self) -> Iterator[Curve]:
        last: list[int] = []
        unit, at = "entry", list[float]()
        for (dataset, metric), (indices, values) in self._values.items():
            if indices != last:  # most metrics are recorded together
                last, (unit, at) = indices, self._placed(indices)
            if (dataset, metric) not in self._passages:
                points = [*map(_point, zip(at, values, strict=True))]
                yield self._curve(metric, dataset, points, _SHOWN.get(unit, unit))
        for (dataset, metric), (unit, passages) in self._passages.items():
            found = passages | self._recorded((dataset, metric), unit)
            points = [*map(_point, sorted(found.items()))]
            yield self._curve(metric, dataset, points, _SHOWN.get(unit, unit))
        for (dataset, metric), whole in self._whole.items():
            points = [Point(at, value) for at, value in enumerate(whole, 1)]
            yield self._curve(metric, dataset, points, "iteration")

    def _curve(self, metric: str, dataset: str, points: list[Point], unit: str) -> Curve:
        return Curve(metric, dataset, points, unit, self.roles.get(dataset, ""))

    def _recorded(self, key: Key, unit: str) -> dict[float, float | None]:
        """The values of a curve that entries record themselves, by their positions in a unit."""
        indices, values = self._values.get(key, ((), ()))
        recorded = zip((self._positions[index].get(unit) for index in indices), values, strict=True)
        return {at: value for at, value in recorded if at is not None}

    def _placed(self, indices: list[int]) -> tuple[str, list[float]]:
        """The first unit that all these entries name, and whose positions rise."""
        recorded = [self._positions[index] for index in indices]
        for unit in UNITS:
            if all(unit in each for each in recorded):
                at = [each[unit] for each in recorded]
                if all(one < other for one, other in pairwise(at)):
                    return unit, at
        return "entry", [float(index + 1) for index in indices]

    @property
    def names(self) -> list[str]:
        """Set and metric of each, the longest first."""
        known = self._values.keys() | self._passages.keys()
        names = [f"{dataset} {metric}".strip() for dataset, metric in known]
        return sorted(names, key=len, reverse=True)

    def __len__(self) -> int:
        return len(self._values.keys() | self._passages.keys()) + len(self._whole)


def _positions(snapshot: Mapping[str, Any]) -> dict[str, float]:
    """The units and the positions that a snapshot names."""
    progress = snapshot.get("progress")
    if type(progress) is dict and progress.get("unit") in _UNIT_NAMES:
        done = progress.get("done")
        return {progress["unit"]: done} if type(done) is int or type(done) is float else {}
    return {
        name: value
        for name, value in snapshot.items()
        if name in _UNIT_NAMES and (type(value) is int or type(value) is float)
    }


def position_of(snapshot: Mapping[str, Any]) -> tuple[str, float] | None:
    """The unit and the position that a snapshot names; None where it names none."""
    at = _positions(snapshot)
    return next(((unit, at[unit]) for unit in UNITS if unit in at), None)


def measured(snapshot: Mapping[str, Any]) -> list[tuple[Key, float | None]]:
    """What a snapshot has measured: each set and metric, and its value."""
    found: list[tuple[Key, float | None]] = []
    for name, value in snapshot.items():
        kind = type(value)
        if kind is float or kind is int or value is None:
            if (key := _flat(name)) is not None:
                found.append((key, value))
        elif kind is dict and name not in _NO_METRICS:
            _add_nested(found, (name,), value)
    return found


def _changed(snapshot: Mapping[str, Any]) -> list[tuple[Key, float | None]]:
    """The parameters that were changed and are in force, as the curves at INFO have them."""
    if "changed" not in snapshot:
        return []
    found = [(("", name), _number(value)) for name, value in _items(snapshot["changed"])]
    return [(key, value) for key, value in found if value is not None]


def _passages(passage: object) -> Iterator[tuple[Key, str, dict[float, float | None]]]:
    """The curves of that fact: set and metric, what positions count, and the points."""
    if not isinstance(passage, dict):
        return
    unit, at = passage.get("unit"), passage.get("at")
    if (
        unit not in _UNIT_NAMES
        or not isinstance(at, list)
        or not _NUMBERS.issuperset(map(type, at))
    ):
        return
    for key, values in _columns(passage):
        if isinstance(values, list) and len(values) == len(at):
            points = zip(at, values, strict=True)
            if _VALUES.issuperset(map(type, values)):
                yield key, unit, dict(points)
            else:
                yield key, unit, {here: value for here, value in points if type(value) in _VALUES}


def _columns(passage: Mapping[str, Any]) -> Iterator[tuple[Key, object]]:
    for dataset, metrics in _items(passage.get("results")):
        for metric, values in _items(metrics):
            key = _key((dataset, metric)) if dataset else _flat(metric)
            if key is not None:
                yield key, values
    for name, values in [*_items(passage), *_items(passage.get("parameters"))]:
        if isinstance(values, list) and name != "at":
            yield ("", name), values


def _items(found: object) -> list[tuple[str, Any]]:
    return [*found.items()] if isinstance(found, dict) else []


def _add_nested(
    found: list[tuple[Key, float | None]], path: tuple[str, ...], values: Mapping[str, Any]
) -> None:
    for name, value in values.items():
        kind = type(value)
        if kind is float or kind is int or value is None:
            if (key := _key((*path, name))) is not None:
                found.append((key, value))
        elif kind is dict and len(path) < _MOST_DEPTH and name not in _NO_METRICS:
            _add_nested(found, (*path, name), value)


def _lists(
    values: Mapping[str, Any], path: tuple[str, ...], depth: int
) -> Iterator[tuple[Key, list[float | None]]]:
    for name, value in values.items():
        inner = (*path, name)
        if isinstance(value, dict):
            if depth < _MOST_DEPTH and name not in _NO_METRICS:
                yield from _lists(value, inner, depth + 1)
        elif isinstance(value, list) and _is_curve(value):
            key = _flat(name) if len(inner) == 1 else _key(inner)
            if key is not None:
                yield key, value


def _is_curve(values: list[Any]) -> bool:
    """Whether a list holds three numbers or more, and what was not finite, and nothing else."""
    numbers = sum(_number(each) is not None for each in values)
    return numbers > 2 and numbers + values.count(None) == len(values)  # noqa: PLR2004 - see above


@lru_cache(maxsize=10_000)
def _flat(name: str) -> Key | None:
    """Set and metric of a name such as "val_loss"; None of what is no metric."""
    if name in UNITS or _ASIDE.fullmatch(name):
        return None
    found = _SET_FIRST.fullmatch(name)
    return (found[1], found[2]) if found else ("", name)


@lru_cache(maxsize=10_000)
def _key(path: tuple[str, ...]) -> Key | None:
    """Set and metric of a value within objects: the object's name is that of the set."""
    if not _NO_METRICS.isdisjoint(path):
        return None
    inner = [each for each in path if each.lower() not in _WRAPPERS]
    if not inner or inner[-1] in UNITS or _ASIDE.fullmatch(inner[-1]):
        return None
    if len(inner) == 1 or _is_rate(inner[0]):
        return _flat(".".join(inner)) if not _is_rate(inner[0]) else ("", ".".join(inner))
    found = _SET_FIRST.fullmatch(inner[-1])
    if found and not re.fullmatch(_SET, inner[0], re.IGNORECASE):
        return found[1], ".".join([*inner[:-1], found[2]])
    if found and found[1][:3].lower() == inner[0][:3].lower():  # "val_loss" within "validation"
        return inner[0], ".".join([*inner[1:-1], found[2]])
    return inner[0], ".".join(inner[1:])


def _is_rate(name: str) -> bool:
    return name.lower() in {"lr", "learning_rate", "learning_rates"}


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
