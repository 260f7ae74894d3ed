"""Which points of a curve to keep, so that a chart of the kept ones looks the same."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from math import isfinite
from typing import Final, NamedTuple, TypeAlias

__all__ = ["Column", "thinned"]

Column: TypeAlias = Sequence[float | None]
"""The values of one curve; None where it was not finite."""

_UNSEEN: Final = 0.001
"""Part of a curve's range that no chart shows: a fifth of a pixel in a chart 200 pixels high."""

_CANDIDATES: Final = 256
"""From so many points on, and from four times as many as are kept, extremes alone are looked at."""


_Found: TypeAlias = tuple[float, int, int, int]
"""A point: its distance from the line through two others, below 0; the one, it, and the other."""


class _Course(NamedTuple):
    """A curve, and the inverse of its range; 0 where it is flat."""

    values: Column
    scale: float


def thinned(
    at: Sequence[float], columns: Sequence[Column], most: int, *, ranges: Sequence[float] = ()
) -> list[int]:
    """The indices of the points to keep, in order.

    The first and the last point stay, the least and the largest value of each curve, and where
    values cease to be finite; then the point that lies farthest from the line through its
    neighbours, until no chart would show the next.

    Args:
        at: The positions; they rise.
        columns: Curves, each with a value at each position.
        most: How many points to keep at most, 2 or more.
        ranges: Of each curve the range of the chart it is part of; default its own.
    """
    if len(at) <= 2:  # noqa: PLR2004 - the ends
        return [*range(len(at))]
    courses = [
        _course(each, ranges[place] if ranges else 0.0) for place, each in enumerate(columns)
    ]
    kept = {0, len(at) - 1}
    for index in _fixed(columns):
        if len(kept) >= most:
            break
        kept.add(index)
    candidates = _candidates(columns, len(at), max(_CANDIDATES, 4 * most))
    waiting: list[_Found] = []
    for start, end in pairwise(sorted(kept)):
        _announce(waiting, _farthest(at, courses, candidates, start, end))
    while waiting and len(kept) < most:
        _, start, index, end = heappop(waiting)
        kept.add(index)
        _announce(waiting, _farthest(at, courses, candidates, start, index))
        _announce(waiting, _farthest(at, courses, candidates, index, end))
    return sorted(kept)


def _course(values: Column, outer: float) -> _Course:
    finite = [each for each in values if each is not None]
    spread = max(finite) - min(finite) if finite else 0.0
    # Of a chart's range a fiftieth at least: what is flat there needs no points for its noise
    spread = max(spread, outer / 50)
    return _Course(values, 1 / spread if spread > 0 and isfinite(1 / spread) else 0.0)


def _fixed(columns: Sequence[Column]) -> Iterator[int]:
    """Extremes, and where values cease or begin to be finite: never left out for others."""
    for values in columns:
        finite = [each for each in values if each is not None] if None in values else values
        if finite:
            yield values.index(min(finite))  # type: ignore[type-var]  # all are finite
            yield values.index(max(finite))  # type: ignore[type-var]  # all are finite
    for values in columns:
        if None in values:
            for index, (before, here) in enumerate(pairwise(values), 1):
                if (before is None) != (here is None):
                    yield index - 1
                    yield index


def _candidates(columns: Sequence[Column], count: int, most: int) -> list[int]:
    """All indices; of very many the extremes of short stretches."""
    if count <= most:
        return [*range(count)]
    stretches = max(most // (2 * max(len(columns), 1)), 16)
    edges = [count * each // stretches for each in range(stretches + 1)]
    found: set[int] = set()
    for values in columns:
        for start, end in pairwise(edges):
            part = values[start:end]
            if None in part:
                part = [each for each in part if each is not None]
                if not part:
                    continue
            low, high = min(part), max(part)  # type: ignore[type-var]  # all are finite
            found.add(values.index(low, start, end))
            found.add(values.index(high, start, end))
    return sorted(found)


def _announce(
    waiting: list[tuple[float, int, int, int]], found: tuple[float, int, int, int]
) -> None:
    if -found[0] > _UNSEEN:
        heappush(waiting, found)


def _farthest(
    at: Sequence[float],
    courses: Sequence[_Course],
    candidates: Sequence[int],
    start: int,
    end: int,
) -> _Found:
    """The candidate farthest from the line between two points: its distance below 0, and where."""
    most, found = 0.0, start
    first, last = bisect_right(candidates, start), bisect_left(candidates, end)
    if first < last:
        width = at[end] - at[start]
        for values, scale in courses:
            low, high = values[start], values[end]
            if low is None or high is None or not scale:
                continue
            slope = (high - low) / width
            base = low - slope * at[start]
            for index in candidates[first:last]:
                value = values[index]
                if value is not None:
                    distance = abs(value - base - slope * at[index]) * scale
                    if distance > most:
                        most, found = distance, index
    return -most, start, found, end
