"""What is kept of a curve for the end of its run."""

import math
from collections.abc import Sequence
from typing import Final

from mllog_callbacks.detectors._smoothing import BestSince

__all__ = ["Course"]

_SMOOTH: Final = 0.5
_NEWEST: Final = 0.2
_KEPT: Final = 16


class Course:
    """A series of losses from its first value to its last, in constant memory.

    Args:
        bests: Whether the best at earlier times is kept as well.

    Attributes:
        checks: How many values there were.
        first: The first.
        best: The best.
        best_step: The step of the best.
        last: The last.
        last_step: The step of the last.
        level: The last values, by an exponential mean.
        noise: The mean size of the last changes: of noise and trend together.
    """

    __slots__ = (
        *("_bests", "best", "best_step", "checks", "first", "last", "last_step"),
        *("level", "noise"),
    )

    def __init__(self, *, bests: bool = False) -> None:
        self.checks = 0
        self.first = self.last = self.level = math.nan
        self.best = math.inf
        self.best_step = self.last_step = -1
        self.noise = 0.0
        self._bests = BestSince(_KEPT) if bests else None

    def lately(self, part: float) -> float:
        """What a last part of the values improved the best by."""
        if self._bests is None:
            return 0.0
        return max(0.0, self._bests.ago(math.ceil(part * self.checks)) - self.best)

    def take(self, value: float, step: int) -> None:
        """Take a value."""
        if value < self.best:
            self.best, self.best_step = value, step
        if self.checks:
            self.noise += _NEWEST * (abs(value - self.last) - self.noise)
            self.level += _SMOOTH * (value - self.level)
        else:
            self.first = self.level = value
        self.checks += 1
        self.last, self.last_step = value, step
        if self._bests is not None:
            self._bests.update(value)

    def extend(self, values: Sequence[float], steps: Sequence[int]) -> None:
        """Take values and their steps, in their order."""
        if not self.checks:
            self.take(values[0], steps[0])
            values, steps = values[1:], steps[1:]
            if not values:
                return
        self.checks += len(values)
        lowest = min(values)
        if lowest < self.best:
            self.best, self.best_step = lowest, steps[values.index(lowest)]
        last, noise, level = self.last, self.noise, self.level
        for value in values:
            noise += _NEWEST * (abs(value - last) - noise)
            level += _SMOOTH * (value - level)
            last = value
        self.last, self.noise, self.level, self.last_step = last, noise, level, steps[-1]
        if self._bests is not None:
            self._bests.extend(values)
