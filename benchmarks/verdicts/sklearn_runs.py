"""Trainings with scikit-learn."""

from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, SGDClassifier
from sklearn.metrics import precision_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.verdicts.data import classes, friedman, leaking, shuffled
from benchmarks.verdicts.truth import fails, healthy, mistake
from mllog_callbacks import AuditLog
from mllog_sklearn import audited


def _fit(log: AuditLog, estimator: Any, x: Any, y: Any) -> Any:
    return audited(estimator, log=log).fit(x, y)


@healthy()
def histograms_stopped_early(log: AuditLog) -> None:
    data = classes(1_500)
    model = HistGradientBoostingClassifier(early_stopping=True, random_state=0, max_leaf_nodes=7)
    _fit(log, model, data.x, data.y)


@healthy()
def network_stopped_early(log: AuditLog) -> None:
    model = MLPClassifier((32,), early_stopping=True, max_iter=150, random_state=0)
    _fit(log, make_pipeline(StandardScaler(), model), *load_digits(return_X_y=True))


@healthy()
def network_converged(log: AuditLog) -> None:
    data = friedman(500, noise=0.5)
    model = MLPRegressor(
        hidden_layer_sizes=(20,), max_iter=1_000, learning_rate_init=0.01, tol=1e-3, random_state=0
    )
    _fit(log, make_pipeline(StandardScaler(), model), data.x, data.y)


@healthy()
def boosting_stopped_early(log: AuditLog) -> None:
    data = friedman(800)
    model = GradientBoostingRegressor(n_estimators=200, n_iter_no_change=8, random_state=0)
    _fit(log, model, data.x, data.y)


@healthy()
def boosting_out_of_bag(log: AuditLog) -> None:
    data = classes(1_000)
    model = GradientBoostingClassifier(n_estimators=60, subsample=0.7, max_depth=2, random_state=0)
    _fit(log, model, data.x, data.y)


@healthy(unmeasured=True)
def stochastic_gradients(log: AuditLog) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    model = SGDClassifier(loss="log_loss", early_stopping=True, random_state=0)
    _fit(log, make_pipeline(StandardScaler(), model), x, y)


@healthy(unmeasured=True)
def logistic(log: AuditLog) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    _fit(log, make_pipeline(StandardScaler(), LogisticRegression()), x, y)


@healthy(unmeasured=True)
def forest(log: AuditLog) -> None:
    _fit(log, RandomForestClassifier(40, random_state=0), *load_iris(return_X_y=True))


@healthy(unmeasured=True)
def searched(log: AuditLog) -> None:
    search = GridSearchCV(SVC(), {"C": [0.1, 1, 10], "gamma": [0.1, 1]}, cv=3)
    _fit(log, search, *load_iris(return_X_y=True))


@healthy()
def histogram_folds(log: AuditLog) -> None:
    data = classes(1_200)
    model = HistGradientBoostingClassifier(early_stopping=True, max_leaf_nodes=7, random_state=0)
    for train, _ in StratifiedKFold(4).split(data.x, data.y):
        _fit(log, model, data.x[train], data.y[train])


@healthy(unmeasured=True)
def lasso(log: AuditLog) -> None:
    _fit(log, Lasso(0.1), *load_diabetes(return_X_y=True))


@healthy()
def histograms_of_a_target(log: AuditLog) -> None:
    data = friedman(1_200)
    model = HistGradientBoostingRegressor(
        early_stopping=True, max_leaf_nodes=15, random_state=0, scoring="r2"
    )
    _fit(log, model, data.x, data.y)


@fails()
def network_with_a_huge_rate(log: AuditLog) -> None:
    model = MLPClassifier((32,), solver="sgd", learning_rate_init=30.0, max_iter=60, random_state=0)
    _fit(log, make_pipeline(StandardScaler(), model), *load_digits(return_X_y=True))


@mistake("MLA026", "MLA021")
def network_on_shuffled_labels(log: AuditLog) -> None:
    data = shuffled(classes(1_200))
    model = MLPClassifier(
        (32,), early_stopping=True, n_iter_no_change=20, max_iter=80, random_state=0
    )
    _fit(log, model, data.x, data.y)


@mistake("MLA026", "MLA021")
def histograms_on_shuffled_labels(log: AuditLog) -> None:
    data = shuffled(classes(1_500))
    model = HistGradientBoostingClassifier(early_stopping=True, random_state=0)
    _fit(log, model, data.x, data.y)


@mistake("MLA026", "MLA021")
def histograms_on_shuffled_targets(log: AuditLog) -> None:
    data = shuffled(friedman(1_500))
    model = HistGradientBoostingRegressor(early_stopping=True, random_state=0)
    _fit(log, model, data.x, data.y)


@mistake("MLA111")
def two_iterations(log: AuditLog) -> None:
    _fit(log, LogisticRegression(max_iter=2), *load_breast_cancer(return_X_y=True))


@mistake("MLA111")
def network_cut_short(log: AuditLog) -> None:
    model = MLPClassifier((32,), max_iter=5, random_state=0)
    _fit(log, make_pipeline(StandardScaler(), model), *load_digits(return_X_y=True))


@mistake("MLA113")
def search_with_failures(log: AuditLog) -> None:
    search = GridSearchCV(SVC(), {"kernel": ["rbf", "linaer"], "C": [1, 10]}, cv=3)
    _fit(log, search, *load_iris(return_X_y=True))


@fails()
def one_class(log: AuditLog) -> None:
    data = classes()
    _fit(log, LogisticRegression(), data.x, np.zeros(len(data.x), int))


@mistake("MLA008", "MLA015", "MLA026", "MLA111")
def network_with_a_vanishing_rate(log: AuditLog) -> None:
    model = MLPClassifier(
        (32,), learning_rate_init=1e-9, max_iter=40, n_iter_no_change=50, random_state=0
    )
    _fit(log, make_pipeline(StandardScaler(), model), *load_digits(return_X_y=True))


@fails()
def missing_values(log: AuditLog) -> None:
    x, y = load_diabetes(return_X_y=True)
    x = np.where(np.arange(len(x))[:, None] == 5, np.nan, x)
    _fit(log, LinearRegression(), x, y)


@mistake("MLA101")
def one_in_two_hundred(log: AuditLog) -> None:
    data = classes(3_000, weights=[0.996], flip_y=0)
    _fit(log, HistGradientBoostingClassifier(random_state=0, early_stopping=False), data.x, data.y)


@mistake("MLA029")
def six_validation_rows(log: AuditLog) -> None:
    data = classes(430)
    model = HistGradientBoostingClassifier(
        early_stopping=True, validation_fraction=0.02, random_state=0, max_leaf_nodes=7
    )
    _fit(log, model, data.x, data.y)


@mistake("MLA028")
def leaked_class(log: AuditLog) -> None:
    data = leaking(classes(600))
    model = GradientBoostingClassifier(
        n_estimators=60, subsample=0.8, n_iter_no_change=10, random_state=0
    )
    _fit(log, model, data.x, data.y)


@mistake("MLA112")
def undefined_score(log: AuditLog) -> None:
    data = classes(200, weights=[0.93], flip_y=0)

    def precision(model: Any, x: Any, y: Any) -> float:
        return float(precision_score(y, model.predict(x)))

    search = GridSearchCV(LogisticRegression(), {"C": [1e-6, 1e-5]}, scoring=precision, cv=3)
    _fit(log, search, data.x, data.y)


@mistake("MLA026", "MLA015", "MLA008")
def no_leaf_is_large_enough(log: AuditLog) -> None:
    data = classes(600)
    model = HistGradientBoostingClassifier(
        early_stopping=True, n_iter_no_change=40, min_samples_leaf=500, random_state=0
    )
    _fit(log, model, data.x, data.y)
