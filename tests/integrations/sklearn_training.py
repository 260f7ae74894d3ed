"""Small real scikit-learn fits, and what to ask of their trail."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from mllog_callbacks import RUN_ENDS, EventType, LogEntry

Entries = Callable[[], list[LogEntry]]


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


def of(told: list[LogEntry], *events: EventType) -> list[LogEntry]:
    """The entries of some event types."""
    return [entry for entry in told if entry.event in events]


def one(told: list[LogEntry], event: EventType) -> LogEntry:
    """The one entry of an event type."""
    (entry,) = of(told, event)
    return entry


def issues(told: list[LogEntry]) -> dict[str, LogEntry]:
    """The issues, by name."""
    found = of(told, EventType.ISSUE_DETECTED)
    return {str((entry.metrics_snapshot or {})["name"]): entry for entry in found}


def the_end(told: list[LogEntry]) -> LogEntry:
    """The one end of the one run; it is the last entry."""
    assert [entry.event for entry in told].count(EventType.TRAINING_STARTED) == 1
    ends = of(told, *RUN_ENDS)
    assert len(ends) == 1
    assert told[-1] is ends[0]
    return ends[0]
