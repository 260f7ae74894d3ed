"""What killed sessions left in memory is completed: by command, by the next session, or both."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import Result

from commands import runner
from mllog_callbacks import AuditLog
from mllog_callbacks.cli import main
from mllog_callbacks.sinks import recover
from mllog_callbacks.sinks.spool import _helper as launch
from mllog_callbacks.sinks.spool import _place as place
from mllog_callbacks.sinks.spool import _sink as spool_sink
from processes import drainers, emit_many, ended, forked, numbers, spools, until


def _killed_session(directory: Path) -> None:
    """A session killed after its drainer, which wrote the first of its eleven entries."""

    def train() -> None:
        log = AuditLog(directory, session="killed")
        log.emit("TRAINING_STARTED")
        assert log.flush(10)
        for pid in drainers(directory):
            os.kill(pid, signal.SIGKILL)
        for _ in range(10):
            log.emit("TRAINING_PROGRESS")
        os.kill(os.getpid(), signal.SIGKILL)

    assert ended(forked(train)) == -signal.SIGKILL


def _recover(*arguments: str | Path) -> Result:
    return runner().invoke(main, ["recover", *map(str, arguments)])


def test_it_writes_what_a_killed_session_had_emitted(tmp_path: Path) -> None:
    """And says how much; a second time there is nothing left to do."""
    _killed_session(tmp_path)
    (log,) = tmp_path.glob("*.jsonl")
    assert log.read_bytes().count(b"\n") == 1
    recorded = _recover(tmp_path)
    assert recorded.exit_code == 0
    assert recorded.stdout.startswith("killed.")
    assert recorded.stdout.endswith(": 10 entries written, end of 1 run recorded\n")
    assert log.read_bytes().count(b"\n") == 12
    assert not list(spools(tmp_path))
    again = _recover(tmp_path)
    assert again.exit_code == 0
    assert again.stdout == ""
    assert "Nothing to recover" in again.stderr


def test_json_records_each_session(tmp_path: Path) -> None:
    """One object a line."""
    _killed_session(tmp_path)
    (recorded,) = map(json.loads, _recover(tmp_path, "--json").stdout.splitlines())
    assert (recorded["entries"], recorded["ends"]) == (10, 1)
    assert recorded["error"] is None


def test_a_session_that_lives_is_left_alone(tmp_path: Path) -> None:
    """Its own drainer writes its file."""
    with AuditLog(tmp_path) as log:
        log.emit("TRAINING_STARTED")
        assert "Nothing to recover" in _recover(tmp_path).stderr


def test_a_directory_that_does_not_exist_cannot_be_read(tmp_path: Path) -> None:
    """Exit code 3."""
    assert _recover(tmp_path / "nowhere").exit_code == 3


def test_recovery_may_be_repeated_and_interrupted(tmp_path: Path) -> None:
    """By killing whoever recovers, at any moment; then once more."""

    def train() -> None:
        place.SEGMENT = 64 * 1024  # type: ignore[misc]  # in this child alone
        log = AuditLog(tmp_path)
        until(lambda: drainers(tmp_path))
        for pid in drainers(tmp_path):
            os.kill(pid, signal.SIGKILL)
        emit_many(log, 0, 5_000)
        os.kill(os.getpid(), signal.SIGKILL)

    assert ended(forked(train)) == -signal.SIGKILL
    for delay in range(60):
        child = forked(lambda: recover(tmp_path))
        time.sleep(delay / 20_000)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    recover(tmp_path)
    assert recover(tmp_path) == []
    assert numbers(tmp_path) == list(range(5_000))


def test_the_next_session_completes_a_killed_one(tmp_path: Path) -> None:
    """Without a reader or the command."""

    def train() -> None:
        log = AuditLog(tmp_path, session="killed")
        until(lambda: drainers(tmp_path))
        for pid in drainers(tmp_path):
            os.kill(pid, signal.SIGKILL)
        emit_many(log, 0, 100)
        os.kill(os.getpid(), signal.SIGKILL)

    assert ended(forked(train)) == -signal.SIGKILL
    assert len(list(spools(tmp_path))) == 1
    with AuditLog(tmp_path, session="next") as log:
        until(lambda: len(list(spools(tmp_path))) == 1)
        assert log.session == "next"
    (file,) = tmp_path.glob("*.killed.jsonl")
    assert file.read_bytes().count(b"\n") == 100


def test_what_a_kill_left_within_a_line_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line copied in part, and a gap before one a finalizer made, as a kill may leave them."""
    monkeypatch.setattr(launch.Helper, "start", lambda _: None)
    log = AuditLog(tmp_path)
    sink = log._session.sink  # noqa: SLF001 - the hand of the kill
    assert isinstance(sink, spool_sink.SpoolSink)
    memory, ends = sink.memory, []
    for n in range(5):
        emit_many(log, n, n + 1)
        ends.append(sink.end - sink.shift)
    memory[ends[0] : ends[1]] = bytes(ends[1] - ends[0])
    memory[ends[2] + 20 : ends[3]] = bytes(ends[3] - ends[2] - 20)
    memory[ends[3] + 99 : ends[4]] = bytes(ends[4] - ends[3] - 99)
    sink.close(0)
    (recovered,) = recover(tmp_path)
    assert (recovered.entries, recovered.error) == (2, None)
    assert numbers(tmp_path) == [0, 2]
