"""An iteration's evaluation results, and the best of each so far."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mllog_lightgbm.names import distinct
from mllog_lightgbm.stretches import Stretch

__all__ = ["Best", "Result", "Scoreboard", "as_snapshot", "read_results"]


class Result(NamedTuple):
    """One metric on one set, at one iteration.

    Attributes:
        dataset: Name of the set.
        metric: Name of the metric.
        value: Its value; with folds, their mean.
        higher_is_better: Its direction, as LightGBM says.
        deviation: Standard deviation over the folds of `lightgbm.cv`; else None.
    """

    dataset: str
    metric: str
    value: float
    higher_is_better: bool
    deviation: float | None = None

    @property
    def name(self) -> str:
        """Set and metric, as in "valid_0 binary_logloss"."""
        return f"{self.dataset} {self.metric}"


def read_results(given: Iterable[Sequence[Any]] | None) -> list[Result]:
    """Read LightGBM's results: tuples of four or five before 4.7, `EvalResult` since."""
    return [_read(each) for each in distinct(list(given or ()))]


def _read(given: Sequence[Any]) -> Result:
    dataset, metric = str(given[0]), str(given[1])
    deviation = float(given[4]) if len(given) > 4 else None  # noqa: PLR2004 - the fifth, of cv
    return Result(dataset, metric, float(given[2]), bool(given[3]), deviation)


def as_snapshot(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """Results by set and metric; deviations stand beside as "<metric>_std"."""
    snapshot: dict[str, dict[str, float]] = {}
    for each in results:
        values = snapshot.setdefault(each.dataset, {})
        values[each.metric] = each.value
        if each.deviation is not None:
            values[f"{each.metric}_std"] = each.deviation
    return snapshot


@dataclass(slots=True)
class Best:
    """The best value of one metric on one set so far.

    Attributes:
        value: The value; while there was no number, the infinity that any number betters.
        iteration: Where it stood, counted from 1; 0 while there was no number.
        before: Where the best before it stood; 0 where there was none.
        result: The result as LightGBM gave it; None while there was no number.
    """

    value: float
    iteration: int = 0
    before: int = 0
    result: Sequence[Any] | None = None

    @property
    def deviation(self) -> float | None:
        """Its standard deviation over folds; None without folds."""
        return None if self.result is None else _read(self.result).deviation

    @property
    def stretch(self) -> int:
        """How many iterations went by without a new best before this one."""
        return self.iteration - self.before - 1 if self.before else 0


class Scoreboard:
    """Keeps the best of every metric on every set, in its true direction."""

    def __init__(self) -> None:
        self._best: dict[tuple[str, str], Best] = {}

    def may_change(self, stretch: Stretch) -> bool:
        """Whether there may be a new best in a stretch; often there is none in any of it."""
        if stretch.numbers is None:
            return True
        for values, like in zip(stretch.numbers, stretch.first, strict=True):
            best = self._best.get((like[0], like[1]))
            # so that it is true of NaN, beside which there may be anything
            if best is None or not (
                max(values) <= best.value if like[3] else min(values) >= best.value
            ):
                return True
        return False

    def record(self, results: Iterable[Sequence[Any]], iteration: int) -> int:
        """Take an iteration's results.

        Args:
            results: The results, as LightGBM gives them.
            iteration: The iteration, counted from 1.

        Returns:
            How many iterations went by without a new best, where one comes now; the most of all
            results.
        """
        stretch = 0
        for each in results:
            value, higher_is_better = each[2], each[3]
            best = self._best.get((each[0], each[1]))
            if best is None:
                best = Best(-math.inf if higher_is_better else math.inf)
                self._best[each[0], each[1]] = best
            if value > best.value if higher_is_better else value < best.value:
                best.value, best.before, best.iteration = float(value), best.iteration, iteration
                best.result = each
                if iteration - best.before > 1:
                    stretch = max(stretch, best.stretch)
        return stretch

    def best(self, result: Result) -> Best:
        """The best so far of a result's metric on its set."""
        return self._best.get((result.dataset, result.metric)) or Best(math.nan)
