"""What can be trained: each algorithm with its hyperparameters, and how it is fitted.

Each `fit` reports its progress, and asks after each step whether it may go on.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Report = Callable[..., None]
"""Called as ``report(step, total, **metrics)``; raises `StoppedError` where it shall not go on."""

_TREES_A_STEP = 10


class StoppedError(Exception):
    """A person asked the training to stop."""


@dataclass(frozen=True)
class Algorithm:
    """An algorithm a person may choose.

    Attributes:
        label: Its name for people.
        defaults: Its hyperparameters with their defaults; a value's type is the default's.
        fit: Trains: with features, codes, hyperparameters and a `Report`; returns the model.
    """

    label: str
    defaults: Mapping[str, float | int]
    fit: Callable[[np.ndarray, np.ndarray, dict[str, Any], Report], Any]


def make_estimator(algorithm: str, values: dict[str, Any]) -> ClassifierMixin:
    """A scikit-learn estimator, not yet fitted."""
    if algorithm == "random_forest":
        return RandomForestClassifier(**values, random_state=0, warm_start=True)
    return LogisticRegression(**values, random_state=0)


def _fit_logistic(
    features: np.ndarray, codes: np.ndarray, values: dict[str, Any], report: Report
) -> Any:
    estimator = make_estimator("logistic_regression", values)
    scaler = StandardScaler().fit(features)
    estimator.fit(scaler.transform(features), codes)
    model = make_pipeline(scaler, estimator)
    report(1, 1, train_accuracy=float(model.score(features, codes)))
    return model


def _fit_forest(
    features: np.ndarray, codes: np.ndarray, values: dict[str, Any], report: Report
) -> Any:
    total = values.pop("n_estimators")
    forest = make_estimator("random_forest", {**values, "n_estimators": min(_TREES_A_STEP, total)})
    for trees in (*range(_TREES_A_STEP, total, _TREES_A_STEP), total):
        forest.set_params(n_estimators=trees).fit(features, codes)
        report(trees, total, train_accuracy=float(forest.score(features, codes)))
    return forest


class Boosted:
    """A LightGBM booster that predicts probabilities of all classes, as scikit-learn's do."""

    def __init__(self, booster: lgb.Booster) -> None:
        self.booster = booster

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Probabilities, a column a class."""
        found = np.asarray(self.booster.predict(features))
        return np.column_stack([1 - found, found]) if found.ndim == 1 else found


def _fit_boosting(
    features: np.ndarray, codes: np.ndarray, values: dict[str, Any], report: Report
) -> Any:
    classes = len(np.unique(codes))
    kind = (
        {"objective": "binary"}
        if classes == 2
        else {"objective": "multiclass", "num_class": classes}
    )
    rows = lgb.Dataset(features, codes)
    total = values.pop("num_iterations")

    def step(env: lgb.callback.CallbackEnv) -> None:
        results = {f"train_{each[1]}": each[2] for each in env.evaluation_result_list or ()}
        report(env.iteration + 1, total, **results)

    settings = {**kind, **values, "verbosity": -1, "num_threads": 1, "seed": 0}
    return Boosted(
        lgb.train(settings, rows, total, valid_sets=[rows], valid_names=["train"], callbacks=[step])
    )


ALGORITHMS: dict[str, Algorithm] = {
    "logistic_regression": Algorithm(
        "Logistic regression", {"C": 1.0, "max_iter": 200}, _fit_logistic
    ),
    "random_forest": Algorithm(
        "Random forest", {"n_estimators": 100, "max_depth": 8, "min_samples_leaf": 1}, _fit_forest
    ),
    "lightgbm": Algorithm(
        "Gradient boosting (LightGBM)",
        {"num_iterations": 100, "num_leaves": 15, "learning_rate": 0.1},
        _fit_boosting,
    ),
}

if importlib.util.find_spec("pytorch_lightning") or importlib.util.find_spec("lightning"):

    def make_trainer(**settings: Any) -> Any:
        """Lightning's trainer of one of our networks."""
        from workbench.network import new_trainer  # noqa: PLC0415 - torch takes seconds

        return new_trainer(**settings)

    def _fit_network(
        features: np.ndarray, codes: np.ndarray, values: dict[str, Any], report: Report
    ) -> Any:
        from workbench.network import fit_network  # noqa: PLC0415 - torch takes seconds

        return fit_network(features, codes, values, report)

    ALGORITHMS["neural_network"] = Algorithm(
        "Neural network (Lightning)",
        {"max_epochs": 20, "hidden_units": 32, "learning_rate": 0.01},
        _fit_network,
    )
