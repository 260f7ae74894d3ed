"""A disk that answers with EIO, for real: once it is healed all is there, once and whole."""

import errno
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from disks import error_of
from mllog_callbacks import AuditLog
from mllog_callbacks.sinks.spool import _place as place
from paths import SUPPORT
from processes import drained, drainers, emit_many, numbers, until

Fail = Callable[[str], object]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Fail]]:
    """A disk, and the way to have calls to it fail; see `failing_disk`."""
    if importlib.util.find_spec("mfusepy") is None or shutil.which("fusermount3") is None:
        pytest.skip("needs mfusepy and Debian's fuse3")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("no file system in user space is allowed here")
    folder, mounted, command = tmp_path / "folder", tmp_path / "disk", tmp_path / "command"
    for made in folder, mounted:
        made.mkdir()
    command.touch()
    program = SUPPORT / "failing_disk.py"
    with subprocess.Popen([sys.executable, program, folder, command, mounted]) as server:
        until(lambda: os.path.ismount(mounted) or server.poll() is not None)
        if server.returncode is not None:
            pytest.skip("no file system in user space can be mounted here")
        yield mounted, lambda recorded: _record(command, recorded)
        subprocess.run(["fusermount3", "-u", "-z", mounted], check=True)


def _record(command: Path, recorded: str) -> None:
    """At once, not in parts: the disk reads it at any moment."""
    fresh = command.with_suffix(".new")
    fresh.write_text(recorded)
    fresh.rename(command)


@pytest.mark.parametrize("kind", ["1 write", "1 half", "1 sync", "1 write sync close"])
@pytest.mark.parametrize("killed", [False, True], ids=["drainer lives", "drainer killed"])
def test_an_error_of_the_disk_loses_nothing(
    disk: tuple[Path, Fail], monkeypatch: pytest.MonkeyPatch, kind: str, *, killed: bool
) -> None:
    """Nor does it double or tear a line, whoever goes on when the disk is healed."""
    monkeypatch.setattr(place, "SEGMENT", 64 * 1024)
    monkeypatch.setenv("MLLOG_DURABILITY", "machine")
    mounted, fail = disk
    directory = mounted / "logs"
    with AuditLog(directory) as log:
        emit_many(log, 0, 300)
        assert log.flush(10)
        fail(kind)
        emit_many(log, 300, 3_000)
        until(lambda: error_of(directory) == errno.EIO)
        assert not log.flush(0.3)
        assert log.stats.pending > 0 or "sync" in kind
        if killed:
            (pid,) = drainers(directory)
            os.kill(pid, signal.SIGKILL)
        fail("")
        assert log.flush(30)
        assert log.stats.dropped == 0
    assert numbers(directory) == list(range(3_000))


@pytest.mark.parametrize("killed", [False, True], ids=["drainer lives", "drainers killed"])
def test_errors_that_come_and_go_lose_nothing(
    disk: tuple[Path, Fail], monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    """Every third call of each kind fails, while entries come."""
    monkeypatch.setattr(place, "SEGMENT", 64 * 1024)
    mounted, fail = disk
    directory = mounted / "logs"
    with AuditLog(directory) as log:
        fail("3 write half sync close")
        for n in range(10):
            emit_many(log, n * 1_000, n * 1_000 + 1_000)
            log.flush(0.2)
            for pid in drainers(directory) if killed and n % 3 == 2 else ():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        fail("")
        assert log.flush(30)
    drained(directory)
    assert numbers(directory) == list(range(10_000))
