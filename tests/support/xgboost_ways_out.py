"""Every way out of an XGBoost training, through every entry point: what `docs` has a table of.

Metrics follow a script, so that what is recorded does not depend on the machine or the version.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import xgboost as xgb

from mllog_callbacks import AuditLog
from mllog_xgboost import MLAuditCallback

PLANNED: Final = 5
FOLDS: Final = 3
MISSING: Final = "a column is missing"
VALUES: Final = (0.5, 0.4, 0.6, 0.7, 0.8)  # best in the second iteration


class Fault(xgb.callback.TrainingCallback):
    """Raises an error, or stops the training, in a method of its own.

    Args:
        method: Which.
        kind: What it raises; None to return True, which stops.
        iteration: When, from 1.
    """

    def __init__(self, method: str, kind: type[BaseException] | None, iteration: int = 1) -> None:
        super().__init__()
        self._method, self._kind, self._iteration = method, kind, iteration

    def _fire(self, method: str, epoch: int = 0) -> bool:
        if method != self._method or epoch + 1 != self._iteration:
            return False
        if self._kind is not None:
            raise self._kind(MISSING)
        return True

    def before_training(self, model: Any) -> Any:
        """Raise when it is time."""
        self._fire("before_training")
        return model

    def after_training(self, model: Any) -> Any:
        """Raise when it is time."""
        self._fire("after_training")
        return model

    def before_iteration(self, _model: Any, epoch: int, _evals_log: Any) -> bool:
        """Raise or stop when it is time."""
        return self._fire("before_iteration", epoch)

    def after_iteration(self, _model: Any, epoch: int, _evals_log: Any) -> bool:
        """Raise or stop when it is time."""
        return self._fire("after_iteration", epoch)


@dataclass
class Way:
    """What a caller gives XGBoost for a way out.

    Attributes:
        before: Callbacks before the audit callback.
        after: Callbacks after it.
        params: Beside the quiet ones.
        validates: Whether a validation set is given.
        patience: `early_stopping_rounds`.
        metric: The iteration in which the custom metric raises.
        objective: The iteration in which a custom objective raises; None for XGBoost's own.
    """

    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    validates: bool = True
    patience: int | None = None
    metric: tuple[int, type[BaseException]] | None = None
    objective: int | None = None


def ways(calls: int) -> Iterator[tuple[str, Way]]:
    """Every way out, by name.

    Args:
        calls: How often a metric is computed in an iteration: once a fold.
    """
    early = xgb.callback.EarlyStopping
    if calls == 1:  # `xgboost.cv` always measures
        yield "all iterations, nothing measured", Way(validates=False)
    yield "all iterations", Way()
    yield "early stopping, by callback", Way(after=[early(rounds=2)])
    yield "early stopping, by early_stopping_rounds", Way(patience=2)
    yield "early stopping, never met", Way(after=[early(rounds=9)])
    if calls == 1:
        yield "early stopping, the best is cut out", Way(after=[early(rounds=2, save_best=True)])
    yield "a callback stops it", Way(after=[Fault("after_iteration", None, 3)])
    yield "a callback stops it before an iteration", Way(after=[Fault("before_iteration", None, 3)])
    for kind in (KeyboardInterrupt, SystemExit):
        yield f"{kind.__name__} in a callback", Way(before=[Fault("after_iteration", kind, 2)])
        yield f"{kind.__name__} in the metric", Way(metric=(2, kind))
    for when, at in (("first", 1), ("last", PLANNED)):
        name = f"error in the {{}}, {when} iteration"
        fault = ("after_iteration", ValueError, at)
        yield name.format("objective"), Way(objective=at)
        yield name.format("metric"), Way(metric=(at, ValueError))
        yield name.format("callback before ours"), Way(before=[Fault(*fault)])
        yield name.format("callback after ours"), Way(after=[Fault(*fault)])
    yield "error before the training", Way(after=[Fault("before_training", ValueError)])
    yield "error after the training", Way(after=[Fault("after_training", ValueError)])
    yield "parameter refused by XGBoost", Way(params={"max_depth": -3})


def _data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    features = rng.random((60, 4))
    return features, (features[:, 0] > 0.5).astype(int)


def _score(way: Way, calls: int) -> Callable[..., Any]:
    """The metric, for both interfaces: one wants a name beside the value."""
    count = iter(range(1_000))

    def scripted(_first: Any, second: Any) -> Any:
        iteration = next(count) // calls
        if way.metric is not None and way.metric[0] == iteration + 1:
            raise way.metric[1](MISSING)
        value = VALUES[min(iteration, len(VALUES) - 1)]
        return ("scripted", value) if isinstance(second, xgb.DMatrix) else value

    return scripted


def _gradients(way: Way, calls: int = 1) -> Callable[..., tuple[Any, Any]]:
    count = iter(range(1_000))

    def gradients(first: Any, second: Any) -> tuple[Any, Any]:
        if next(count) // calls + 1 == way.objective:
            raise ValueError(MISSING)
        predicted = first if isinstance(second, xgb.DMatrix) else second
        return np.asarray(predicted) - 0.5, np.ones_like(predicted)

    return gradients


def _params(way: Way) -> dict[str, Any]:
    quiet = {"objective": "reg:squarederror", "nthread": 1, "disable_default_eval_metric": True}
    return quiet | way.params


def _train(way: Way, audit: MLAuditCallback) -> None:
    features, labels = _data()
    data = xgb.DMatrix(features, labels)
    xgb.train(
        _params(way),
        data,
        PLANNED,
        evals=[(xgb.DMatrix(features + 1, labels), "valid")] if way.validates else (),
        obj=_gradients(way) if way.objective else None,
        custom_metric=_score(way, 1) if way.validates else None,
        early_stopping_rounds=way.patience,
        verbose_eval=False,
        callbacks=[*way.before, audit, *way.after],
    )


def _cv(way: Way, audit: MLAuditCallback) -> None:
    xgb.cv(
        _params(way),
        xgb.DMatrix(*_data()),
        PLANNED,
        nfold=FOLDS,
        obj=_gradients(way, FOLDS) if way.objective else None,
        custom_metric=_score(way, 2 * FOLDS),
        early_stopping_rounds=way.patience,
        verbose_eval=False,
        callbacks=[*way.before, audit, *way.after],
    )


def _fit(kind: type[xgb.XGBModel]) -> Callable[[Way, MLAuditCallback], None]:
    def fit(way: Way, audit: MLAuditCallback) -> None:
        features, labels = _data()
        model = kind(
            n_estimators=PLANNED,
            n_jobs=1,
            eval_metric=_score(way, 1) if way.validates else None,
            disable_default_eval_metric=True,
            early_stopping_rounds=way.patience,
            callbacks=[*way.before, audit, *way.after],
            **({"objective": _gradients(way)} if way.objective else {}),
            **way.params,
        )
        evaluated = {"eval_set": [(features + 1, labels)]} if way.validates else {}
        model.fit(features, labels, verbose=False, **evaluated)

    return fit


ENTRY_POINTS: Final[dict[str, tuple[Callable[[Way, MLAuditCallback], None], int]]] = {
    "xgboost.train": (_train, 1),
    "xgboost.cv": (_cv, FOLDS),
    "XGBClassifier.fit": (_fit(xgb.XGBClassifier), 1),
    "XGBRegressor.fit": (_fit(xgb.XGBRegressor), 1),
}


def go(call: Callable[[Way, MLAuditCallback], None], way: Way, log: AuditLog) -> None:
    """Take a way out, with an audit callback."""
    with suppress(Exception, KeyboardInterrupt, SystemExit):
        call(way, MLAuditCallback(log))
