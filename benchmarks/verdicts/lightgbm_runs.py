"""Trainings with LightGBM."""

from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.verdicts.data import Split, classes, friedman, leaking, shuffled, split, tiny
from benchmarks.verdicts.truth import healthy, mistake
from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

_QUIET = {"verbosity": -1, "num_threads": 1, "seed": 1, "learning_rate": 0.1}


def _train(
    log: AuditLog,
    data: Split,
    params: dict[str, Any],
    rounds: int = 150,
    patience: int | None = 15,
    *,
    with_training: bool = True,
    **more: Any,
) -> lgb.Booster:
    training = lgb.Dataset(data.x, data.y)
    validation = training.create_valid(data.x_validation, data.y_validation)
    stopping = [] if patience is None else [lgb.early_stopping(patience, verbose=False)]
    return lgb.train(
        _QUIET | params,
        training,
        rounds,
        valid_sets=[training, validation] if with_training else [validation],
        valid_names=["training", "validation"] if with_training else ["validation"],
        callbacks=[*stopping, MLAuditCallback(log)],
        **more,
    )


@healthy()
def tumours_stopped_early(log: AuditLog) -> None:
    _train(log, split(*load_breast_cancer(return_X_y=True)), {"objective": "binary"})


@healthy()
def diabetes_stopped_early(log: AuditLog) -> None:
    params = {"objective": "regression", "learning_rate": 0.05, "metric": ["l2", "l1"]}
    _train(log, split(*load_diabetes(return_X_y=True)), params, with_training=False)


@healthy()
def digits_stopped_early(log: AuditLog) -> None:
    params = {"objective": "multiclass", "num_class": 10, "num_leaves": 7}
    _train(log, split(*load_digits(return_X_y=True)), params, rounds=80)


@healthy()
def fixed_rounds(log: AuditLog) -> None:
    params = {"objective": "regression", "num_leaves": 7}
    _train(log, friedman(1_000), params, rounds=80, patience=None)


@healthy(unmeasured=True)
def without_validation(log: AuditLog) -> None:
    data = classes()
    lgb.train(
        _QUIET | {"objective": "binary"},
        lgb.Dataset(data.x, data.y),
        40,
        callbacks=[MLAuditCallback(log)],
    )


def _folds(log: AuditLog, x: Any, y: Any, patience: int = 15, few: int | None = None) -> None:
    folds = StratifiedKFold(5, shuffle=True, random_state=42)
    for train, held_out in folds.split(x, y):
        rows = held_out[:few]
        model = lgb.LGBMClassifier(
            n_estimators=150, num_leaves=15, random_state=1, n_jobs=1, verbosity=-1
        )
        model.fit(
            x[train],
            y[train],
            eval_set=[(x[train], y[train]), (x[rows], y[rows])],
            eval_names=["train", "valid"],
            eval_metric="auc",
            callbacks=[lgb.early_stopping(patience, verbose=False), MLAuditCallback(log)],
        )


@healthy()
def five_folds(log: AuditLog) -> None:
    data = classes(1_500, weights=[0.8])
    _folds(log, data.x, data.y)


@healthy()
def cross_validated(log: AuditLog) -> None:
    data = classes(1_200)
    lgb.cv(
        _QUIET | {"objective": "binary", "num_leaves": 7},
        lgb.Dataset(data.x, data.y),
        100,
        callbacks=[lgb.early_stopping(10, verbose=False), MLAuditCallback(log)],
    )


@healthy()
def random_forest(log: AuditLog) -> None:
    params = {
        "objective": "binary",
        "boosting": "rf",
        "bagging_freq": 1,
        "bagging_fraction": 0.6,
        "feature_fraction": 0.6,
    }
    _train(log, classes(), params, rounds=60, patience=None)


@healthy()
def dart(log: AuditLog) -> None:
    params = {"objective": "regression", "boosting": "dart", "num_leaves": 7}
    _train(log, friedman(1_000), params, rounds=80, patience=None)


@healthy()
def ranking(log: AuditLog) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(1_500, 8))
    y = np.clip((x[:, 0] + x[:, 1] + random.normal(0, 0.7, 1_500)).round() + 2, 0, 4).astype(int)
    training = lgb.Dataset(x[:1_000], y[:1_000], group=[20] * 50)
    validation = training.create_valid(x[1_000:], y[1_000:], group=[20] * 25)
    lgb.train(
        _QUIET | {"objective": "lambdarank", "metric": "ndcg", "eval_at": [5], "num_leaves": 7},
        training,
        100,
        valid_sets=[validation],
        callbacks=[lgb.early_stopping(15, verbose=False), MLAuditCallback(log)],
    )


def _hits(predicted: Any, data: Any) -> tuple[str, float, bool]:
    return "accuracy", float(np.mean((predicted > 0.5) == data.get_label())), True


@healthy()
def own_metric(log: AuditLog) -> None:
    _train(log, classes(), {"objective": "binary", "metric": "None"}, feval=_hits)


@healthy()
def one_in_eight(log: AuditLog) -> None:
    data = classes(2_000, weights=[0.88], flip_y=0.02)
    _train(log, data, {"objective": "binary", "metric": "auc", "num_leaves": 15})


@healthy()
def absolute_error(log: AuditLog) -> None:
    params = {"objective": "regression_l1", "num_leaves": 15, "metric": "l1"}
    _train(log, friedman(1_200), params, rounds=200)


@healthy()
def regression_folds(log: AuditLog) -> None:
    data = friedman(1_000)
    for train, held_out in KFold(4, shuffle=True, random_state=0).split(data.x):
        part = Split(data.x[train], data.y[train], data.x[held_out], data.y[held_out])
        _train(log, part, {"objective": "regression", "num_leaves": 15}, rounds=120)


@healthy()
def counts(log: AuditLog) -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(1_200, 6))
    y = random.poisson(np.exp(0.5 * x[:, 0] + 0.3 * x[:, 1]))
    _train(log, split(x, y), {"objective": "poisson", "num_leaves": 7}, rounds=200)


@mistake("MLA005", lost=True)
def huge_rate(log: AuditLog) -> None:
    params = {"objective": "regression", "learning_rate": 2.1}
    _train(log, split(*load_diabetes(return_X_y=True)), params, 60, None, with_training=False)


@mistake("MLA026", "MLA021")
def shuffled_classes(log: AuditLog) -> None:
    _train(log, shuffled(classes()), {"objective": "binary"})


@mistake("MLA026", "MLA021")
def shuffled_targets(log: AuditLog) -> None:
    _train(log, shuffled(friedman()), {"objective": "regression"}, with_training=False)


@mistake("MLA026", "MLA021")
def shuffled_ranked(log: AuditLog) -> None:
    _train(log, shuffled(classes()), {"objective": "binary", "metric": "auc"})


@mistake("MLA028")
def leaked_class(log: AuditLog) -> None:
    _train(log, leaking(classes()), {"objective": "binary", "metric": "auc"})


@mistake("MLA028")
def leaked_target(log: AuditLog) -> None:
    _train(log, leaking(friedman()), {"objective": "regression"}, rounds=300)


@mistake("MLA023")
def validated_on_training(log: AuditLog) -> None:
    data = classes()
    same = data._replace(x_validation=data.x, y_validation=data.y)
    _train(log, same, {"objective": "binary"}, rounds=60)


@mistake("MLA029")
def eight_validation_rows(log: AuditLog) -> None:
    _train(log, tiny(classes()), {"objective": "binary"})


@mistake("MLA001")
def overfitted(log: AuditLog) -> None:
    params = {"objective": "binary", "num_leaves": 63, "min_data_in_leaf": 2}
    _train(log, classes(500, flip_y=0.3), params, rounds=200, patience=None)


@mistake("MLA001", "MLA021")
def worse_from_the_first(log: AuditLog) -> None:
    params = {"objective": "binary", "learning_rate": 1.0, "num_leaves": 63, "min_data_in_leaf": 1}
    _train(log, classes(400, flip_y=0.5), params, rounds=40, patience=None)


@mistake("MLA015", "MLA008", "MLA016", "MLA026")
def vanishing_rate(log: AuditLog) -> None:
    _train(log, classes(), {"objective": "binary", "learning_rate": 1e-9}, 60, None)


@mistake("MLA022")
def ten_slow_rounds(log: AuditLog) -> None:
    _train(log, friedman(), {"objective": "regression", "learning_rate": 0.02}, 15, None)


def _log_error(predicted: Any, data: Any) -> tuple[str, float, bool]:
    with np.errstate(invalid="ignore"):
        errors = np.log(predicted + 1 - 6) - np.log(np.abs(data.get_label()) + 1)
    return "log_error", float(np.mean(errors**2)), False


@mistake("MLA004")
def score_is_nan_for_small_predictions(log: AuditLog) -> None:
    _train(
        log, friedman(), {"objective": "regression", "metric": "None"}, 60, None, feval=_log_error
    )


@mistake("MLA026", "MLA015", "MLA008")
def no_leaf_is_large_enough(log: AuditLog) -> None:
    _train(log, classes(), {"objective": "binary", "min_data_in_leaf": 500}, 60, None)


def _misses(predicted: Any, data: Any) -> tuple[str, float, bool]:
    return "accuracy", _hits(predicted, data)[1], False


@mistake("MLA024")
def accuracy_minimised(log: AuditLog) -> None:
    _train(log, classes(), {"objective": "binary", "metric": "None"}, feval=_misses)


@mistake("MLA026", "MLA021", runs=5)
def five_shuffled_folds(log: AuditLog) -> None:
    data = shuffled(classes(1_000, weights=[0.7]))
    _folds(log, data.x, data.y)


@mistake("MLA029", runs=5)
def five_folds_of_ten_rows(log: AuditLog) -> None:
    data = classes(1_000)
    _folds(log, data.x, data.y, few=10)


@mistake("MLA026", "MLA021")
def other_validation_data(log: AuditLog) -> None:
    data = classes(class_sep=2.0)
    other = classes(seed=9)
    mixed = data._replace(x_validation=other.x_validation, y_validation=other.y_validation)
    _train(log, mixed, {"objective": "binary"})
