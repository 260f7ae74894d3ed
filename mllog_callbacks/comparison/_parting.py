"""Where two curves part: the first step from which they differ by more than their noise.

The difference of two curves is taken at the steps that both have. Only where these are fewer than
five, for both were thinned, values are interpolated, and a fiftieth of the curves' range is allowed
for. The noise of the difference is the median size of its second differences, as a standard
deviation: of a difference that runs smoothly there is none, however steep. The curves part at the
first of three steps in a row at which they differ by more than three times that noise, or where
one of them alone ceases to be finite.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import Final, NamedTuple

__all__ = ["NOISES", "Line", "Parting", "noise_of", "parting"]

NOISES: Final = 3.0
"""So many times the noise is beyond it: two or three in a thousand values by chance."""

_IN_A_ROW: Final = 3
_FEWEST: Final = 5
"""Steps that both have, at least: of fewer no noise can be estimated."""

_DEVIATION: Final = 1.4826
"""The standard deviation of normal noise by its median absolute value."""

_THINNED: Final = 0.02
"""Part of a curve's range by which interpolation between points that were kept may be off."""

_ROUNDING: Final = 2.0**-20
"""Up to this share of a value it is the same: a few of the last places of a 32-bit number."""


class Line(NamedTuple):
    """A curve: its steps, rising, and the value at each; None where it was not finite."""

    at: Sequence[float]
    values: Sequence[float | None]


class Parting(NamedTuple):
    """Where two curves part.

    Attributes:
        at: The step; None where they do not part.
        here: The value of the one there.
        there: The value of the other there.
        noise: The noise of their difference, as a standard deviation.
        not_known: Why it cannot be said; empty where it can.
    """

    at: float | None = None
    here: float | None = None
    there: float | None = None
    noise: float | None = None
    not_known: str = ""


class _Place(NamedTuple):
    at: float
    here: float
    there: float
    exact: bool

    @property
    def difference(self) -> float:
        return self.here - self.there


def parting(one: Line, other: Line) -> Parting:
    """Where two curves of one metric part."""
    broken = _one_alone(one, other)
    places = [*_places(one, other)]
    exact = [each for each in places if each.exact]
    if len(places) < _FEWEST:
        if broken is not None:
            return broken
        return Parting(not_known=f"fewer than {_FEWEST} steps in common")
    if len(exact) >= _FEWEST:
        places = exact
    noise = noise_of([each.at for each in places], [each.difference for each in places])
    loose = _THINNED * (_range(one) + _range(other)) / 2
    row: list[_Place] = []
    for each in places:
        least = NOISES * noise + (0.0 if each.exact else loose)
        least += _ROUNDING * max(abs(each.here), abs(each.there))
        if abs(each.difference) <= least:
            row = []
            continue
        row.append(each)
        if len(row) == _IN_A_ROW:
            first = row[0]
            if broken is not None and broken.at is not None and broken.at < first.at:
                return broken
            return Parting(first.at, first.here, first.there, noise)
    return broken or Parting(noise=noise)


def noise_of(at: Sequence[float], values: Sequence[float]) -> float:
    """The standard deviation of a series' noise, by how far values are from their neighbours.

    Each value is held against the line through the two beside it; the median of all is taken, so
    that neither a trend nor a bend counts as noise.

    Args:
        at: The steps; they rise.
        values: The values, three or more.
    """
    sizes = []
    for index in range(1, len(at) - 1):
        weight = (at[index] - at[index - 1]) / (at[index + 1] - at[index - 1])
        expected = values[index - 1] + weight * (values[index + 1] - values[index - 1])
        spread = sqrt(1 + weight**2 + (1 - weight) ** 2)
        sizes.append(abs(values[index] - expected) / spread)
    return _DEVIATION * median(sizes) if sizes else 0.0


def _range(line: Line) -> float:
    finite = [each for each in line.values if each is not None]
    return max(finite) - min(finite) if finite else 0.0


def _one_alone(one: Line, other: Line) -> Parting | None:
    """The first step that both have, and at which one alone is not finite."""
    there = dict(zip(other.at, other.values, strict=True))
    for at, here in zip(one.at, one.values, strict=True):
        if at in there and (here is None) != (there[at] is None):
            return Parting(at, here, there[at])
    return None


def _places(one: Line, other: Line) -> Sequence[_Place]:
    """The steps of either within both, with the values of both."""
    here, there = _finite(one), _finite(other)
    if not here.at or not there.at:
        return []
    first, last = max(here.at[0], there.at[0]), min(here.at[-1], there.at[-1])
    steps = sorted({at for at in [*here.at, *there.at] if first <= at <= last})
    mine, others = {*here.at}, {*there.at}
    return [
        _Place(at, _value(here, at), _value(there, at), at in mine and at in others) for at in steps
    ]


class _Finite(NamedTuple):
    at: list[float]
    values: list[float]


def _finite(line: Line) -> _Finite:
    kept = [(at, v) for at, v in zip(line.at, line.values, strict=True) if v is not None]
    return _Finite([at for at, _ in kept], [value for _, value in kept])


def _value(line: _Finite, at: float) -> float:
    index = bisect_left(line.at, at)
    if line.at[index] == at:
        return line.values[index]
    start, end = line.at[index - 1], line.at[index]
    low, high = line.values[index - 1], line.values[index]
    return low + (high - low) * (at - start) / (end - start)
