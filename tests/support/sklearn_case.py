"""scikit-learn, for the contract."""

import copy
from typing import Any

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier

from mllog_callbacks import AuditLog
from mllog_callbacks.contract import ROUNDS, Case, Outcome, Way, raise_in
from mllog_sklearn import audited


def _boosting() -> Any:
    return GradientBoostingClassifier(n_estimators=ROUNDS, max_depth=2, random_state=0)


def _audit(log: AuditLog | None = None, **names: Any) -> Any:
    return audited(_boosting(), log, **names)


def _train(audit: Any | None, way: Way) -> Outcome:
    features, labels = load_breast_cancer(return_X_y=True)
    early = {"n_iter_no_change": 5, "tol": 0.05} if way is Way.STOPPED else {}
    model = (_boosting() if audit is None else audit).set_params(
        **{"n_iter_no_change": None, "tol": 1e-4} | early
    )

    def users_own(iteration: int, *_: Any) -> bool:
        raise_in(way, iteration + 1)
        return False

    model.fit(features, labels, monitor=users_own)
    scores = model.decision_function(features)
    facts = [model.get_params(), features.shape, labels, list(model.train_score_)]
    facts += [model.n_estimators_, sklearn.__version__, ROUNDS - model.n_estimators_]
    return Outcome(np.concatenate([scores, model.train_score_]).tobytes(), facts)


CASE = Case(
    "mllog_sklearn",
    "sklearn",
    ("sklearn",),
    _audit,
    _train,
    shared=False,
    stepwise=False,
    typed=False,
    copied_by=(copy.deepcopy, clone),  # a pickle is of the plain class, to be loaded anywhere
)
