"""What a fit was given: data of any kind, by whatever arguments, with whatever weights."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import pytest
from lightgbm import LGBMClassifier
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from mllog_callbacks import AuditLog, EventType
from mllog_sklearn import audited
from recorded import Entries, of, one
from sklearn_training import iris, issues, pipeline, quiet

TEXT = ["one text", "another text", None, "the last"]


class Anything(StandardScaler):  # type: ignore[misc]  # scikit-learn has no types
    """Takes any data."""

    def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
        """Take it."""
        return self


def training(recorded: list[Any]) -> Any:
    """The facts of the training data."""
    facts: Any = one(recorded, EventType.DATASET_VALIDATED).metrics_snapshot
    return facts["data"]["training"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pd.Series(TEXT), {"rows": 4, "features": 1, "missing": 1}),
        (pl.Series(TEXT), {"rows": 4, "features": 1, "missing": 1}),
        (pl.Series([1.0, float("nan"), None]), {"rows": 3, "missing": 2}),
        (TEXT, {"rows": 4, "features": 1, "missing": 1, "dtypes": {"str": 1}}),
        (np.array(TEXT, dtype=object), {"rows": 4, "missing": 1}),
        ([[1, None], [float("nan"), 4]], {"rows": 2, "features": 2, "missing": 2}),
        (pa.table({"a": [1, None], "b": ["x", "y"]}), {"rows": 2, "features": 2, "missing": 1}),
        (pa.chunked_array([[1, 2], [None]]), {"rows": 3, "missing": 1}),
        (sparse.csr_array([[1.0, np.nan], [0.0, 2.0]]), {"rows": 2, "missing": 1}),
        (sparse.dok_array((3, 2)), {"rows": 3, "not_counted": "values of dok_array are not read"}),
        (
            (text for text in ("a", "b")),
            {"rows": None, "not_counted": "an iterator can be read once only, by the fit"},
        ),
        (pl.LazyFrame({"a": [1]}), {"not_counted": "it is computed by the fit only"}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_sizes_and_missing_values_are_as_they_are(
    log: AuditLog, entries: Entries, data: Any, expected: dict[str, Any]
) -> None:
    """Or they are said not to be counted, with why."""
    audited(Anything(), log).fit(data)
    facts = training(entries())
    assert {name: facts.get(name) for name in expected} == expected
    if "not_counted" in expected:
        recorded = str(one(entries(), EventType.DATASET_VALIDATED).reasoning)
        assert f"Missing values were not counted: {expected['not_counted']}." in recorded


def test_arguments_by_name_in_any_order(log: AuditLog, entries: Entries) -> None:
    """The data is the first parameter, and not the first argument."""
    features, labels = iris()
    model = audited(RandomForestClassifier(n_estimators=2, random_state=0), log)
    model.fit(y=labels, X=features).score(y=labels, X=features)
    assert training(entries())["features"] == 4
    assert (entries()[-1].metrics_snapshot or {})["rows"] == 150


WEIGHTS = np.linspace(0.1, 1, 220)
LABELS = np.repeat([0, 1], [205, 15])
FEATURES = np.random.default_rng(0).random((220, 3)) + LABELS[:, None]


@pytest.mark.parametrize(
    ("model", "arguments", "given"),
    [
        (LogisticRegression(), {"sample_weight": WEIGHTS}, "sample_weight=ndarray of shape (220,)"),
        (
            pipeline(),
            {"classify__sample_weight": WEIGHTS},
            "classify__sample_weight=ndarray of shape (220,)",
        ),
        (
            LGBMClassifier(n_estimators=2, scale_pos_weight=9.0, verbosity=-1, n_jobs=1),
            {},
            "scale_pos_weight=9.0",
        ),
        (
            LGBMClassifier(n_estimators=2, is_unbalance=True, verbosity=-1, n_jobs=1),
            {},
            "is_unbalance=True",
        ),
        (pipeline(class_weight="balanced"), {}, "classify__class_weight=balanced"),
        (LogisticRegression(), {}, ""),
    ],
)
def test_what_weighs_rows_is_named_and_nothing_is_concluded(
    log: AuditLog, entries: Entries, model: Any, arguments: dict[str, Any], given: str
) -> None:
    """Neither from what was given, nor from what was not."""
    with quiet():
        audited(model, log).fit(FEATURES, LABELS, **arguments)
    reasoning = str(issues(entries())["class_imbalance"].reasoning)
    assert reasoning.endswith(f"Given to the fit: {given}." if given else "of the smallest.")
    assert "weigh the same" not in reasoning


def test_weights_of_an_earlier_fit_are_not_recorded(log: AuditLog, entries: Entries) -> None:
    """A search that is fitted anew has a best estimator of before."""
    grid = {"class_weight": ["balanced"]}
    search: Any = audited(GridSearchCV(LogisticRegression(), grid, cv=2), log)
    search.fit(FEATURES, LABELS)
    search.set_params(param_grid={"C": [1.0]}).fit(FEATURES, LABELS)
    recorded = of(entries(), EventType.ISSUE_DETECTED)
    assert len(recorded) == 2
    assert all("class_weight" not in str(each.reasoning) for each in recorded)


def test_calls_of_partial_fit_are_counted_since_they_were_begun(
    log: AuditLog, entries: Entries
) -> None:
    """Since the estimator was audited in this process, and anew from each fit."""
    features, labels = iris()
    model = audited(SGDClassifier(random_state=0), log)
    for _ in range(3):
        model.partial_fit(features, labels, classes=[0, 1, 2])
    loaded = audited(pickle.loads(pickle.dumps(model)), log)
    loaded.partial_fit(features, labels)
    model.fit(features, labels)
    model.partial_fit(features, labels)
    model.partial_fit(features, labels)
    ends: list[Any] = [
        each.metrics_snapshot for each in of(entries(), EventType.TRAINING_COMPLETED)
    ]
    counted = [(each["calls"], each["rows"], each["counted"]) for each in ends if "calls" in each]
    audited_here, fitted = "since it was audited in this process", "since its last fit"
    assert counted == [
        (1, 150, audited_here),
        (2, 300, audited_here),
        (1, 150, audited_here),
        (1, 150, fitted),
        (2, 300, fitted),
    ]
