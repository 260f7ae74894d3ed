"""No training vanishes: what a fit is a part of is decided by where its estimator comes from.

While the main thread trains, models are sent to pools of processes and threads; each is recorded.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, EventType, read_entries
from mllog_sklearn import audited
from processes import spools, until
from recorded import Entries, of
from sklearn_training import iris

MANY = os.environ.get("MLLOG_TEST_POOLS")
MODELS = int(MANY or 8)
"""How many models each pool is given; with ``MLLOG_TEST_POOLS=100`` as many, and loky's too."""


def train(model: Any) -> None:
    """Fit in a worker; defined here, where workers can import it from."""
    model.fit(*iris())


def executed(make: Callable[[], Executor]) -> Callable[[list[Any]], None]:
    """A pool of concurrent.futures, as a function of models."""

    def run(models: list[Any]) -> None:
        with make() as executor:
            list(executor.map(train, models))

    return run


def joined(backend: str) -> Callable[[list[Any]], None]:
    """Workers of joblib, likewise."""
    return lambda models: joblib.Parallel(2, backend=backend)(
        joblib.delayed(train)(model) for model in models
    )


def forked(models: list[Any]) -> None:
    """A pool of multiprocessing, likewise."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(train, models)


FORK = multiprocessing.get_context("fork")
POOLS = {
    "processes": executed(lambda: ProcessPoolExecutor(2, mp_context=FORK)),
    "threads": executed(lambda: ThreadPoolExecutor(4)),
    "joblib threads": joined("threading"),
    "loky": joined("loky"),
    "pool": forked,
}


@contextmanager
def training_meanwhile(log: AuditLog) -> Iterator[None]:
    """Another thread is in an audited fit all the time."""
    begun, over = threading.Event(), threading.Event()

    class Waiting(Ridge):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Any, y: Any) -> Any:  # noqa: N803 - the protocol's
            begun.set()
            over.wait(60)
            return super().fit(X, y)

    thread = threading.Thread(target=audited(Waiting(), log).fit, args=iris())
    thread.start()
    begun.wait(60)
    yield
    over.set()
    thread.join()


def models(log: AuditLog) -> list[Any]:
    """New ones, clones, what an earlier search has chosen, and one that was fitted before."""
    tree = audited(DecisionTreeClassifier(random_state=0), log)
    chosen: Any = audited(GridSearchCV(tree, {"max_depth": [1, 2]}, cv=2), log).fit(*iris())
    kinds: list[Callable[[], Any]] = [
        lambda: tree,
        lambda: clone(tree),
        lambda: chosen.best_estimator_,
        lambda: clone(chosen.best_estimator_),
    ]
    return [audited(kinds[k % len(kinds)](), log, model=f"model {k}") for k in range(MODELS)]


@pytest.mark.parametrize("pool", [each for each in POOLS if MANY or each != "loky"])
def test_each_model_of_a_pool_is_recorded_while_another_trains(tmp_path: Path, pool: str) -> None:
    """In processes and threads, one start and one end each."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        with training_meanwhile(log):
            POOLS[pool](models(log))
        if pool == "loky":
            joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
        log.flush(10)
        until(lambda: all(log.session in folder.name for folder in spools(directory)))
        recorded = [entry for file in directory.glob("*.jsonl") for entry in read_entries(file)]
    for event in (EventType.TRAINING_STARTED, EventType.TRAINING_COMPLETED):
        named = sorted(
            str(entry.model) for entry in of(recorded, event) if "model" in str(entry.model)
        )
        assert named == sorted(f"model {k}" for k in range(MODELS))


def test_what_a_search_has_chosen_trains_alone_while_a_search_is_under_way(
    log: AuditLog, entries: Entries
) -> None:
    """It came from a search that is over."""
    tree = audited(DecisionTreeClassifier(random_state=0), log)
    best = audited(GridSearchCV(tree, {"max_depth": [1, 2]}, cv=2), log).fit(*iris())
    with training_meanwhile(log):
        best.best_estimator_.fit(*iris())
    assert len(of(entries(), EventType.TRAINING_COMPLETED)) == 3


def test_a_worker_forked_within_a_fit_records_what_it_is_sent_later(
    log: AuditLog, entries: Entries
) -> None:
    """The call it was forked in is over by then, and its models come from elsewhere."""
    pools: list[ProcessPoolExecutor] = []

    class Forking(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Any, y: Any) -> Any:  # noqa: ARG002, N803 - the protocol's
            pools.append(ProcessPoolExecutor(1, mp_context=FORK))
            pools[0].submit(os.getpid).result()
            return self

    audited(Forking(), log).fit(*iris())
    pools[0].submit(train, audited(Ridge(), log)).result()
    pools[0].shutdown()
    directory = log.path.parent
    until(lambda: all(log.session in folder.name for folder in spools(directory)))
    others = [file for file in directory.glob("*.jsonl") if file != log.path]
    recorded = [entry for file in others for entry in read_entries(file)]
    assert len(of(recorded, EventType.TRAINING_COMPLETED)) == 1
    assert len(of(entries(), EventType.TRAINING_COMPLETED)) == 1
