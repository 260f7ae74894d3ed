"""What is kept of a curve for the end of its run."""

import math
from collections.abc import Sequence
from typing import Final

from mllog_callbacks.detectors._smoothing import BestSince, Level

__all__ = ["Course"]

_SPAN: Final = 3
_KEPT: Final = 16


class Course:
    """A series of losses from its first value to its last, in constant memory.

    Attributes:
        checks: How many values there were.
        first: The first.
        best: The best.
        best_step: The step of the best.
        last: The last.
        last_step: The step of the last.
    """

    __slots__ = (
        "_bests",
        "_change",
        "_level",
        "best",
        "best_step",
        "checks",
        "first",
        "last",
        "last_step",
    )

    def __init__(self) -> None:
        self.checks = 0
        self.first = self.last = math.nan
        self.best = math.inf
        self.best_step = self.last_step = -1
        self._bests, self._level = BestSince(_KEPT), Level(_SPAN)
        self._change = 0.0

    @property
    def level(self) -> float:
        """The last values, by an exponential mean."""
        return self._level.value

    @property
    def noise(self) -> float:
        """The mean size of the last changes: of noise and trend together."""
        return self._change

    def lately(self, part: float) -> float:
        """What a last part of the values improved the best by."""
        return max(0.0, self._bests.ago(math.ceil(part * self.checks)) - self.best)

    def extend(self, values: Sequence[float], steps: Sequence[int]) -> None:
        """Take values and their steps, in their order."""
        if not self.checks:
            self.first = self.last = values[0]
        self.checks += len(values)
        lowest = min(values)
        if lowest < self.best:
            self.best, self.best_step = lowest, steps[values.index(lowest)]
        last, change = self.last, self._change
        for value in values:
            change += 0.2 * (abs(value - last) - change)
            last = value
        self.last, self._change, self.last_step = last, change, steps[-1]
        self._bests.extend(values)
        self._level.extend(values)
