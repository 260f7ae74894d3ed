"""CatBoost, for the contract."""

import threading
from typing import Any

import catboost
from sklearn.datasets import load_breast_cancer

from mllog_callbacks.contract import ROUNDS, Case, Outcome, Way, raise_in
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
    early = way is Way.STOPPED
    params = {"iterations": ROUNDS, "learning_rate": 0.9 if early else 0.05, "depth": 3}
    quiet = {"thread_count": 1, "random_seed": 0, "verbose": False, "allow_writing_files": False}
    model = catboost.CatBoostClassifier(**params, **quiet)
    own = _UsersOwn(way)
    _fit(
        own,
        model,
        features[::2],
        labels[::2],
        eval_set=(features[1::2], labels[1::2]),
        early_stopping_rounds=5 if early else None,
        callbacks=[own] if audit is None else [own, audit],
    )
    facts = [model.get_params(), model.get_all_params(), model.get_evals_result(), ROUNDS, 5]
    best, done = model.best_iteration_ + 1, len(model.get_evals_result()["learn"]["Logloss"])
    counts = [model.tree_count_, best, done, done - best]
    sizes = [features[::2].shape, features[1::2].shape]
    learned = model.predict_proba(features).tobytes()
    return Outcome(learned, [*facts, *counts, *sizes, catboost.__version__])


def _fit(own: _UsersOwn, model: Any, *args: Any, **kwargs: Any) -> None:
    """Fit, and raise what the user's own callback did.

    CatBoost makes an error of its own of that, and leaves the exception behind in the thread, so
    each training has a thread of its own.
    """

    def fit() -> None:
        try:
            model.fit(*args, **kwargs)
        except catboost.CatBoostError:
            if own.raised is None:
                raise

    thread = threading.Thread(target=fit)
    thread.start()
    thread.join()
    if own.raised is not None:
        raise own.raised


CASE = Case("mllog_catboost", "", ("catboost",), MLAuditCallback, _train, installed_by="catboost")
