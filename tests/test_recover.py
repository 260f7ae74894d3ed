"""`mllog recover` completes what killed sessions left in memory."""

import json
import os
import signal
from pathlib import Path

from click.testing import CliRunner, Result

from mllog_callbacks import AuditLog
from mllog_callbacks.cli import main
from processes import drainers, ended, forked, spools


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
    return CliRunner().invoke(main, ["recover", *map(str, arguments)])


def test_it_writes_what_a_killed_session_had_emitted(tmp_path: Path) -> None:
    """And says how much; a second time there is nothing left to do."""
    _killed_session(tmp_path)
    (log,) = tmp_path.glob("*.jsonl")
    assert log.read_bytes().count(b"\n") == 1
    told = _recover(tmp_path)
    assert told.exit_code == 0
    assert told.stdout.startswith("killed.")
    assert told.stdout.endswith(": 10 entries written\n")
    assert log.read_bytes().count(b"\n") == 11
    assert not list(spools(tmp_path))
    again = _recover(tmp_path)
    assert again.exit_code == 0
    assert again.stdout == ""
    assert "Nothing to recover" in again.stderr


def test_json_tells_each_session(tmp_path: Path) -> None:
    """One object a line."""
    _killed_session(tmp_path)
    (told,) = map(json.loads, _recover(tmp_path, "--json").stdout.splitlines())
    assert told["entries"] == 10
    assert told["error"] is None


def test_a_session_that_lives_is_left_alone(tmp_path: Path) -> None:
    """Its own drainer writes its file."""
    with AuditLog(tmp_path) as log:
        log.emit("TRAINING_STARTED")
        assert "Nothing to recover" in _recover(tmp_path).stderr


def test_a_directory_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    """Exit code 2."""
    assert _recover(tmp_path / "nowhere").exit_code == 2
