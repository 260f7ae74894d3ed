"""From values to places in a drawing: linear or logarithmic scales with round ticks."""

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Final

__all__ = ["Scale", "scale_of"]

_LARGEST: Final = 1e300


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high`, drawn from `start` to `end`.

    Attributes:
        low: The least value.
        high: The largest value.
        start: Where the least value is drawn.
        end: Where the largest value is drawn.
        logarithmic: Whether equal ratios are equal distances.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value is drawn; what is beyond the ends stands at the end."""
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = log10(low), log10(high), log10(value)
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """At most so many round values within."""
        if self.logarithmic:
            return self._tens(most)
        step = _round_step((self.high - self.low) / max(most, 1))
        first = ceil(self.low / step - 1e-9)
        many = floor(self.high / step + 1e-9) - first + 1
        return [(first + each) * step for each in range(min(max(many, 0), most + 2))]

    def _tens(self, most: int) -> list[float]:
        first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
        step = max(ceil((last - first + 1) / most), 1)
        return [10.0**power for power in range(first, last + 1, step)]


def scale_of(values: list[float], start: float, end: float, *, logarithmic: bool = False) -> Scale:
    """A scale over values, with a little room where they are all the same."""
    finite = [min(max(each, -_LARGEST), _LARGEST) for each in values if isfinite(each)] or [0.0]
    low, high = min(finite), max(finite)
    if logarithmic and 0 < low < high:
        return Scale(low, high, start, end, logarithmic=True)
    if high - low <= abs(high) * 1e-9:
        room = abs(high) * 0.05 or 0.5
        low, high = low - room, high + room
    return Scale(low, high, start, end)


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5, 10 at its power of ten."""
    if rough <= 0 or not isfinite(rough):
        return 1.0
    power = 10.0 ** floor(log10(rough))
    return next((each * power for each in (1, 2, 5) if each * power >= rough * 0.999), 10 * power)
