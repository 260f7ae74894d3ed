"""One audit callback in many places: twice, in searches, in processes, at the end of a process."""

import inspect
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import lightgbm as lgb
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV

from lightgbm_training import PARAMS, data, train
from mllog_callbacks import AuditLog, EventType, Issue, LogEntry, read_entries, read_trail
from mllog_lightgbm import MLAuditCallback
from paths import SUPPORT
from recorded import Entries, done, facts_of, of, the_end

X, Y = load_breast_cancer(return_X_y=True)
STARTED, COMPLETED = EventType.TRAINING_STARTED, EventType.TRAINING_COMPLETED


def test_a_callback_given_twice_records_once(log: AuditLog, entries: Entries) -> None:
    """LightGBM itself calls it once."""
    callback = MLAuditCallback(log)
    lgb.train(PARAMS, data()[0], 3, callbacks=[callback, callback])
    assert the_end(entries()).event is COMPLETED


def test_callbacks_in_a_set_are_recorded_from_those_of_lightgbm(
    log: AuditLog, entries: Entries
) -> None:
    """What the caller gave was not added for a parameter."""
    training, valid = data()
    several: Any = {MLAuditCallback(log), lgb.early_stopping(2, verbose=False)}
    lgb.train(PARAMS | {"learning_rate": 5.0}, training, 50, valid_sets=[valid], callbacks=several)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert "set_by" not in facts_of(end)["stop"]["rule"]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_search_with_several_jobs_records_every_fit(tmp_path: Path, backend: str) -> None:
    """In processes each has a session of its own; in threads all record in one."""
    joblib = pytest.importorskip("joblib")
    with AuditLog(tmp_path) as log:
        search = GridSearchCV(
            lgb.LGBMClassifier(n_estimators=4, verbosity=-1, n_jobs=1),
            {"num_leaves": [3, 5]},
            cv=2,
            n_jobs=2,
        )
        with joblib.parallel_backend(backend):
            search.fit(X, Y, callbacks=[MLAuditCallback(log)])
        own = log.session
    recorded = _recorded(tmp_path, 5)  # 4 fits, and one of the best on all data
    assert sum(len(of(each, STARTED)) for each in recorded.values()) == 5
    others = [name for name in recorded if own not in name]
    assert bool(others) == (backend == "loky")


def test_trainings_have_numbers_also_side_by_side(log: AuditLog, entries: Entries) -> None:
    """In the order they began: by these, readers distinguish them."""
    audit, data = MLAuditCallback(log), lgb.Dataset(X, Y)

    def another(env: Any) -> None:
        if env.iteration == 1:
            lgb.train(PARAMS, lgb.Dataset(X, Y), 2, callbacks=[audit])

    lgb.train(PARAMS, data, 4, callbacks=[audit, another])
    lgb.train(PARAMS, data, 1, callbacks=[audit])
    recorded = [(each.event, facts_of(each).get("run")) for each in entries()]
    assert [number for event, number in recorded if event is STARTED] == [1, 2, 3]
    assert [number for event, number in recorded if event is COMPLETED] == [2, 1, 3]
    (story,) = read_trail(log).stories
    assert not story.overlapping
    ended = [run.end.snapshot["progress"]["done"] for run in story.runs if run.end]
    assert ended == [4, 2, 1]


def _recorded(folder: Path, ends: int) -> dict[str, list[LogEntry]]:
    deadline = time.monotonic() + 20
    while True:
        recorded = {path.name: list(read_entries(path)) for path in folder.glob("*.jsonl")}
        if sum(len(of(each, COMPLETED)) for each in recorded.values()) >= ends:
            return recorded
        assert time.monotonic() < deadline, recorded
        time.sleep(0.1)


def test_the_users_function_may_take_its_time(log: AuditLog, entries: Entries) -> None:
    """It is called beside the training; the end is recorded after it has come back."""
    heard: list[str] = []

    def hear(_issue: Issue) -> None:
        time.sleep(0.3)
        heard.append(threading.current_thread().name)

    def odd(_predicted: Any, _data: lgb.Dataset) -> tuple[str, float, bool]:
        return "odd", float("nan"), False

    training, valid = data()
    callback = MLAuditCallback(log, on_issue=hear, detectors=["non_finite"])
    params = PARAMS | {"metric": "None"}
    lgb.train(params, training, 4, valid_sets=[valid], feval=odd, callbacks=[callback])
    assert heard
    recorded = entries()
    assert recorded.index(of(recorded, EventType.ISSUE_DETECTED)[-1]) < recorded.index(
        the_end(recorded)
    )


def test_a_call_near_the_limit_of_recursion_ends_as_without(
    log: AuditLog, entries: Entries
) -> None:
    """The guards of ours need a few frames, and no more than they find."""

    def deep(left: int) -> int:
        if left:
            return deep(left - 1)
        booster: lgb.Booster = train(log, num_boost_round=3)
        return booster.current_iteration()

    assert deep(sys.getrecursionlimit() - len(inspect.stack(0)) - 150) == 3
    assert the_end(entries()).event is COMPLETED


_SCRIPT = """
import os, sys, threading, time
sys.path[:0] = {path!r}
import lightgbm as lgb
from lightgbm_training import PARAMS, data
from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback
log = AuditLog({folder!r})
training, valid = data()
def go(rounds, *others):
    given = [MLAuditCallback(log), *others]
    lgb.train(PARAMS, training, rounds, valid_sets=[valid], callbacks=given)
{code}
"""


def _run(folder: Path, code: str) -> tuple[int, list[LogEntry]]:
    here = SUPPORT
    script = _SCRIPT.format(path=[str(here), str(here.parent)], folder=str(folder), code=code)
    done = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    return done.returncode, [each for path in folder.glob("*.jsonl") for each in read_entries(path)]


def test_a_process_that_exits_while_a_thread_trains_ends_at_once(tmp_path: Path) -> None:
    """The daemon thread dies with it: the trail says that the end was not seen."""
    code = "threading.Thread(target=go, args=(10**7,), daemon=True).start()\ntime.sleep(1.5)"
    status, recorded = _run(tmp_path, code)
    assert status == 0
    assert len(of(recorded, STARTED)) == 1
    assert len(of(recorded, COMPLETED)) == 0


def test_an_exit_from_within_is_recorded(tmp_path: Path) -> None:
    """`sys.exit` in a callback, with nobody to catch it."""
    status, recorded = _run(
        tmp_path, "go(50, lambda env: sys.exit(3) if env.iteration == 4 else None)"
    )
    assert status == 3
    assert the_end(recorded).event is EventType.TRAINING_STOPPED
    assert "in iteration 5 of 50 (SystemExit)" in str(the_end(recorded).decision)


def test_what_was_recorded_before_a_kill_is_there(tmp_path: Path) -> None:
    """The progress up to the last iteration that was due."""
    code = "go(500, lambda env: os.kill(os.getpid(), 9) if env.iteration == 200 else None)"
    status, recorded = _run(tmp_path, code)
    assert status == -9
    assert done(of(recorded, EventType.TRAINING_PROGRESS)[-1]) == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_by_a_callback_goes_its_own_way(tmp_path: Path) -> None:
    """It may end as it likes: the training of its parent is recorded by the parent alone."""
    code = """
def fork(env):
    if env.iteration == 3:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
go(10, fork)
"""
    status, recorded = _run(tmp_path, code)
    assert status == 0
    assert the_end(recorded).event is COMPLETED
