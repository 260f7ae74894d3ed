"""Copies, clones and workers stay audited; a pickle loads where this package is missing."""

import copy
import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, EventType, read_entries
from mllog_sklearn import audited
from processes import spools, until
from recorded import Entries, of
from sklearn_training import iris, pipeline


def is_audited(estimator: Any) -> bool:
    """Whether its class is one that is watched."""
    return hasattr(type(estimator), "__mllog__")


@pytest.mark.parametrize("copied", [clone, copy.copy, copy.deepcopy])
def test_copies_are_audited(log: AuditLog, entries: Entries, copied: Any) -> None:
    """In the same log."""
    model = copied(audited(pipeline(), log, dataset="iris"))
    model.fit(*iris())
    assert {entry.dataset for entry in entries()} == {"iris"}


def test_a_deep_copy_is_as_deep_as_without(log: AuditLog) -> None:
    """Parts are copied, cycles included, and audited parts stay so."""
    model: Any = audited(make_pipeline(audited(Ridge(), log)), log)
    model.itself = model
    made = copy.deepcopy(model)
    assert made.itself is made
    assert made[0] is not model[0]
    assert is_audited(made)
    assert is_audited(made[0])
    shallow = copy.copy(model)
    assert shallow.steps is model.steps


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_holds_the_plain_class(log: AuditLog, protocol: int) -> None:
    """In each protocol, with all that was fitted; also of parts and of cycles."""
    inner = audited(LogisticRegression(), log)
    model: Any = audited(make_pipeline(audited(SelectKBest(k=2), log), inner), log).fit(*iris())
    model.itself = model
    data = pickle.dumps(model, protocol)
    assert b"mllog" not in data
    made = pickle.loads(data)
    assert made.itself is made
    assert [type(each) for each in (made, *made.named_steps.values())] == [
        type(make_pipeline()),
        SelectKBest,
        LogisticRegression,
    ]
    assert made.predict(iris()[0]).tolist() == model.predict(iris()[0]).tolist()


def test_states_of_their_own_are_pickled_as_without(log: AuditLog) -> None:
    """IsotonicRegression drops a function and makes it anew."""
    model = audited(IsotonicRegression(), log).fit([1, 2, 3], [1.0, 3.0, 2.0])
    for made in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert made.predict([1.5]).tolist() == model.predict([1.5]).tolist()


def test_a_dumped_model_loads_where_this_package_is_missing(log: AuditLog, tmp_path: Path) -> None:
    """By joblib, and by pickle."""
    model = audited(GridSearchCV(pipeline(), {"classify__C": [1, 2]}, cv=2), log).fit(*iris())
    joblib.dump(model, tmp_path / "model.joblib")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    code = (
        "import sys; sys.modules['mllog_sklearn'] = sys.modules['mllog_callbacks'] = None\n"
        "import joblib, pickle\n"
        f"models = joblib.load({str(tmp_path / 'model.joblib')!r}), "
        f"pickle.load(open({str(tmp_path / 'model.pkl')!r}, 'rb'))\n"
        "print([(type(each).__name__, each.best_params_) for each in models])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == str([("GridSearchCV", model.best_params_)] * 2)


def recorded_by_workers(log: AuditLog, directory: Path) -> list[Any]:
    """The entries of all other sessions of a log directory, once their processes have ended."""
    get_reusable_executor().shutdown(wait=True)
    until(lambda: all(log.session in folder.name for folder in spools(directory)))
    others = [file for file in directory.glob("*.jsonl") if file != log.path]
    return [entry for file in others for entry in read_entries(file)]


def test_fits_in_joblib_workers_are_recorded_in_sessions_of_their_own(tmp_path: Path) -> None:
    """Each names its parent, in the sidecar."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        scores = cross_val_score(audited(pipeline(), log), *iris(), cv=2, n_jobs=2)
        recorded = recorded_by_workers(log, directory)
        session = log.session
    assert scores.tolist() == cross_val_score(pipeline(), *iris(), cv=2).tolist()
    assert len(of(recorded, EventType.TRAINING_STARTED)) == 2
    assert len(of(recorded, EventType.TRAINING_COMPLETED)) == 2
    sidecars = [path.read_text() for path in (directory / "_integrity").glob("*")]
    assert any(f'"parent":"{session}"' in text.replace(": ", ":") for text in sidecars)


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_candidates_in_workers_are_recorded_at_debug_only(tmp_path: Path, level: str) -> None:
    """The search records the story; its candidates are parts of it, also in other processes."""
    directory = tmp_path / "logs"
    with AuditLog(directory, level=level) as log:
        inner = audited(DecisionTreeClassifier(random_state=0), log)
        search = audited(GridSearchCV(inner, {"max_depth": [1, 2]}, cv=2, n_jobs=2), log)
        search.fit(*iris())
        started = of(recorded_by_workers(log, directory), EventType.TRAINING_STARTED)
    assert len(started) == (4 if level == "DEBUG" else 0)


def test_candidates_in_threads_are_recorded_at_debug_only(log: AuditLog, entries: Entries) -> None:
    """As in the thread of the search."""
    inner = audited(DecisionTreeClassifier(random_state=0), log)
    search = GridSearchCV(inner, {"max_depth": [1, 2]}, cv=2, n_jobs=2)
    with joblib.parallel_backend("threading"):
        best = audited(search, log).fit(*iris()).best_estimator_
    assert len(of(entries(), EventType.TRAINING_STARTED)) == 1
    best.fit(*iris())
    assert len(of(entries(), EventType.TRAINING_STARTED)) == 2


def fit_once(model: Any) -> bool:
    """Fit in a worker; defined here, where workers can import it from."""
    model.fit(*iris())
    return is_audited(model)


def test_workers_of_the_standard_library_get_them_audited(tmp_path: Path) -> None:
    """Of concurrent.futures and of multiprocessing, spawned and forked."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        model = audited(Ridge(), log)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as executor:
            assert executor.submit(fit_once, model).result()
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply(fit_once, (model,))
        process = context.Process(target=fit_once, args=(model,))
        process.start()
        process.join()
        assert process.exitcode == 0
        assert len(of(recorded_by_workers(log, directory), EventType.TRAINING_COMPLETED)) == 3


def test_a_function_that_cannot_be_pickled_does_not_keep_a_model_from_its_worker(
    tmp_path: Path,
) -> None:
    """It is left behind; the fit and its trail are not."""
    called: list[Any] = []
    with AuditLog(tmp_path / "logs") as log:
        model = audited(Ridge(), log, on_issue=lambda issue: called.append(issue.code))
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply(fit_once, (model,))


def test_a_fork_within_a_fit_is_a_part_of_it(log: AuditLog, entries: Entries) -> None:
    """What the child fits is recorded at DEBUG only."""

    class Forking(Ridge):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Any, y: Any) -> Any:  # noqa: N803 - the protocol's
            if (child := os.fork()) == 0:
                audited(Ridge(), log).fit(X, y)
                os._exit(0)
            os.waitpid(child, 0)
            return self

    audited(Forking(), log).fit(*iris())
    assert len(of(entries(), EventType.TRAINING_STARTED)) == 1


def test_fits_in_threads_are_runs_of_their_own(log: AuditLog, entries: Entries) -> None:
    """Also at the same time."""
    threads = [
        threading.Thread(target=audited(DecisionTreeClassifier(), log).fit, args=iris())
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorded = entries()
    assert len(of(recorded, EventType.TRAINING_STARTED)) == 8
    assert len(of(recorded, EventType.TRAINING_COMPLETED)) == 8


def test_classes_of_settings_no_longer_used_are_forgotten(log: AuditLog) -> None:
    """An audited class lives as long as its instances."""
    gone = weakref.ref(type(audited(Ridge(), log, model="short-lived")))
    until(lambda: gc.collect() is not None and gone() is None, 5)
