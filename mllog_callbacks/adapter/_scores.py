"""The last and the best value of each metric."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from mllog_callbacks.adapter._curve import Key
from mllog_callbacks.adapter._steps import Steps
from mllog_callbacks.facts import Best, Results

__all__ = ["STRETCH", "Improvement", "Scores"]

STRETCH: Final = 10
"""Steps without a new best from which on that is worth a remark."""


class Improvement(NamedTuple):
    """A new best value.

    Attributes:
        place: The step among those looked at, from 0.
        best: The value, and where it was measured.
        waited: How many steps went by without one before it; 0 for the first.
    """

    place: int
    best: Best
    waited: int


class Scores:
    """Keeps the last values of a training, and the best of each metric whose direction is known.

    Args:
        directions: Whether more of a metric is better; None where that is not known.

    Attributes:
        last: The values measured last, by data set and metric.
        last_deviations: Their standard deviations over folds.
    """

    def __init__(self, directions: Callable[[str], bool | None]) -> None:
        self.last: Results = {}
        self.last_deviations: Results | None = None
        self._directions = directions
        self._best: dict[Key, Best] = {}

    @property
    def best(self) -> Mapping[str, Mapping[str, Best]]:
        """The best values by data set and metric; none of a metric of unknown direction."""
        found: dict[str, dict[str, Best]] = {}
        for (name, metric), best in self._best.items():
            found.setdefault(name, {})[metric] = best
        return found

    def improvements(self, steps: Steps) -> dict[Key, list[Improvement]]:
        """The new bests among steps, in order; nothing is taken yet."""
        found: dict[Key, list[Improvement]] = {}
        for key, values in steps.values.items():
            more, best = self._directions(key[1]), self._best.get(key)
            if more is not None and not _in_vain(values, best, more=more):
                found[key] = [*_improvements(steps.at, values, best, more=more)]
        return found

    def take(self, steps: Steps, improvements: Mapping[Key, Sequence[Improvement]]) -> None:
        """Take steps, with the last of their improvements."""
        self.last = {**self.last, **steps.last}
        self.last_deviations = steps.last_deviations or self.last_deviations
        for key, each in improvements.items():
            if each:
                self._best[key] = each[-1].best


def _in_vain(values: Sequence[float], best: Best | None, *, more: bool) -> bool:
    """Whether none of the values is better; often that is so of all."""
    if best is None:
        return False
    # so that it is not of NaN, beside which there may be anything
    return max(values) <= best.value if more else min(values) >= best.value


def _improvements(
    at: Sequence[int], values: Sequence[float], best: Best | None, *, more: bool
) -> list[Improvement]:
    found: list[Improvement] = []
    top = (-math.inf if more else math.inf) if best is None else best.value
    before = None if best is None else best.at
    for index, value in enumerate(values):
        if not (value > top if more else value < top) or math.isinf(value):
            continue
        here = at[index]
        waited = 0 if before is None else here - before - 1
        remark = waited if waited >= STRETCH else None
        found.append(Improvement(index, Best(value=value, at=here, waited=remark), waited))
        top, before = value, here
    return found
