"""XGBoost, for the contract."""

from typing import Any

import xgboost as xgb
from sklearn.datasets import load_breast_cancer

from mllog_callbacks.contract import ROUNDS, Case, Outcome, Way, raise_in
from mllog_xgboost import MLAuditCallback

PARAMS = {"objective": "binary:logistic", "nthread": 1, "seed": 0}


class _UsersOwn(xgb.callback.TrainingCallback):
    def __init__(self, way: Way) -> None:
        self.way = way

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - as in XGBoost
        raise_in(self.way, epoch + 1)
        return False


def _train(audit: MLAuditCallback | None, way: Way) -> Outcome:
    features, labels = load_breast_cancer(return_X_y=True)
    training = xgb.DMatrix(features[::2], labels[::2])
    valid = xgb.DMatrix(features[1::2], labels[1::2])
    results: dict[str, Any] = {}
    params = PARAMS | {"eta": 0.9 if way is Way.STOPPED else 0.05}
    booster = xgb.train(
        params,
        training,
        ROUNDS,
        evals=[(training, "fit"), (valid, "held_out")],
        evals_result=results,
        early_stopping_rounds=5 if way is Way.STOPPED else None,
        verbose_eval=False,
        callbacks=[_UsersOwn(way)] + ([] if audit is None else [audit]),
    )
    facts = [params, ROUNDS, 5, results, xgb.__version__, training.num_row(), training.num_col()]
    if way is Way.STOPPED:
        facts.append(booster.best_iteration + 1)
    return Outcome(bytes(booster.save_raw()), [*facts, valid.num_row()])


CASE = Case("mllog_xgboost", "xgboost", ("xgboost",), MLAuditCallback, _train)
