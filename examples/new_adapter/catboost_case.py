"""CatBoost, for the contract."""

import threading
from typing import Any

import catboost
from sklearn.datasets import load_breast_cancer

from case import ROUNDS, Case, Outcome, Way, raise_in
from mllog_catboost import MLAuditCallback


class _UsersOwn:
    def __init__(self, way: Way) -> None:
        self.way = way
        self.raised: BaseException | None = None

    def after_iteration(self, info: Any) -> bool:
        try:
            raise_in(self.way, info.iteration)
        except BaseException as error:
            self.raised = error
            raise
        return True


def _train(audit: MLAuditCallback | None, way: Way) -> Outcome:
    features, labels = load_breast_cancer(return_X_y=True)
    own = _UsersOwn(way)
    params = {"iterations": ROUNDS, "learning_rate": 0.9 if way is Way.STOPPED else 0.05}
    model = catboost.CatBoostClassifier(
        **params, thread_count=1, random_seed=0, depth=3, verbose=False, allow_writing_files=False
    )
    rest = {} if audit is None else {"callbacks": [own, audit]}

    def fit() -> None:
        try:
            model.fit(
                features[::2],
                labels[::2],
                eval_set=(features[1::2], labels[1::2]),
                early_stopping_rounds=5 if way is Way.STOPPED else None,
                **{"callbacks": [own]} | rest,
            )
        except catboost.CatBoostError:
            if own.raised is None:
                raise

    # CatBoost makes an error of its own of what a callback raises, and leaves the exception behind
    # in the thread: each training has its own
    thread = threading.Thread(target=fit)
    thread.start()
    thread.join()
    if own.raised is not None:
        raise own.raised
    facts = [model.get_params(), model.get_all_params(), model.get_evals_result(), ROUNDS, 5]
    best = model.best_iteration_ + 1
    counts = [model.tree_count_, best, features[::2].shape, features[1::2].shape]
    done = len(model.get_evals_result()["learn"]["Logloss"])
    return Outcome(
        model.predict_proba(features).tobytes(),
        [*facts, *counts, done, done - best, catboost.__version__],
    )


CASE = Case("mllog_catboost", "", ("catboost",), MLAuditCallback, _train, installed_by="catboost")
