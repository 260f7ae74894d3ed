"""The whole curve of a run at every level: steps are kept until the next entry, and thinned then.

An entry at INFO comes rarely. It carries, as its fact `curve`, the steps since the one before::

    {"unit": "iteration", "at": [6, 7, 10], "results": {"valid_0": {"auc": [0.91, 0.93, 0.94]}},
     "learning_rate": [0.1, 0.1, 0.05], "parameters": {"bagging_fraction": [0.9, 0.9, 0.8]}}

Values are those of the positions `at`; null where a value was not finite. Curves that were measured
at other positions follow as `curve_2` and so on, each of the same form.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Final, TypeAlias

from mllog_callbacks.facts import thinned

__all__ = ["LEARNING_RATE", "CurveKeeper", "Key"]

Key: TypeAlias = tuple[str, str]
"""Set and metric; a parameter has an empty set."""

CURVE: Final = "curve"
"""The name of the fact."""

LEARNING_RATE: Final = "learning_rate"

_POINTS: Final = 32
"""Points of a curve in an entry: more than ten entries divide a run, and a chart has 700 pixels."""

_LINE: Final = 6_000
_A_VALUE: Final = 20
_A_POSITION: Final = 9
"""Characters: of all values in an entry, so that its line stays below 8 KiB; and of each."""

_FEWEST: Final = 4
_LONG: Final = 8_192
_SHORTENED: Final = 1_024
"""A passage of so many steps is thinned to this, so that memory is bounded."""


class _Line:
    """One curve since the last entry.

    Attributes:
        unit: What its positions count.
        at: Where it was measured; the first may be the last point of the entry before.
        values: Its values; None where not finite.
        recorded: Whether it is.
        least: Its least value in the run.
        largest: Its largest value in the run.
    """

    __slots__ = ("at", "largest", "least", "recorded", "unit", "values")

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.recorded = False
        self.at: list[float] = []
        self.values: list[float | None] = []
        self.least, self.largest = float("inf"), float("-inf")

    @property
    def range(self) -> float:
        return max(self.largest - self.least, 0.0)

    def begin(self) -> None:
        """Keep the last point alone: the next one's line begins there."""
        self.recorded = bool(self.at)
        del self.at[:-1], self.values[:-1]

    def extend(self, at: Iterable[float], values: Sequence[float]) -> None:
        finite: Sequence[float | None] = values
        low, high = min(values), max(values)
        # a sum is finite only if all are: in C, where a test of each would be felt
        if not isfinite(sum(values)):
            finite = [each if isfinite(each) else None for each in values]
            known = [each for each in finite if each is not None]
            low, high = (min(known), max(known)) if known else (self.least, self.largest)
        self.least, self.largest = min(self.least, low), max(self.largest, high)
        self.at.extend(at)
        self.values.extend(finite)


class CurveKeeper:
    """Keeps the curves of a run from entry to entry.

    It is used by one thread at a time, that which records the run.

    Attributes:
        unit: What positions count where nothing else is said, as in "iteration".
    """

    def __init__(self, unit: str = "step") -> None:
        self.unit = unit
        self._lines: dict[tuple[str, Key], _Line] = {}
        self._marked: set[float] = set()

    def add(self, at: float, values: Mapping[Key, float], unit: str | None = None) -> None:
        """Take the values of one step.

        Args:
            at: Its position; it is larger than those before.
            values: By set and metric; a parameter in force has an empty set.
            unit: What the position counts; default the keeper's.
        """
        for key, value in values.items():
            self.extend(key, (at,), (value,), unit)

    def extend(
        self, key: Key, at: Sequence[float], values: Sequence[float], unit: str | None = None
    ) -> None:
        """Take a curve's values at several steps, in order.

        Args:
            key: Set and metric; a parameter in force has an empty set.
            at: The positions; they are larger than those before.
            values: A value for each.
            unit: What the positions count; default the keeper's.
        """
        if not values:
            return
        unit = unit or self.unit
        line = self._lines.get((unit, key))
        if line is None:
            line = self._lines[unit, key] = _Line(unit)
        line.extend(at, values)
        if len(line.at) > _LONG:
            self._shorten()

    def mark(self, at: float) -> None:
        """Keep the point of a position, such as one at which an issue began."""
        self._marked.add(at)

    def take(self, recorded: Mapping[str, object]) -> dict[str, object]:
        """The curves since the last entry, thinned, as facts by their names; then begin anew.

        Args:
            recorded: The facts of the entry itself: the position it records, by its unit, makes
                no curve alone.

        Returns:
            The facts; empty where there was no step but that.
        """
        groups = [
            each for each in self._groups() if not _is_of(next(iter(each.values())), recorded)
        ]
        width = sum(map(len, groups)) * _A_VALUE + len(groups) * _A_POSITION
        most = max(min(_POINTS, _LINE // max(width, 1)), _FEWEST)
        facts = [self._dumped(each, most) for each in groups]
        for line in self._lines.values():
            line.begin()
        self._marked.clear()
        return {f"{CURVE}_{at}" if at > 1 else CURVE: each for at, each in enumerate(facts, 1)}

    def _groups(self) -> list[dict[Key, _Line]]:
        """The curves with new points, those of the same positions together."""
        found: list[dict[Key, _Line]] = []
        for (_, key), line in self._lines.items():
            if len(line.at) > line.recorded:
                for group in found:
                    other = next(iter(group.values()))
                    if other.at == line.at and other.unit == line.unit:
                        group[key] = line
                        break
                else:
                    found.append({key: line})
        return found

    def _dumped(self, group: Mapping[Key, _Line], most: int) -> dict[str, object]:
        lines = [*group.values()]
        indices = self._thinned(lines, most + lines[0].recorded)
        if lines[0].recorded:
            del indices[0]
        results: dict[str, dict[str, list[float | None]]] = {}
        parameters: dict[str, list[float | None]] = {}
        for (dataset, name), line in group.items():
            values = [line.values[index] for index in indices]
            (results.setdefault(dataset, {}) if dataset else parameters)[name] = values
        fact: dict[str, object] = {
            "unit": lines[0].unit,
            "at": [lines[0].at[each] for each in indices],
        }
        if results:
            fact["results"] = results
        if LEARNING_RATE in parameters:
            fact[LEARNING_RATE] = parameters.pop(LEARNING_RATE)
        return {**fact, "parameters": parameters} if parameters else fact

    def _thinned(self, lines: Sequence[_Line], most: int) -> list[int]:
        at = lines[0].at
        columns = [each.values for each in lines]
        kept = thinned(at, columns, most, ranges=[each.range for each in lines])
        marked = {index for index, each in enumerate(at) if each in self._marked}
        return sorted(marked.union(kept))

    def _shorten(self) -> None:
        """Thin what came since the last entry, for very many steps came."""
        for group in self._groups():
            lines = [*group.values()]
            indices = self._thinned(lines, _SHORTENED)
            for line in lines:
                line.at = [line.at[each] for each in indices]
                line.values = [line.values[each] for each in indices]


def _is_of(line: _Line, recorded: Mapping[str, object]) -> bool:
    """Whether a curve has no new point but that of an entry that has the values of it."""
    if "seconds" in recorded and "results" not in recorded:  # an end
        return False
    progress = recorded.get("progress")
    if isinstance(progress, Mapping) and progress.get("unit") == line.unit:
        return line.at[line.recorded :] == [progress.get("done")]
    return line.at[line.recorded :] == [recorded.get(line.unit)]
