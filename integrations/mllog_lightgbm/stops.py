"""Who stopped a training before its last iteration, and on which evidence."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks.facts import Rule
from mllog_lightgbm.results import Result, read_results

__all__ = ["Stop", "read_stop"]


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

    @property
    def rule(self) -> Rule:
        """The rule and the values it compared, as facts."""
        deciding = self.deciding
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


def read_stop(
    env: CallbackEnv,
    callback: Callable[[CallbackEnv], object],
    error: EarlyStopException,
    *,
    by_parameter: bool,
) -> Stop:
    """Read an early stop while it passes.

    Args:
        env: What the callback was called with.
        callback: The callback that raised.
        error: What it raised.
        by_parameter: Whether LightGBM itself added the callback, for `early_stopping_round`.
    """
    iteration, best = env.iteration + 1, error.best_iteration + 1
    results = read_results(error.best_score)
    patience = getattr(callback, "stopping_rounds", None)
    if not isinstance(patience, int):  # not LightGBM's own
        name = getattr(callback, "__qualname__", type(callback).__qualname__)
        return Stop(f"{name}, a callback,", iteration, best, results, name=name)
    index = _deciding_index(error.__traceback__)
    deciding = results[index] if index is not None and index < len(results) else None
    min_delta = _min_delta(callback, index)
    by = f"early_stopping(stopping_rounds={patience}, min_delta={min_delta:g}"
    by += ", first_metric_only=True)" if getattr(callback, "first_metric_only", False) else ")"
    if by_parameter:
        by += ", armed by the parameter early_stopping_round,"
    met = env.iteration - error.best_iteration >= patience
    return Stop(by, iteration, best, results, deciding, patience, min_delta, met)


def _deciding_index(traceback: TracebackType | None) -> int | None:
    """LightGBM's loop over the results, where it raised: which of them it was.

    Only the innermost frame is read: the locals of one that handles the exception, once read,
    would tie it into a cycle and keep the whole call alive.
    """
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    index = None if traceback is None else traceback.tb_frame.f_locals.get("i")
    return index if isinstance(index, int) else None


def _min_delta(callback: Any, index: int | None) -> float:  # noqa: ANN401 - LightGBM's own class
    """The least change of the result that decided, bound into LightGBM's comparison of it."""
    compare = getattr(callback, "cmp_op", [])
    if index is not None and index < len(compare):
        return float(getattr(compare[index], "keywords", {}).get("delta", 0.0))
    return 0.0
