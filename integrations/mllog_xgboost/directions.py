"""Whether more of a metric is better, as XGBoost and the caller have it."""

from collections.abc import Mapping, Sequence
from typing import Final

from xgboost.callback import EarlyStopping, TrainingCallback

from mllog_xgboost.call import Call

__all__ = ["MetricDirections"]

_MAXIMISED: Final = frozenset(
    {"ams", "auc", "aucpr", "interval-regression-accuracy", "map", "ndcg", "pre"}
)
"""XGBoost's metrics of which more is better, by their names before "@" or a final "-"."""

_SCIKIT_LEARN: Final = {"_score": True, "_error": False, "_loss": False, "_deviance": False}
"""How the names of scikit-learn's metrics end, and what that means by its documentation."""


class MetricDirections:
    """The direction of each metric of a training.

    Args:
        call: The call.
        callbacks: Its callbacks: an early stopping may say a direction.
    """

    def __init__(self, call: Call, callbacks: Sequence[TrainingCallback]) -> None:
        self._metric, self._maximize = call.metric, call.maximize
        self._stoppers = [each for each in callbacks if isinstance(each, EarlyStopping)]
        asked = call.params.get("eval_metric") or ()
        asked = [asked] if not isinstance(asked, list | tuple | set) else asked
        builtin = {each for each in asked if not callable(each)}
        default = not builtin and not call.params.get("disable_default_eval_metric")
        self._builtin = len(builtin) + default
        self._own: frozenset[str] = frozenset()

    def learn(self, metrics: Mapping[str, object]) -> None:
        """Take the metrics of a set: XGBoost's own come first, then the caller's."""
        self._own = frozenset([*metrics][self._builtin :]) if self._metric else frozenset()

    def __call__(self, metric: str) -> bool | None:
        """Whether more is better; None where neither XGBoost nor the caller says so."""
        if metric not in self._own:
            return metric.partition("@")[0].removesuffix("-") in _MAXIMISED
        if self._maximize is not None:  # documented to be that of the caller's own metric
            return self._maximize
        for each in self._stoppers:
            if each.maximize is not None and each.metric_name == metric:
                return bool(each.maximize)
        return self._by_name()

    def _by_name(self) -> bool | None:
        if self._metric is None or not self._metric.module.startswith("sklearn.metrics"):
            return None
        ends = (better for end, better in _SCIKIT_LEARN.items() if self._metric.name.endswith(end))
        return next(ends, None)
