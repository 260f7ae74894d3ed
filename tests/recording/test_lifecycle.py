"""Rules of a run's life: what breaks them is reported with its line; what runs really do is not."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mllog_callbacks import (
    RUN_ENDS,
    AuditLog,
    Auditor,
    EventType,
    LogEntry,
    Reason,
    Run,
    read_entries,
)
from mllog_callbacks.integrity import Status
from processes import drained, emit_one, ended, forked
from recorded import facts_of
from sealed import judge, kill, problems

START, PROGRESS = "TRAINING_STARTED", "TRAINING_PROGRESS"
COMPLETED, STOPPED, FAILED = "TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"
ENDLESS = "begins a run that has no end"
SECOND = "ends a run, but each run of these names that began before has had its end"
LATE = "ends a run, but each run that began before has had its end"
OUTSIDE = "reports progress while no run is open"


def entries_of(log: AuditLog) -> list[LogEntry]:
    """What a log holds so far."""
    assert log.flush(30)
    return list(read_entries(log.path))


@pytest.mark.parametrize(
    ("events", "recorded"),
    [
        ([], {}),
        (["DATASET_UPLOADED", "MODEL_SAVED"], {}),
        ([START, PROGRESS, COMPLETED], {}),
        ([START, STOPPED, START, FAILED], {}),
        ([START, START, PROGRESS, COMPLETED, PROGRESS, STOPPED, "MODEL_SAVED"], {}),
        ([FAILED], {}),  # a run that was refused before it began
        ([START, COMPLETED, FAILED], {3: SECOND}),
        ([START, FAILED, FAILED], {3: SECOND}),
        ([START, COMPLETED, START, FAILED, FAILED], {5: SECOND}),
        ([PROGRESS], {}),  # of a caller's own
        ([START, PROGRESS], {1: ENDLESS}),
        ([START, START, COMPLETED], {1: ENDLESS}),
        ([COMPLETED], {1: LATE}),
        ([START, COMPLETED, COMPLETED], {3: LATE}),
        ([START, COMPLETED, STOPPED], {3: LATE}),
        ([COMPLETED, START], {1: LATE, 2: ENDLESS}),
        ([START, COMPLETED, PROGRESS], {3: OUTSIDE}),
    ],
)
def test_a_broken_rule_is_recorded_with_its_line(
    tmp_path: Path, events: list[str], recorded: dict[int, str]
) -> None:
    """One start and one end a run, progress in between; whatever else happens."""
    with AuditLog(tmp_path, session="run") as log:
        for event in events:
            log.emit(event)
    drained(tmp_path)
    found = {each.first: each.reason for each in judge(tmp_path).problems if each.first}
    assert found.keys() == recorded.keys()
    assert all(found[line].endswith(recorded[line]) for line in recorded)
    assert judge(tmp_path).life_cycle == (Status.INCOMPLETE if recorded else Status.SOUND)


def test_the_run_without_an_end_is_found_by_its_names(tmp_path: Path) -> None:
    """Where several are under way."""
    with AuditLog(tmp_path, session="run", dataset="d") as log:
        for model in "a", "b", "c":
            log.emit(START, model=model)
        for model in "a", "c":
            log.emit(COMPLETED, model=model)
    drained(tmp_path)
    assert [each.first for each in judge(tmp_path).problems if each.first] == [2]


def test_two_ends_of_one_run_are_found_beside_another_of_other_names(tmp_path: Path) -> None:
    """The other one is not taken for the one that ended twice."""
    with AuditLog(tmp_path, session="run", dataset="d") as log:
        for event, model in (START, "a"), (START, "b"), (COMPLETED, "a"), (FAILED, "a"):
            log.emit(event, model=model)
        log.emit(STOPPED, model="a")
        log.emit(COMPLETED, model="b")
    drained(tmp_path)
    assert [each.first for each in judge(tmp_path).problems if each.first] == [4, 5]


def side_by_side(log: AuditLog) -> tuple[Run, Run]:
    """Two runs of the same names, of which the second begins while the first is under way."""
    first, second = Auditor(log, model="m").new_run(), Auditor(log, model="m").new_run()
    for each in first, second:
        each.emit(EventType.TRAINING_STARTED, Reason("Started."))
    return first, second


def test_runs_of_the_same_names_side_by_side_are_distinguished(tmp_path: Path) -> None:
    """Each by its number."""
    with AuditLog(tmp_path, session="run") as log:
        first, second = side_by_side(log)
        other = Auditor(log, model="another").new_run()
        other.emit(EventType.TRAINING_STARTED, Reason("Started."), {"n": 0})
        for n, each in enumerate((first, second, other, first)):
            each.emit(EventType.TRAINING_PROGRESS, Reason("Goes on."), {"n": n})
        for each in second, first, other:
            each.end(EventType.TRAINING_COMPLETED, Reason("Done."))
        alone = Auditor(log, model="m").new_run()
        alone.emit(EventType.TRAINING_STARTED, Reason("Started."))
        alone.end(EventType.TRAINING_COMPLETED, Reason("Done."))
        recorded = [(each.metrics_snapshot or {}).get("run") for each in entries_of(log)]
    assert recorded == [1, 2, 3, 1, 2, 3, 1, 2, 1, 3, 4, 4]
    drained(tmp_path)
    assert judge(tmp_path).life_cycle == Status.SOUND


def test_two_ends_of_one_run_and_none_of_the_other_are_found(tmp_path: Path) -> None:
    """Though both have the same names: the number says which ended twice."""
    with AuditLog(tmp_path, session="run") as log:
        _, second = side_by_side(log)
        second.end(EventType.TRAINING_COMPLETED, Reason("Done."))
        second.ended = False  # as a defect of an adapter would have it
        second.end(EventType.TRAINING_FAILED, Reason("Failed."))
    drained(tmp_path)
    found = {each.first: each.reason for each in judge(tmp_path).problems if each.first}
    assert found == {
        1: ENDLESS,
        4: "TRAINING_FAILED ends a run that has had its end: run 2 of this session",
    }


def test_an_end_may_name_what_its_start_did_not(tmp_path: Path) -> None:
    """A model's name may be known later than the start, again and again."""
    with AuditLog(tmp_path, session="run") as log:
        for _ in range(2):
            log.emit(START)
            log.emit(FAILED, model="a", dataset="d")
    drained(tmp_path)
    assert judge(tmp_path).life_cycle == Status.SOUND


def test_a_refused_run_ends_no_other(tmp_path: Path) -> None:
    """Nor is its failure a second end of an earlier run: it says that it had not begun."""
    with AuditLog(tmp_path, session="run", model="a") as log:
        for event in START, COMPLETED, START:
            log.emit(event)
        log.emit(FAILED, metrics_snapshot={"begun": False})
        log.emit(COMPLETED)
    drained(tmp_path)
    assert judge(tmp_path).life_cycle == Status.SOUND


def test_a_killed_run_has_an_end_and_one_under_way_needs_none_yet(tmp_path: Path) -> None:
    """What is said follows from how the session ended."""
    with AuditLog(tmp_path, session="run") as log:
        log.emit(START)
        assert log.flush(10)
        assert judge(tmp_path).life_cycle == Status.SOUND

    def train() -> None:
        AuditLog(tmp_path, session="killed").emit(START)
        os.kill(os.getpid(), 9)

    ended(forked(train))
    assert problems(tmp_path, "killed") == []
    end = [entry for entry in read_entries(tmp_path) if entry.event in RUN_ENDS][-1]
    assert facts_of(end)["stop"]["by"] == "killed"


def test_a_worker_may_end_what_its_parent_began(tmp_path: Path) -> None:
    """A forked child logs in a session of its own."""
    with AuditLog(tmp_path, session="run") as log:
        log.emit(START)

        def work() -> None:
            log.emit(PROGRESS)
            log.emit(COMPLETED)
            assert log.flush(10)
            log.close()

        assert ended(forked(work)) == 0
        log.emit(COMPLETED)
    drained(tmp_path)
    children = [each.stem for each in (tmp_path / "_integrity").glob("*.json")]
    assert len(children) == 2
    assert {judge(tmp_path, each).life_cycle for each in children} == {Status.SOUND}


def test_where_only_failures_are_recorded_no_run_is_looked_for(tmp_path: Path) -> None:
    """The level says that starts are left out."""
    with AuditLog(tmp_path, session="run", level="ERROR") as log:
        for event in (START, COMPLETED, FAILED):
            log.emit(event)
    drained(tmp_path)
    assert problems(tmp_path) == []


def test_entries_that_were_dropped_are_missing(tmp_path: Path) -> None:
    """As the log itself records."""
    with AuditLog(tmp_path, session="run") as log:
        log.emit("ISSUE_DETECTED", metrics_snapshot={"dropped_entries": 7, "dropped_bytes": 700})
    drained(tmp_path)
    assert judge(tmp_path).completeness == Status.INCOMPLETE


def _lightgbm(fit: Callable[..., object]) -> Callable[[AuditLog, int], None]:
    def train(log: AuditLog, seed: int) -> None:
        import lightgbm as lgb  # noqa: PLC0415 - heavy

        from mllog_lightgbm import MLAuditCallback  # noqa: PLC0415 - likewise

        chance = np.random.default_rng(seed)
        x = chance.normal(size=(200, 3))
        data = lgb.Dataset(x, (x[:, 0] > 0).astype(int), free_raw_data=False)
        params = {"objective": "binary", "verbose": -1, "num_threads": 1, "metric": "auc"}
        fit(lgb, params, data, [MLAuditCallback(log)])

    return train


def _fail(_: object) -> None:
    msg = "on purpose"
    raise ValueError(msg)


def _refused(lgb: Any, params: dict[str, Any], data: object, audit: Any) -> None:
    """Of one callback, a training that ends well, and one that never begins."""
    lgb.train(params, data, 5, callbacks=[audit])
    with audit:
        lgb.train(params, data, -1, callbacks=[audit])


FITS: dict[str, Callable[..., object]] = {
    "train": lambda lgb, params, data, calls: lgb.train(params, data, 5, callbacks=calls),
    "early": lambda lgb, params, data, calls: lgb.train(
        params,
        data,
        50,
        valid_sets=[data.create_valid(data.data, data.label)],
        callbacks=[*calls, lgb.early_stopping(2, verbose=False)],
    ),
    "cv": lambda lgb, params, data, calls: lgb.cv(params, data, 5, callbacks=calls),
    "failed": lambda lgb, params, data, calls: lgb.train(
        params, data, 5, callbacks=[*calls, _fail]
    ),
    "unread": lambda lgb, params, data, calls: _refused(lgb, params, data, *calls),
    "refused": lambda lgb, params, data, calls: lgb.train(
        params | {"num_leaves": -1}, data, 5, callbacks=calls
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_real_trainings_keep_the_rules(tmp_path: Path, name: str) -> None:
    """One after the other, and several at a time in threads."""
    train = _lightgbm(FITS[name])

    def run(log: AuditLog, seed: int) -> None:
        try:
            train(log, seed)
        except Exception:  # noqa: BLE001 - LightGBM's own error, or ours on purpose
            assert name in {"failed", "refused", "unread"}

    with AuditLog(tmp_path, session="run", level="DEBUG") as log:
        run(log, 0)
        threads = [threading.Thread(target=run, args=(log, seed)) for seed in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    drained(tmp_path)
    assert problems(tmp_path) == []
    assert judge(tmp_path).entries > (0 if name == "refused" else 4)


def _searches(log: AuditLog) -> None:
    from sklearn.linear_model import LogisticRegression, SGDClassifier  # noqa: PLC0415 - heavy
    from sklearn.model_selection import GridSearchCV  # noqa: PLC0415 - likewise

    from mllog_sklearn import audited  # noqa: PLC0415 - likewise

    x = np.random.default_rng(0).normal(size=(60, 2))
    y = (x[:, 0] > 0).astype(int)
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)
    audited(search, log).fit(x, y)
    GridSearchCV(audited(LogisticRegression(), log), {"C": [0.1, 1.0]}, cv=2).fit(x, y)
    parts = audited(SGDClassifier(), log)
    for _ in range(3):
        parts.partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ValueError, match="C"):
        audited(LogisticRegression(C=-1), log).fit(x, y)


def _epochs(log: AuditLog) -> None:
    import pytorch_lightning as pl  # noqa: PLC0415 - heavy

    from lightning_training import loader, make_trainer, regression  # noqa: PLC0415 - likewise

    model = regression(pl)
    folder = log.path.parent
    trainer = make_trainer(pl, log, folder)
    trainer.fit(model(), loader(), loader())
    trainer.validate(trainer.model, loader(), verbose=False)
    early = pl.callbacks.EarlyStopping("val_loss", patience=1, min_delta=1e9)
    make_trainer(pl, log, folder, early, max_epochs=20).fit(model(), loader(), loader())
    broken = type("Broken", (model,), {"training_step": _fail_in})
    with pytest.raises(ValueError, match="on purpose"):
        make_trainer(pl, log, folder).fit(broken(), loader(), loader())


def _fail_in(*_: object) -> None:
    _fail(None)


@pytest.mark.parametrize("trainings", [_searches, _epochs])
@pytest.mark.filterwarnings("ignore")  # Lightning's advice on loaders and loggers
def test_searches_parts_and_epochs_keep_the_rules(
    tmp_path: Path, trainings: Callable[[AuditLog], None]
) -> None:
    """Of scikit-learn and of Lightning: completed, stopped early, failed."""
    with AuditLog(tmp_path, session="run", level="DEBUG") as log:
        trainings(log)
    drained(tmp_path)
    assert problems(tmp_path) == []
    assert judge(tmp_path).entries > 12


def test_a_kill_within_a_block_is_no_problem(tmp_path: Path) -> None:
    """The run that was open has an end by its witness."""
    kill(tmp_path, 40)
    assert problems(tmp_path) == []


def test_logs_of_one_session_name_in_two_folders_stay_apart_in_a_worker(tmp_path: Path) -> None:
    """Each copy writes where its own log does."""
    folders = [tmp_path / "one", tmp_path / "two"]
    logs = [AuditLog(folder, session="same") for folder in folders]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for log in logs:
            pool.submit(emit_one, log, 1).result()
    for log in logs:
        log.close()
    drained(tmp_path)
    assert [len([*read_entries(folder)]) for folder in folders] == [1, 1]
