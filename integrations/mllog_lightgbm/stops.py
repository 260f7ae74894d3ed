"""Who stopped a training before its last iteration, and on which evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import lightgbm.callback

from mllog_callbacks.facts import Rule
from mllog_lightgbm.calls import name_of
from mllog_lightgbm.names import Row
from mllog_lightgbm.results import Result, read_results

__all__ = ["Stop", "is_early_stopping", "read_stop"]


@dataclass(frozen=True, slots=True)
class Stop:
    """An early stop, as the callback that raised it says.

    Attributes:
        by: The callback and its settings, as in "early_stopping(stopping_rounds=50, min_delta=0)".
        iteration: The iteration after which it was raised, counted from 1.
        best_iteration: The iteration whose model is kept, counted from 1.
        results: The results at that iteration.
        deciding: The result that decided, at the best iteration; None where it is not known.
        patience: Iterations without improvement that were allowed; None where not known.
        min_delta: Least change of the deciding metric that counts as improvement.
        met: Whether the rule was met; otherwise all iterations ran, and only the best is named.
        name: The callback's name.
        asked: The rule by which the user had the audit end it on an issue.
    """

    by: str
    iteration: int
    best_iteration: int
    results: list[Result]
    deciding: Result | None = None
    patience: int | None = None
    min_delta: float = 0.0
    met: bool = True
    name: str = "early_stopping"
    asked: Rule | None = None

    @property
    def rule(self) -> Rule:
        """The rule and the values it compared, as facts."""
        deciding = self.deciding
        if self.asked is not None:
            return self.asked
        if deciding is None or self.patience is None:
            return Rule(name=self.name, best_at=self.best_iteration, unit="iteration")
        return Rule(
            name=self.name,
            set=deciding.dataset,
            metric=deciding.metric,
            mode="max" if deciding.higher_is_better else "min",
            best=deciding.value,
            best_at=self.best_iteration,
            waited=self.iteration - self.best_iteration,
            patience=self.patience,
            min_delta=self.min_delta,
            unit="iteration",
        )


_EARLY_STOPPING: Final = getattr(lightgbm.callback, "_EarlyStoppingCallback", None)


def is_early_stopping(callback: object) -> bool:
    """Whether a callback is LightGBM's own early stopping."""
    return _EARLY_STOPPING is not None and isinstance(callback, _EARLY_STOPPING)


def read_stop(
    callback: Any,  # noqa: ANN401 - LightGBM's own class, or any other
    *,
    by_parameter: bool,
    iteration: int,
    planned: int,
    best_iteration: int,
    at_best: Sequence[Row] | None,
    last: Sequence[Row],
    ignored: str,
) -> Stop:
    """Read an early stop from what it left, once the call is over.

    Args:
        callback: The callback that raised `EarlyStopException`.
        by_parameter: Whether LightGBM itself added the callback, for `early_stopping_round`.
        iteration: The iteration after which it was raised, counted from 1.
        planned: The last that was planned.
        best_iteration: The iteration that it named the best, counted from 1.
        at_best: The results that it named; None where they are not known.
        last: The results of the last iteration.
        ignored: The set that early stopping leaves out: that of the training data.
    """
    results = read_results(at_best)
    if not is_early_stopping(callback):
        name = name_of(callback)
        return Stop(name, iteration, best_iteration, results, name=name)
    # in the last iteration it stops at the first result it looks at, however long it waited
    enough = 0 if iteration == planned else callback.stopping_rounds
    index = _deciding_index(callback, read_results(last), iteration - 1 - enough, ignored)
    if index is not None and callback.best_iter[index] + 1 != best_iteration:
        index = None  # another version's rule
    if index is not None:
        results = read_results(callback.best_score_list[index])
    deciding = results[index] if index is not None and index < len(results) else None
    patience, min_delta = callback.stopping_rounds, _min_delta(callback, index)
    by = f"early_stopping(stopping_rounds={patience}, min_delta={min_delta:g}"
    by += ", first_metric_only=True)" if callback.first_metric_only else ")"
    if by_parameter:
        by += ", set by the parameter early_stopping_round"
    met = iteration - best_iteration >= patience
    return Stop(by, iteration, best_iteration, results, deciding, patience, min_delta, met)


def _deciding_index(
    callback: Any,  # noqa: ANN401 - LightGBM's own class
    last: Sequence[Result],
    latest: int,
    ignored: str,
) -> int | None:
    """Which of the results decided, as early stopping goes through them.

    Args:
        callback: The callback.
        last: The results of the last iteration.
        latest: The latest best iteration, from 0, at which it stops.
        ignored: The set that is left out.
    """
    for index, (each, best) in enumerate(zip(last, callback.best_iter, strict=False)):
        first = {each.metric, each.metric.split(" ")[-1]}  # the second before 4.7
        if callback.first_metric_only and callback.first_metric not in first:
            continue
        if each.dataset != ignored and best <= latest:
            return index
    return None


def _min_delta(callback: Any, index: int | None) -> float:  # noqa: ANN401 - LightGBM's own class
    """The least change of the result that decided, bound into LightGBM's comparison of it."""
    compare = getattr(callback, "cmp_op", [])
    if index is not None and index < len(compare):
        return float(getattr(compare[index], "keywords", {}).get("delta", 0.0))
    return 0.0
