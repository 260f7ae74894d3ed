"""An audited fit records its story: data, choices, what came of it."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mllog_callbacks import RUN_ENDS, AuditLog, EventType
from mllog_sklearn import audited
from recorded import Entries, of, one, the_end
from sklearn_training import cancer, iris, pipeline, quiet


def test_a_fit_records_its_story_in_order(log: AuditLog, entries: Entries) -> None:
    """From the start to the one end."""
    with quiet():
        audited(RandomForestClassifier(n_estimators=5, random_state=0), log).fit(*iris())
    recorded = entries()
    assert [entry.event for entry in recorded] == [
        EventType.TRAINING_STARTED,
        EventType.DATASET_VALIDATED,
        EventType.ALGORITHM_SELECTED,
        EventType.HYPERPARAMETERS_SET,
        EventType.TRAINING_COMPLETED,
    ]
    assert {entry.model for entry in recorded} == {"RandomForestClassifier"}
    assert "150 rows of 4 features" in str(recorded[0].decision)
    assert "Rows by class 0: 50 (33.3%), 1: 50 (33.3%), 2: 50 (33.3%)" in str(recorded[1].reasoning)
    assert "a classifier, of scikit-learn " in str(recorded[2].decision)


def test_names_of_the_caller_stand_in_the_entries(log: AuditLog, entries: Entries) -> None:
    """As given to `audited`."""
    audited(Ridge(), log, dataset="credit.v3", model="scorecard").fit(*iris())
    assert {(entry.dataset, entry.model) for entry in entries()} == {("credit.v3", "scorecard")}


FRAME = pd.DataFrame({"a": [1.0, np.nan, 3.0, 4.0], "b": [1, 1, 1, 1], "c": ["x", None, "y", "x"]})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (FRAME, {"rows": 4, "features": 3, "missing": 2, "constant": ["b"]}),
        (pl.DataFrame(FRAME), {"rows": 4, "features": 3, "constant": ["b"]}),
        (np.array([[1.0, np.nan], [1.0, 2.0]]), {"rows": 2, "missing": 1, "constant": ["0"]}),
        (np.array([[1, 2], [3, 4]]), {"rows": 2, "features": 2, "missing": 0}),
        (sparse.eye_array(4, format="csr"), {"rows": 4, "features": 4, "stored": 0.25}),
        ([[1, 2], [3, 4], [5, 6]], {"rows": 3, "features": 2, "kind": "list"}),
    ],
)
def test_data_of_any_kind_is_described(
    log: AuditLog, entries: Entries, data: Any, expected: dict[str, Any]
) -> None:
    """Rows, features, missing values, constant features."""

    class Anything(StandardScaler):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
            return self

    audited(Anything(), log).fit(data)
    snapshot: Any = one(entries(), EventType.DATASET_VALIDATED).metrics_snapshot
    found = snapshot["data"]["training"]
    assert {name: found.get(name) for name in expected} == expected


def test_large_data_is_sampled_and_said_to_be(log: AuditLog, entries: Entries) -> None:
    """Beyond a million values only evenly spaced rows are looked at."""
    audited(StandardScaler(), log).fit(np.ones((300_000, 10), dtype=np.float32))
    entry, *_ = of(entries(), EventType.DATASET_VALIDATED)
    assert "No value is missing in a sample of 100,000 evenly spaced rows." in str(entry.reasoning)


def test_an_iterator_is_not_consumed(log: AuditLog, entries: Entries) -> None:
    """What a fit is given reaches it whole."""
    audited(CountVectorizer(), log).fit(text for text in ("one text", "another text"))
    assert "a generator" in str(one(entries(), EventType.DATASET_VALIDATED).decision)


def test_transformers_of_a_pipeline_are_recorded(log: AuditLog, entries: Entries) -> None:
    """What went in, what came out, of which columns."""
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["a", "b"]), ("texts", OneHotEncoder(), ["c"])]
    )
    data = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1, 2, 1, 2], "c": ["x", "z", "y", "x"]})
    audited(make_pipeline(columns, LogisticRegression()), log).fit(data, [0, 1, 0, 1])
    entry = one(entries(), EventType.DATASET_PREPROCESSED)
    assert "Step 1 of 2, columntransformer: ColumnTransformer" in str(entry.decision)
    assert "of 3 features into 5 features" in str(entry.decision)
    assert "texts: OneHotEncoder took c." in str(entry.reasoning)


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_a_transformer_alone_is_recorded_as_one(
    log: AuditLog, entries: Entries, method: str
) -> None:
    """Once, also where fit_transform calls fit."""
    getattr(audited(StandardScaler(), log), method)(iris()[0])
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED
    assert "StandardScaler was fitted" in str(
        one(recorded, EventType.DATASET_PREPROCESSED).decision
    )


def test_a_frozen_estimator_trains_nothing(log: AuditLog, entries: Entries) -> None:
    """Though it answers as the one that it holds."""
    frozen = FrozenEstimator(pipeline().fit(*iris()))
    audited(frozen, log).fit(*iris())
    recorded = entries()
    assert the_end(recorded).decision == "Nothing was trained."
    assert recorded[0].model == "FrozenEstimator(Pipeline(StandardScaler, LogisticRegression))"
    assert not of(recorded, EventType.DATASET_PREPROCESSED)


def test_fit_predict_is_one_fit(log: AuditLog, entries: Entries) -> None:
    """With the iterations it needed."""
    audited(KMeans(3, n_init=1, random_state=0), log).fit_predict(iris()[0])
    assert "of at most 300 iterations" in str(the_end(entries()).decision)


def test_scores_are_evaluations(log: AuditLog, entries: Entries) -> None:
    """With their metric, where the estimator says what it is."""
    model = audited(RandomForestClassifier(n_estimators=5, random_state=0), log).fit(*iris())
    value = model.score(*iris())
    audited(Ridge(), log).fit(*iris()).score(*iris())
    accuracy, r2 = of(entries(), EventType.MODEL_EVALUATED)
    assert accuracy.metrics_snapshot == {"results": {"scored": {"accuracy": value}}, "rows": 150}
    assert "(R2) on 150 rows" in str(r2.decision)
    model = audited(GridSearchCV(pipeline(), {"classify__C": [1]}, cv=2), log).fit(*iris())
    model.score(*iris())
    assert "(accuracy) on 150 rows" in str(entries()[-1].decision)


def test_the_metric_of_a_score_is_known_or_not_recorded(log: AuditLog, entries: Entries) -> None:
    """A search scores by what it was refitted for; a placeholder is no metric."""
    search = GridSearchCV(
        Ridge(), {"alpha": [1.0]}, cv=2, scoring=["r2", "neg_max_error"], refit="r2"
    )
    audited(search, log).fit(*iris()).score(*iris())
    assert "(r2) on 150 rows" in str(entries()[-1].decision)
    with quiet():
        audited(LogisticRegressionCV(Cs=2, cv=2), log).fit(*iris()).score(*iris())
    assert "(warn)" not in str(entries()[-1].decision)


def test_what_stops_a_fit_early_is_not_what_its_score_is(log: AuditLog, entries: Entries) -> None:
    """HistGradientBoosting's `scoring` is for its own early stopping."""
    model = HistGradientBoostingClassifier(scoring="loss", max_iter=3, random_state=0)
    value = audited(model, log).fit(*iris()).score(*iris())
    entry = one(entries(), EventType.MODEL_EVALUATED)
    assert entry.metrics_snapshot == {"results": {"scored": {"accuracy": value}}, "rows": 150}


class Scored(Ridge):  # type: ignore[misc]  # scikit-learn has no types
    """Has a score for each of its targets."""

    def score(self, X: Any, y: Any) -> Any:  # noqa: ARG002, N803 - the protocol's
        """Return two numbers."""
        return np.array([0.25, 0.75])


def test_a_score_of_several_numbers_is_its_callers(log: AuditLog, entries: Entries) -> None:
    """It is returned as it is, and no evaluation is made up of it."""
    model = audited(Scored(), log).fit(*iris())
    assert model.score(*iris()).tolist() == [0.25, 0.75]
    assert the_end(entries()) is not None
    assert not of(entries(), EventType.MODEL_EVALUATED)


def test_the_method_that_was_called_is_named(log: AuditLog, entries: Entries) -> None:
    """With the kind of the data, in good English."""
    audited(LocalOutlierFactor(), log).fit_predict(iris()[0])
    recorded = entries()
    chosen = one(recorded, EventType.ALGORITHM_SELECTED)
    assert "LocalOutlierFactor, an outlier detector, of" in str(chosen.decision)
    assert "fit_predict was called on an instance of sklearn.neighbors" in str(chosen.reasoning)
    data = one(recorded, EventType.DATASET_VALIDATED)
    assert "150 rows of 4 features, an ndarray." in str(data.decision)
    assert "labels_looked_at" not in str(data.metrics_snapshot)


def test_columns_are_recorded_as_they_were_given(log: AuditLog, entries: Entries) -> None:
    """A mask by what it takes, a slice as one, what is dropped as left out."""
    columns = ColumnTransformer(
        [
            ("mask", StandardScaler(), [True, False, True, False]),
            ("slice", StandardScaler(), slice(1, 3)),
            ("none", "drop", [2]),
            ("words", CountVectorizer(), "text"),
        ]
    )
    frame = pd.DataFrame({"a": [1, 2], "b": [1, 3], "c": [1, 2], "text": ["a word", "two words"]})
    audited(columns, log).fit(frame)
    reasoning = str(one(entries(), EventType.DATASET_PREPROCESSED).reasoning)
    assert "mask: StandardScaler took 0, 2." in reasoning
    assert "slice: StandardScaler took the columns of slice(1, 3, None)." in reasoning
    assert "none left out 2." in reasoning
    assert reasoning.endswith("words: CountVectorizer took text.")


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pl.Series, pd.DataFrame])
def test_labels_are_counted_in_whatever_they_come(
    log: AuditLog, entries: Entries, kind: Any
) -> None:
    """A column of a table too."""
    with quiet():
        audited(LogisticRegression(), log).fit([[0.0], [1.0], [2.0]], kind([0, 1, 1]))
    assert "Rows by class 0: 1 (33.3%), 1: 2 (66.7%)." in str(
        one(entries(), EventType.DATASET_VALIDATED).reasoning
    )


def test_labels_that_are_too_few_are_no_sample(log: AuditLog, entries: Entries) -> None:
    """The fit fails of them, and all were counted."""
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        audited(LogisticRegression(), log).fit(iris()[0], [0] * 10)
    assert "Rows by class 0: 10 (100.0%)." in str(
        one(entries(), EventType.DATASET_VALIDATED).reasoning
    )


def test_partial_fits_are_recorded_at_a_rate_a_person_reads(
    log: AuditLog, entries: Entries
) -> None:
    """Calls 1, 2, 5, 10; each is a run with one end."""
    features, labels = iris()
    model = audited(SGDClassifier(random_state=0), log)
    for _ in range(12):
        model.partial_fit(features, labels, classes=[0, 1, 2])
    ends = of(entries(), *RUN_ENDS)
    calls = [int((entry.metrics_snapshot or {})["calls"]) for entry in ends]  # type: ignore[arg-type]  # they are integers
    assert calls == [1, 2, 5, 10]
    assert len(of(entries(), EventType.TRAINING_STARTED)) == 4
    assert (ends[-1].metrics_snapshot or {})["rows"] == 1_500


def test_a_partial_fit_that_fails_is_always_recorded(log: AuditLog, entries: Entries) -> None:
    """Also between the calls that are recorded."""
    features, labels = iris()
    model = audited(SGDClassifier(random_state=0), log)
    for _ in range(3):
        model.partial_fit(features, labels, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(features[:, :2], labels)
    last = entries()[-1]
    assert last.event is EventType.TRAINING_FAILED
    assert "call 4" in str(of(entries(), EventType.TRAINING_STARTED)[-1].reasoning)


@pytest.mark.parametrize("given", [StandardScaler, object(), "a text"])
def test_what_is_no_estimator_is_refused(given: object) -> None:
    """With what was expected."""
    with pytest.raises(TypeError, match="takes an estimator, an instance with a method fit"):
        audited(given)


def test_the_estimator_given_stays_as_it_was(log: AuditLog, entries: Entries) -> None:
    """What is audited is what is returned."""
    given = Ridge()
    made = audited(given, log)
    given.fit(*iris())
    assert entries() == []
    assert type(given) is Ridge
    assert not hasattr(made, "coef_")


def test_frames_pass_untouched(log: AuditLog) -> None:
    """Their columns become the names of features; nothing is written to them."""
    features, labels = cancer(frame=True)
    before = features.copy()
    model = audited(make_pipeline(StandardScaler(), Ridge()), log).fit(features, labels)
    assert list(model.feature_names_in_) == list(features.columns)
    pd.testing.assert_frame_equal(features, before)


def test_a_missing_framework_is_one_plain_error() -> None:
    """It names the command that installs it."""
    code = "import sys; sys.modules['sklearn'] = None; import mllog_sklearn"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert shown.stderr.splitlines()[-1] == (
        "ImportError: mllog_sklearn needs scikit-learn: pip install 'mllog-callbacks[sklearn]'"
    )
