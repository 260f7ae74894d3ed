"""LightGBM, for the contract."""

from typing import Any

import lightgbm as lgb

from lightgbm_training import PARAMS, data
from mllog_callbacks.contract import ROUNDS, Case, Outcome, Way, raise_in
from mllog_lightgbm import MLAuditCallback


def _train(audit: MLAuditCallback | None, way: Way) -> Outcome:
    training, valid = data()
    results: dict[str, Any] = {}
    params = PARAMS | {"learning_rate": 0.3 if way is Way.STOPPED else 0.05}

    def users_own(env: Any) -> None:
        raise_in(way, env.iteration + 1)

    callbacks = [users_own, lgb.record_evaluation(results)]
    if way is Way.STOPPED:
        callbacks.append(lgb.early_stopping(5, verbose=False))
    if audit is not None:
        callbacks.append(audit)
    booster = lgb.train(params, training, ROUNDS, valid_sets=[valid], callbacks=callbacks)
    facts = [params, ROUNDS, 5, results, booster.params, lgb.__version__, booster.best_iteration]
    sizes = [training.num_data(), training.num_feature(), valid.num_data()]
    text = booster.model_to_string()
    unset = text.count("\n[") - len({*params, "num_iterations"})
    labels = [training.get_label(), valid.get_label()]
    return Outcome(text.encode(), [*facts, sizes, unset, labels])


CASE = Case("mllog_lightgbm", "lightgbm", ("lightgbm",), MLAuditCallback, _train)
