"""Trainings with XGBoost."""

from typing import Any

import numpy as np
import xgboost as xgb
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import KFold

from benchmarks.verdicts.data import Split, classes, friedman, leaking, shuffled, split, tiny
from benchmarks.verdicts.truth import healthy, mistake
from mllog_callbacks import AuditLog
from mllog_xgboost import MLAuditCallback

_QUIET = {"nthread": 1, "seed": 1, "eta": 0.1, "max_depth": 3}


def _train(
    log: AuditLog,
    data: Split,
    params: dict[str, Any],
    rounds: int = 150,
    patience: int | None = 15,
    *,
    with_training: bool = True,
    **more: Any,
) -> xgb.Booster:
    training = xgb.DMatrix(data.x, data.y)
    validation = xgb.DMatrix(data.x_validation, data.y_validation)
    sets = [(training, "train")] if with_training else []
    return xgb.train(
        _QUIET | params,
        training,
        rounds,
        evals=[*sets, (validation, "validation")],
        early_stopping_rounds=patience,
        verbose_eval=False,
        callbacks=[MLAuditCallback(log)],
        **more,
    )


@healthy()
def classes_stopped_early(log: AuditLog) -> None:
    _train(log, classes(), {"objective": "binary:logistic"})


@healthy()
def fixed_rounds(log: AuditLog) -> None:
    _train(log, friedman(1_200), {"objective": "reg:squarederror"}, 80, None)


@healthy()
def wines(log: AuditLog) -> None:
    params = {"objective": "multi:softprob", "num_class": 3}
    _train(log, split(*load_wine(return_X_y=True)), params, 100)


@healthy()
def estimator_stopped_early(log: AuditLog) -> None:
    data = classes(1_200, weights=[0.7])
    model = xgb.XGBClassifier(
        n_estimators=150,
        learning_rate=0.1,
        max_depth=3,
        n_jobs=1,
        eval_metric="auc",
        early_stopping_rounds=15,
        callbacks=[MLAuditCallback(log)],
    )
    model.fit(data.x, data.y, eval_set=[(data.x_validation, data.y_validation)], verbose=False)


@healthy()
def cross_validated(log: AuditLog) -> None:
    data = friedman(900)
    xgb.cv(
        _QUIET,
        xgb.DMatrix(data.x, data.y),
        100,
        nfold=4,
        early_stopping_rounds=10,
        callbacks=[MLAuditCallback(log)],
    )


@healthy()
def linear_booster(log: AuditLog) -> None:
    data = split(*load_diabetes(return_X_y=True))
    scaled = data._replace(x=data.x * 20, x_validation=data.x_validation * 20)
    _train(log, scaled, {"booster": "gblinear", "eta": 0.5, "max_depth": None}, 40, None)


def _hits(predicted: Any, data: xgb.DMatrix) -> tuple[str, float]:
    return "hits", float(np.mean((predicted > 0.5) == data.get_label()))


@healthy()
def own_metric(log: AuditLog) -> None:
    params = {"objective": "binary:logistic", "disable_default_eval_metric": 1}
    _train(log, classes(), params, custom_metric=_hits, maximize=True)


@healthy(unmeasured=True)
def without_validation(log: AuditLog) -> None:
    data = classes()
    xgb.train(_QUIET, xgb.DMatrix(data.x, data.y), 30, callbacks=[MLAuditCallback(log)])


@healthy()
def regression_folds(log: AuditLog) -> None:
    data = friedman(900)
    for train, held_out in KFold(4, shuffle=True, random_state=0).split(data.x):
        part = Split(data.x[train], data.y[train], data.x[held_out], data.y[held_out])
        _train(log, part, {"objective": "reg:squarederror"}, 200)


@healthy()
def nearly_separable(log: AuditLog) -> None:
    data = classes(1_000, flip_y=0.0, class_sep=2.5)
    _train(log, data, {"objective": "binary:logistic", "eval_metric": ["logloss", "error"]}, 100)


@healthy()
def absolute_error(log: AuditLog) -> None:
    params = {"objective": "reg:absoluteerror", "eval_metric": "mae"}
    _train(log, friedman(1_200), params, 150)


@mistake("MLA005", lost=True)
def huge_rate(log: AuditLog) -> None:
    _train(log, friedman(), {"objective": "reg:squarederror", "eta": 2.5}, 60, None)


@mistake("MLA026", "MLA021")
def shuffled_classes(log: AuditLog) -> None:
    _train(log, shuffled(classes()), {"objective": "binary:logistic"})


@mistake("MLA026", "MLA021")
def shuffled_targets(log: AuditLog) -> None:
    _train(log, shuffled(friedman()), {"objective": "reg:squarederror"})


@mistake("MLA026", "MLA021")
def shuffled_ranked(log: AuditLog) -> None:
    params = {"objective": "binary:logistic", "eval_metric": "auc"}
    _train(log, shuffled(classes()), params, with_training=False)


@mistake("MLA028")
def leaked_class(log: AuditLog) -> None:
    _train(log, leaking(classes()), {"objective": "binary:logistic"})


@mistake("MLA028")
def leaked_target(log: AuditLog) -> None:
    _train(log, leaking(friedman()), {"objective": "reg:squarederror"}, 150)


@mistake("MLA001")
def overfitted(log: AuditLog) -> None:
    params = {"objective": "binary:logistic", "max_depth": 8, "eta": 0.3}
    _train(log, classes(500, flip_y=0.3), params, 150, None)


@mistake("MLA029")
def eight_validation_rows(log: AuditLog) -> None:
    _train(log, tiny(friedman()), {"objective": "reg:squarederror"})


@mistake("MLA023")
def validated_on_training(log: AuditLog) -> None:
    data = classes()
    training = xgb.DMatrix(data.x, data.y)
    xgb.train(
        _QUIET | {"objective": "binary:logistic"},
        training,
        60,
        evals=[(training, "validation")],
        early_stopping_rounds=10,
        verbose_eval=False,
        callbacks=[MLAuditCallback(log)],
    )


def _log_error(predicted: Any, data: xgb.DMatrix) -> tuple[str, float]:
    with np.errstate(invalid="ignore"):
        errors = np.log(predicted + 1 - 6) - np.log(np.abs(data.get_label()) + 1)
    return "log_error", float(np.mean(errors**2))


@mistake("MLA004")
def score_is_nan_for_small_predictions(log: AuditLog) -> None:
    params = {"objective": "reg:squarederror", "disable_default_eval_metric": 1}
    _train(log, friedman(), params, 60, None, custom_metric=_log_error, maximize=False)


def _accuracy(predicted: Any, data: xgb.DMatrix) -> tuple[str, float]:
    return "accuracy", _hits(predicted, data)[1]


@mistake("MLA024")
def accuracy_minimised(log: AuditLog) -> None:
    params = {"objective": "binary:logistic", "disable_default_eval_metric": 1}
    _train(log, classes(), params, custom_metric=_accuracy, maximize=False)


@mistake("MLA016")
def no_rate(log: AuditLog) -> None:
    _train(log, classes(), {"objective": "binary:logistic", "eta": 0.0}, 60, None)


@mistake("MLA022")
def fifteen_slow_rounds(log: AuditLog) -> None:
    _train(log, friedman(), {"objective": "reg:squarederror", "eta": 0.02}, 15, None)


@mistake("MLA026", "MLA015", "MLA008")
def regularised_away(log: AuditLog) -> None:
    _train(log, classes(), {"objective": "binary:logistic", "gamma": 1e6}, 60, None)
