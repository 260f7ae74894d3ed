"""Small real scikit-learn fits, and what to ask of their trail."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from mllog_callbacks import EventType, LogEntry
from recorded import of


def iris() -> tuple[Any, Any]:
    """150 rows of 4 features in 3 classes."""
    features, labels = load_iris(return_X_y=True)
    return features, labels


def cancer(*, frame: bool = False) -> tuple[Any, Any]:
    """569 rows of 30 features in 2 classes."""
    features, labels = load_breast_cancer(return_X_y=True, as_frame=frame)
    return features, labels


def pipeline(**kwargs: Any) -> Pipeline:
    """A scaler and a logistic regression."""
    return Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression(**kwargs))])


@contextmanager
def quiet() -> Iterator[None]:
    """Let warnings of a framework pass unseen, where a test is not about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def issues(recorded: list[LogEntry]) -> dict[str, LogEntry]:
    """The issues, by name."""
    found = of(recorded, EventType.ISSUE_DETECTED)
    return {str((entry.metrics_snapshot or {})["name"]): entry for entry in found}
