"""The log's public interface: what it takes, where it writes, and what it refuses."""

import logging
import multiprocessing
import os
import pickle
import stat
import threading
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clocks import set_clock
from mllog_callbacks import (
    AuditLog,
    EventType,
    Level,
    LogDirectoryError,
    LogEntry,
    MLLogError,
    SettingsError,
    UnknownEventError,
    get_log,
    read_entries,
)


def entries(log: AuditLog) -> list[LogEntry]:
    """What is in the log's file by now."""
    assert log.flush(30)
    return list(read_entries(log.path))


def test_an_entry_is_written_with_all_its_fields(tmp_path: Path) -> None:
    """What was given, and null for what was not."""
    with AuditLog(tmp_path) as log:
        log.emit("MODEL_SAVED", decision="Saved.", metrics_snapshot={"auc": 0.9})
        [entry] = entries(log)
    assert entry.model_dump(exclude={"timestamp"}) == {
        "event": EventType.MODEL_SAVED,
        "dataset": None,
        "model": None,
        "decision": "Saved.",
        "reasoning": None,
        "metrics_snapshot": {"auc": 0.9},
    }


def test_values_are_those_at_the_time_of_the_call(tmp_path: Path) -> None:
    """A caller goes on changing its dict."""
    metrics = {"loss": 1.0}
    with AuditLog(tmp_path) as log:
        log.emit("MODEL_EVALUATED", metrics_snapshot=metrics)
        metrics["loss"] = 0.0
        [entry] = entries(log)
    assert entry.metrics_snapshot == {"loss": 1.0}


def test_files_are_named_by_date_and_session_and_closed_to_others(tmp_path: Path) -> None:
    """Mode 0640 or tighter; the directory's parents are made."""
    with AuditLog(tmp_path / "a" / "b", session="night.1") as log:
        log.emit("MODEL_SAVED")
        [entry] = entries(log)
        assert log.session == "night.1"
        assert (
            log.path
            == tmp_path / "a" / "b" / f"ml-platform-{entry.timestamp:%Y-%m-%d}.night.1.jsonl"
        )
    assert stat.S_IMODE(log.path.stat().st_mode) & ~0o640 == 0
    assert stat.S_IMODE(log.path.parent.stat().st_mode) & ~0o750 == 0


def test_a_new_file_begins_at_utc_midnight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entry stands in the file of its own day, whatever the local time zone."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    midnight = 1_767_225_600 * 10**9  # 2026-01-01T00:00:00Z
    now = [midnight - 10**9]
    set_clock(monkeypatch, "time_ns", lambda: now[0])
    with AuditLog(tmp_path, session="s") as log:
        log.emit("TRAINING_STARTED")
        assert log.path.name == "ml-platform-2025-12-31.s.jsonl"
        now[0] = midnight
        log.emit("TRAINING_COMPLETED")
        assert log.path.name == "ml-platform-2026-01-01.s.jsonl"
        assert log.flush(30)
    monkeypatch.undo()
    time.tzset()
    written = {
        file.name: [e.event.value for e in read_entries(file)] for file in tmp_path.glob("*.jsonl")
    }
    assert written["ml-platform-2025-12-31.s.jsonl"] == ["TRAINING_STARTED"]
    assert written["ml-platform-2026-01-01.s.jsonl"] == ["TRAINING_COMPLETED"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("TRAINING_STARTET", "Did you mean TRAINING_STARTED?"), ("", "The types are")],
)
def test_an_unknown_event_is_a_clear_error(name: str, hint: str, tmp_path: Path) -> None:
    """It names the given, the nearest and all there are; it is a ValueError as well."""
    with AuditLog(tmp_path) as log:
        with pytest.raises(UnknownEventError) as raised:
            log.emit(name)
        assert log.stats.emitted == 0
    assert isinstance(raised.value, (MLLogError, ValueError))
    assert hint in str(raised.value)
    assert all(event in str(raised.value) for event in EventType)


@pytest.mark.parametrize("level", ["LOUD", "", 15, "WARNING"])
def test_an_unknown_level_is_a_clear_error(level: str, tmp_path: Path) -> None:
    """It names the three there are."""
    with pytest.raises(SettingsError, match="does not exist; expected one of DEBUG, ERROR, INFO"):
        AuditLog(tmp_path, level=level)


@pytest.mark.parametrize("session", ["../x", "a/b", ".hidden", "-x", "a b", "é", "x" * 121, "a\n"])
def test_a_session_name_with_a_path_in_it_is_a_clear_error(session: str, tmp_path: Path) -> None:
    """And nothing is created."""
    with pytest.raises(SettingsError, match="cannot be part of a file name: use 1 to 120 letters"):
        AuditLog(tmp_path / "logs", session=session)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("below", ["", "logs", "a/b/logs"])
def test_an_unwritable_directory_is_a_clear_error(below: str, tmp_path: Path) -> None:
    """A file stands where the directory, or a parent of it, would be."""
    (tmp_path / "file").touch()
    with pytest.raises(
        LogDirectoryError, match=r"cannot write logs in .*file.*MLLOG_DIR"
    ) as raised:
        AuditLog(tmp_path / "file" / below)
    assert isinstance(raised.value, OSError)


def test_settings_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments are stronger."""
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "env"))
    monkeypatch.setenv("MLLOG_LEVEL", "debug")
    monkeypatch.setenv("MLLOG_SESSION", "from-env")
    with AuditLog() as log:
        assert (log.path.parent, log.level.name, log.session) == (
            tmp_path / "env",
            "DEBUG",
            "from-env",
        )
    with AuditLog(tmp_path / "arg", level="ERROR", session="arg") as log:
        assert (log.path.parent, log.level.name, log.session) == (tmp_path / "arg", "ERROR", "arg")


@pytest.mark.parametrize(
    ("name", "given"),
    [("MLLOG_LEVEL", "LOUD"), ("MLLOG_DISABLED", "perhaps"), ("MLLOG_SESSION", "../x")],
)
def test_a_wrong_variable_is_a_clear_error(
    name: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows what cannot be used."""
    monkeypatch.setenv(name, given)
    with pytest.raises(SettingsError, match=rf"{name}|session '../x'"):
        AuditLog(tmp_path)


def test_a_disabled_log_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a directory."""
    monkeypatch.setenv("MLLOG_DISABLED", "1")
    with AuditLog(tmp_path / "logs") as log:
        log.emit("MODEL_SAVED")
        assert log.flush(0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
def test_a_level_filters_events_of_lower_ones(level: str, tmp_path: Path) -> None:
    """ERROR keeps failures and issues only."""
    with AuditLog(tmp_path, level=level) as log:
        for event in EventType:
            log.emit(event)
        kept = [entry.event for entry in entries(log)] if log.stats.emitted else []
        assert log.stats.emitted == len(kept)
    assert kept == [event for event in EventType if event.level >= log.level]


def test_bound_logs_write_to_the_same_session(tmp_path: Path) -> None:
    """With their own default names; what is given in the call is stronger."""
    with AuditLog(tmp_path, dataset="d", model="m") as log:
        bound = log.bind(model="other")
        log.emit("MODEL_SAVED")
        bound.emit("MODEL_SAVED")
        bound.emit("MODEL_SAVED", dataset="given", model="given")
        assert bound.session == log.session
        names = [(entry.dataset, entry.model) for entry in entries(log)]
    assert names == [("d", "m"), ("d", "other"), ("given", "given")]


def test_the_default_log_is_one_per_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is closed: the next call opens another session."""
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path))
    with get_log() as log:
        assert get_log() is log
    with get_log() as after:
        assert after.session != log.session


def test_stats_count_what_became_of_entries(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All emitted are written once flushed; those after `close` are dropped, counted, recorded."""
    with AuditLog(tmp_path) as log:
        for _ in range(100):
            log.emit("MODEL_SAVED")
        assert log.flush(30)
        stats = log.stats
    assert (stats.emitted, stats.written, stats.pending, stats.dropped) == (100, 100, 0, 0)
    assert log.closed
    for _ in range(2):
        log.emit("MODEL_SAVED")
    assert log.stats.dropped == 2
    assert caplog.text.count("the log is closed; entries emitted now are dropped") == 1
    assert len(list(read_entries(log.path))) == 100


def test_closing_twice_is_closing_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And says nothing where all was written."""
    log = AuditLog(tmp_path)
    log.emit("MODEL_SAVED")
    with caplog.at_level(logging.WARNING):
        log.close()
        log.close()
    assert caplog.text == ""
    assert len(list(read_entries(log.path))) == 1


def test_two_logs_of_one_session_name_have_files_of_their_own(tmp_path: Path) -> None:
    """One writer a file: the second is distinguished by a number."""
    with AuditLog(tmp_path, session="s") as one, AuditLog(tmp_path, session="s") as two:
        one.emit("TRAINING_STARTED")
        two.emit("TRAINING_COMPLETED")
        assert (one.session, two.session) == ("s", "s-2")
        assert [entry.event.value for entry in entries(one)] == ["TRAINING_STARTED"]
        assert [entry.event.value for entry in entries(two)] == ["TRAINING_COMPLETED"]


def test_timestamps_increase_strictly_across_threads(tmp_path: Path) -> None:
    """In the order of the lines, and each thread's entries in the order it emitted them."""
    with AuditLog(tmp_path) as log:

        def emit(thread: int) -> None:
            for number in range(500):
                log.emit("MODEL_SAVED", metrics_snapshot={"thread": thread, "number": number})

        threads = [threading.Thread(target=emit, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        recorded = entries(log)
    assert len(recorded) == 2_000
    assert all(one.timestamp < two.timestamp for one, two in pairwise(recorded))
    for one in range(4):
        snapshots = [entry.metrics_snapshot or {} for entry in recorded]
        assert [s["number"] for s in snapshots if s["thread"] == one] == list(range(500))


def test_a_pickled_log_has_a_session_of_its_own(tmp_path: Path) -> None:
    """In the same directory, with the same default names; a closed one opens again."""
    with AuditLog(tmp_path, dataset="d", session="s") as log:
        log.emit("TRAINING_STARTED")
        assert log.next_run() == 1
        with pickle.loads(pickle.dumps(log)) as copy:
            copy.emit("MODEL_SAVED")
            assert copy.next_run() == 1
            assert copy.session != log.session
            assert [(e.event.value, e.dataset) for e in entries(copy)] == [("MODEL_SAVED", "d")]
        assert [entry.event.value for entry in entries(log)] == ["TRAINING_STARTED"]


def test_copies_unpickled_in_one_process_share_a_session(tmp_path: Path) -> None:
    """A pool's worker gets a copy with every task; it logs in one session all the same."""
    with AuditLog(tmp_path, level="DEBUG") as log:
        one, two = (pickle.loads(pickle.dumps(log.bind(model=name))) for name in "ab")
        assert one.session == two.session != log.session
        assert (one.model, two.model, one.level) == ("a", "b", Level.DEBUG)
        one.close()


def _in_fork(function: Callable[[AuditLog], None], log: AuditLog) -> int | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 on forks of threaded processes
        child = multiprocessing.get_context("fork").Process(target=function, args=(log,))
        child.start()
    child.join(60)
    return child.exitcode


def _emit_as_child(log: AuditLog) -> None:
    log.emit("MODEL_SAVED", decision=f"By {os.getpid()}.")
    log.close()


def test_a_forked_child_has_a_session_of_its_own(tmp_path: Path) -> None:
    """One writer a file; the parent's entries, also pending ones, are written once."""
    with AuditLog(tmp_path, session="s") as log:
        for _ in range(100):
            log.emit("TRAINING_PROGRESS")
        assert _in_fork(_emit_as_child, log) == 0
        log.emit("TRAINING_COMPLETED")
        assert log.flush(30)
        files = sorted(tmp_path.glob("*.jsonl"), key=lambda file: file != log.path)
    assert [len(list(read_entries(file))) for file in files] == [101, 1]
    [entry] = read_entries(files[1])
    assert entry.decision != f"By {os.getpid()}."


@pytest.mark.production_guards
def test_a_child_that_cannot_open_its_log_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody there called us to open one: a warning, not an error."""
    with AuditLog(tmp_path / "logs") as log:
        pickled = pickle.dumps(log)
    (tmp_path / "logs").rename(tmp_path / "moved")
    (tmp_path / "logs").touch()
    copy = pickle.loads(pickled)
    with caplog.at_level(logging.WARNING):
        copy.emit("MODEL_SAVED")
        copy.emit("MODEL_SAVED")
        assert not copy.flush(1)
    assert caplog.text.count("cannot write") == 1
    (tmp_path / "logs").unlink()
    assert copy.flush(10)


@pytest.mark.parametrize("event", [42, None, ["MODEL_SAVED"], b"MODEL_SAVED"])
def test_what_is_no_name_of_an_event_is_an_unknown_event(log: AuditLog, event: Any) -> None:
    """As a misspelt name is: nothing else is raised."""
    with pytest.raises(UnknownEventError, match="is no event type"):
        log.emit(event)
