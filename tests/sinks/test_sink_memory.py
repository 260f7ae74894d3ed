"""The memory where entries wait: when it is full, missing, somebody else's or taken away."""

import os
import shutil
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from disks import fill, memory_disk, remount
from mllog_callbacks import AuditLog, read_entries
from mllog_callbacks.sinks import QueuedSink
from mllog_callbacks.sinks.spool import _overflow as overflow
from mllog_callbacks.sinks.spool import _place as place
from mllog_callbacks.sinks.spool._place import root
from mllog_callbacks.sinks.spool._sink import SpoolSink
from processes import drained, drainers, emit_many, numbers, spools, until


def test_what_overflows_comes_back_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nothing more is emitted; and the account stands where entries are missing."""
    monkeypatch.setattr(place, "CAPACITY", 512 * 1024)
    monkeypatch.setattr(overflow, "MEMORY", 256 * 1024)
    log = AuditLog(tmp_path)
    emit_many(log, 0, 10)
    assert log.flush(10)
    (pid,) = drainers(tmp_path)
    os.kill(pid, signal.SIGSTOP)
    emit_many(log, 10, 20_000)
    dropped = log.stats.dropped
    os.kill(pid, signal.SIGCONT)
    until(lambda: log.stats.pending == 0)
    emit_many(log, 20_000, 20_100)
    assert log.flush(10)
    log.close()
    entries = list(read_entries(tmp_path))
    kept = 20_000 - dropped
    account = entries[kept]
    assert account.metrics_snapshot
    assert account.metrics_snapshot["dropped_entries"] == dropped
    assert numbers(tmp_path) == [*range(kept), *range(20_000, 20_100)]
    assert log.stats.emitted == 20_101


def test_a_spool_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may write to ``/dev/shm``: a folder planted there is recognised."""
    monkeypatch.setenv("MLLOG_SPOOL", str(tmp_path))
    planted = tmp_path / f"mllog-{os.geteuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    with AuditLog(tmp_path / "logs") as log:
        assert isinstance(log._session.sink, QueuedSink)  # noqa: SLF001 - which one it chose
        emit_many(log, 0, 10)
    assert numbers(tmp_path / "logs") == list(range(10))


@pytest.mark.parametrize("why", ["missing", "tiny", "read-only"])
def test_without_memory_for_a_spool_entries_are_queued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """As on macOS and Windows: all is kept but what a kill leaves in the process's memory."""
    monkeypatch.setenv("MLLOG_SPOOL", str(tmp_path / "shm"))
    with ExitStack() as stack:
        if why != "missing":
            size = "8m" if why == "read-only" else "1m"
            disk = stack.enter_context(memory_disk(tmp_path / "shm", size))
            remount(disk, "ro" if why == "read-only" else "rw")
        log = stack.enter_context(AuditLog(tmp_path / "logs"))
        assert isinstance(log._session.sink, QueuedSink)  # noqa: SLF001 - which one it chose
        emit_many(log, 0, 1_000)
        assert log.flush(10)
    assert numbers(tmp_path / "logs") == list(range(1_000))


def test_memory_that_runs_out_later_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else fills ``/dev/shm``: no SIGBUS; lines wait until there is room."""
    with memory_disk(tmp_path / "shm", "8m") as shm:
        monkeypatch.setenv("MLLOG_SPOOL", str(shm))
        with AuditLog(tmp_path / "logs") as log:
            emit_many(log, 0, 10)
            fill(shm / "filler")
            emit_many(log, 10, 20_000)
            assert log.stats.dropped == 0
            (shm / "filler").unlink()
            assert log.flush(10)
        until(lambda: not any(each.is_dir() for each in root().iterdir()))
        assert numbers(tmp_path / "logs") == list(range(20_000))


@pytest.mark.parametrize("size", ["2304k", "8m"])
def test_a_container_with_little_memory_has_a_spool_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    """A quarter of what is free, in small segments; what finds no place there waits its turn."""
    with memory_disk(tmp_path / "shm", size) as shm:
        monkeypatch.setenv("MLLOG_SPOOL", str(shm))
        with AuditLog(tmp_path / "logs") as log:
            assert isinstance(log._session.sink, SpoolSink)  # noqa: SLF001 - which one it chose
            emit_many(log, 0, 20_000)
            assert log.flush(20)
            assert log.stats.dropped == 0
        until(lambda: not any(each.is_dir() for each in root().iterdir()))
    assert numbers(tmp_path / "logs") == list(range(20_000))


@pytest.mark.parametrize("killed", [False, True], ids=["drainer lives", "drainer killed"])
@pytest.mark.parametrize("at_rest", [False, True], ids=["in a burst", "at rest"])
def test_a_spool_that_somebody_removes_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_rest: bool, killed: bool
) -> None:
    """As systemd-logind does when its user leaves; what was there is still in our hands."""
    monkeypatch.setattr(place, "SEGMENT", 64 * 1024)
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 1_000)
        if at_rest:
            assert log.flush(10)
        (folder,) = spools(tmp_path)
        for pid in drainers(tmp_path) if killed else ():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder)
        emit_many(log, 1_000, 5_000)
        assert log.flush(20)
        assert log.stats.pending == log.stats.dropped == 0
        assert list(spools(tmp_path)) != [folder]
    drained(tmp_path)
    assert numbers(tmp_path) == list(range(5_000))


def test_the_drainer_may_be_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started."""
    monkeypatch.setattr("mllog_callbacks.sinks.spool._helper.sys.executable", "/nonexistent/python")
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 1_000)
        assert log.flush(10)
        assert drainers(tmp_path) == [os.getpid()]
    assert numbers(tmp_path) == list(range(1_000))


@pytest.mark.parametrize("program", ["/usr/bin/an-application", "frozen", None])
def test_a_program_that_is_not_python_is_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None
) -> None:
    """What embeds Python, or was frozen, would begin itself a second time."""
    if program == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        monkeypatch.setattr(sys, "executable", program)
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        assert drainers(tmp_path) == [os.getpid()]
    assert numbers(tmp_path) == list(range(10))


def test_a_drainer_that_is_killed_is_replaced(tmp_path: Path) -> None:
    """And its successor goes on where it stopped, without an entry twice."""
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 500)
        assert log.flush(10)
        (pid,) = drainers(tmp_path)
        os.kill(pid, signal.SIGKILL)
        emit_many(log, 500, 1_000)
        assert log.flush(30)
        assert log.stats.written == 1_000
    assert numbers(tmp_path) == list(range(1_000))
