"""The last and the best value of each metric."""

import math
from collections.abc import Callable, Mapping

from mllog_callbacks.facts import Best, Results

__all__ = ["Scores"]


class Scores:
    """Keeps the last values of a training, and the best of each metric whose direction is known.

    Args:
        directions: Whether more of a metric is better; None where that is not known.

    Attributes:
        last: The values measured last, by data set and metric.
    """

    def __init__(self, directions: Callable[[str], bool | None]) -> None:
        self.last: Results = {}
        self._directions = directions
        self._best: dict[str, dict[str, Best]] = {}

    @property
    def best(self) -> Mapping[str, Mapping[str, Best]]:
        """The best values by data set and metric; none of a metric of unknown direction."""
        return {name: dict(metrics) for name, metrics in self._best.items()}

    def take(self, at: int, results: Results) -> None:
        """Take the values that were measured now; those that are not finite are never best."""
        self.last = {**self.last, **results}
        for name, metrics in results.items():
            for metric, value in metrics.items():
                more = self._directions(metric)
                if more is None or not math.isfinite(value):
                    continue
                bests = self._best.setdefault(name, {})
                best = bests.get(metric)
                if best is None or (value > best.value if more else value < best.value):
                    bests[metric] = Best(value=value, at=at)
