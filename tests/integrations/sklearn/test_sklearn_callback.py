"""scikit-learn's own callbacks, where it has them: the same story, with the progress within."""

import pickle
from pathlib import Path

import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from mllog_callbacks import AuditLog, EventType, read_entries
from mllog_sklearn import MLAuditCallback, audited
from recorded import Entries, of, the_end
from sklearn_training import cancer, iris, issues, pipeline, quiet

pytestmark = [
    pytest.mark.skipif(
        not hasattr(LogisticRegression, "set_callbacks"),
        reason=f"scikit-learn {sklearn.__version__} has no callbacks",
    ),
]


def test_iterations_are_recorded_as_they_come(log: AuditLog, entries: Entries) -> None:
    """At a rate a person reads, between the start and the one end."""
    model = LogisticRegression(max_iter=30).set_callbacks(MLAuditCallback(log, dataset="cancer"))
    with quiet():
        model.fit(*cancer())
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED
    tasks = [str(entry.decision) for entry in of(recorded, EventType.TRAINING_PROGRESS)]
    assert tasks[:4] == [f"Task lbfgs-iter, {n} of at most 31, is done." for n in (1, 2, 5, 10)]
    assert "n_iter_=30 reached max_iter=30" in str(issues(recorded)["not_converged"].reasoning)
    assert {entry.dataset for entry in recorded} == {"cancer"}


def test_beside_the_wrapper_it_adds_progress_to_the_same_run(
    log: AuditLog, entries: Entries
) -> None:
    """There is one start and one end."""
    inner = pipeline().set_callbacks(MLAuditCallback(log))
    audited(inner, log).fit(*iris())
    recorded = entries()
    the_end(recorded)
    assert "fit-transform-scale, 1 of at most 2" in str(
        of(recorded, EventType.TRAINING_PROGRESS)[0].decision
    )


def test_results_are_the_same_with_and_without(tmp_path: Path) -> None:
    """And no warning is added."""
    bare = GridSearchCV(pipeline(), {"classify__C": [1, 2]}, cv=2).fit(*iris())
    with AuditLog(tmp_path, level="ERROR") as log:
        model = clone(bare).set_callbacks(MLAuditCallback(log)).fit(*iris())
    assert model.cv_results_["mean_test_score"].tolist() == (
        bare.cv_results_["mean_test_score"].tolist()
    )


def test_an_error_is_recorded_as_the_end(log: AuditLog, entries: Entries) -> None:
    """And one that was being handled before the fit is not."""
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, cv=1000)
    with pytest.raises(ValueError, match="n_splits=1000"):
        search.set_callbacks(MLAuditCallback(log)).fit(*iris())
    assert the_end(entries()).event is EventType.TRAINING_FAILED
    try:
        dict[str, int]()["missing"]
    except KeyError:
        pipeline().set_callbacks(MLAuditCallback(log)).fit(*iris())
    assert entries()[-1].event is EventType.TRAINING_COMPLETED


def test_tasks_in_workers_are_recorded_there(tmp_path: Path) -> None:
    """In sessions of their own; the parent records start, choice and end."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [1, 2]}, cv=2, n_jobs=2)
        search.set_callbacks(MLAuditCallback(log)).fit(*iris())
        log.flush(10)
        assert len(of(list(read_entries(log.path)), EventType.MODEL_COMPARED)) == 1
        recorded = [
            entry
            for file in directory.glob("*.jsonl")
            if file != log.path
            for entry in read_entries(file)
        ]
    assert {entry.event for entry in recorded} == {EventType.TRAINING_PROGRESS}
    assert any("candidate-split-evaluation, " in str(entry.decision) for entry in recorded)


def test_parts_of_a_fit_are_recorded_at_debug_only(tmp_path: Path) -> None:
    """A callback set on what a search clones sees each of its fits."""
    for level, started in (("INFO", 0), ("DEBUG", 3)):
        with AuditLog(tmp_path / level, level=level) as log:
            inner = LogisticRegression(max_iter=500).set_callbacks(MLAuditCallback(log))
            GridSearchCV(inner, {"C": [1]}, cv=2).fit(*iris())
            log.flush(10)
            assert log.path.read_text().count('"TRAINING_STARTED"') == started


def test_it_is_pickled_without_the_fit_it_watches(log: AuditLog) -> None:
    """As a part of an estimator."""
    model = LogisticRegression(max_iter=500).set_callbacks(MLAuditCallback(log, model="mine"))
    made = pickle.loads(pickle.dumps(model.fit(*iris())))
    assert made.fit(*iris()).score(*iris()) > 0.9
