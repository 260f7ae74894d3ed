"""Whatever a disk does, the training notices nothing and no entry is lost, torn or doubled."""

import errno
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog, read_entries
from mllog_callbacks.sinks import QueuedSink
from mllog_callbacks.sinks.spool import overflow, place
from mllog_callbacks.sinks.spool import sink as spool_sink
from mllog_callbacks.sinks.spool.layout import Control
from processes import (
    drained,
    drainers,
    emit_many,
    ended,
    forked,
    lines,
    numbers,
    spools,
    until,
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, of 256 KiB."""
    yield from _mount(tmp_path / "disk", "-t", "tmpfs", "-o", "size=256k", "none")


@pytest.fixture
def frozen_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be frozen with ``fsfreeze``: every write hangs, as on a lost NFS server."""
    image = tmp_path / "image"
    with image.open("wb") as stream:
        stream.truncate(256 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", image], check=False)
    for path in _mount(tmp_path / "disk", "-o", "loop", str(image)):
        yield path
        subprocess.run(["fsfreeze", "-u", path], check=False, capture_output=True)


def _mount(path: Path, *arguments: str) -> Iterator[Path]:
    path.mkdir()
    mount = ["mount", *arguments, str(path)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("disks cannot be mounted here")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)  # a failed test may still hold it


def _freeze(disk: Path, *, frozen: bool) -> None:
    subprocess.run(["fsfreeze", "-f" if frozen else "-u", disk], check=True)


HUNG_ENTRIES = int(os.environ.get("MLLOG_TEST_HUNG", "50000"))
"""Entries emitted beside a disk that hangs; with 1,000,000 the caps are those of production."""


def _error(directory: Path) -> int:
    (folder,) = spools(directory)
    return Control(str(folder)).error


def test_a_full_disk_that_is_freed_takes_everything(disk: Path) -> None:
    """Lines wait in memory; the one that was written in part is completed."""
    filler = disk / "filler"
    with AuditLog(disk / "logs") as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        with suppress(OSError), filler.open("wb") as stream:
            while True:
                stream.write(bytes(4096))
                stream.flush()
        emit_many(log, 10, 3_000)
        until(lambda: _error(disk / "logs") == errno.ENOSPC)
        assert not log.flush(0.1)
        assert log.stats.pending > 0
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        assert log.flush(10)
        assert log.stats.dropped == 0
    assert numbers(disk / "logs") == list(range(3_000))


def test_a_read_only_disk_takes_everything_later(disk: Path) -> None:
    """From the first entry on: not even the file can be made."""
    directory = disk / "logs"
    log = AuditLog(directory)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    emit_many(log, 0, 200)
    until(lambda: _error(directory) == errno.EROFS)
    assert not log.flush(0.1)
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert log.flush(10)
    log.close()
    assert numbers(directory) == list(range(200))


@pytest.mark.parametrize("put_back", [False, True], ids=["for good", "put back"])
def test_a_removed_directory_is_made_again(tmp_path: Path, *, put_back: bool) -> None:
    """With all that was in the file, and the sidecar."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        emit_many(log, 0, 500)
        assert log.flush(10)
        (sidecar,) = (directory / "_integrity").glob("*.json")
        manifest = sidecar.read_text()
        shutil.rmtree(directory)
        if put_back:
            directory.mkdir()
        emit_many(log, 500, 1_000)
        assert log.flush(10)
        assert numbers(directory) == list(range(1_000))
    drained(directory)
    assert numbers(directory) == list(range(1_000))
    assert sidecar.read_text() == manifest


def test_a_directory_removed_while_nothing_is_emitted_is_made_again(tmp_path: Path) -> None:
    """Within about a second."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        shutil.rmtree(directory)
        until(lambda: [each for each in directory.glob("*.jsonl") if each.stat().st_size])
        assert numbers(directory) == list(range(10))


def test_a_moved_file_is_still_written(tmp_path: Path) -> None:
    """Wherever a rotation tool put it, it stays whole."""
    with AuditLog(tmp_path / "logs") as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        log.path.rename(tmp_path / "elsewhere.jsonl")
        emit_many(log, 10, 20)
        assert log.flush(10)
    assert numbers(tmp_path / "elsewhere.jsonl") == list(range(20))


@pytest.mark.parametrize("planted", ["link", "dangling link", "file", "folder"])
def test_what_is_planted_in_the_place_of_the_log_is_left_alone(
    tmp_path: Path, planted: str
) -> None:
    """No link is followed and no file overwritten: the log goes beside it."""
    victim = tmp_path / "victim"
    victim.write_text("precious\n")
    directory = tmp_path / "logs"
    log = AuditLog(directory)
    path = log.path
    path.unlink()
    if planted == "folder":
        path.mkdir()
    elif planted == "file":
        path.write_text("precious\n")
        os.chown(path, 12345, 12345)
    else:
        path.symlink_to(victim if planted == "link" else tmp_path / "nowhere")
    emit_many(log, 0, 10)
    assert log.flush(10)
    assert log.path.name == path.name.replace(".jsonl", "-2.jsonl")
    log.close()
    assert victim.read_text() == "precious\n"
    assert not (tmp_path / "nowhere").exists()
    assert numbers(log.path) == list(range(10))


@pytest.mark.parametrize("altered", ["cut", "cut to nothing", "written to", "replaced"])
@pytest.mark.parametrize("killed", [False, True], ids=["drainer lives", "drainer killed"])
def test_a_file_that_somebody_alters_is_left_to_them(
    tmp_path: Path, altered: str, *, killed: bool
) -> None:
    """The log goes on in another file, with what the first has no more."""
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 100)
        assert log.flush(10)
        first = log.path
        if killed:
            (pid,) = drainers(tmp_path)
            os.kill(pid, signal.SIGKILL)
        content = first.read_bytes()
        if altered == "written to":
            with first.open("a") as stream:
                stream.write("an invader\n")
        elif altered == "replaced":
            first.rename(tmp_path / "moved")
            first.write_text("an invader\n")
        else:
            os.truncate(first, len(content) // 2 if altered == "cut" else 0)
        left = first.read_bytes()
        emit_many(log, 100, 200)
        assert log.flush(20)
        second = log.path
    drained(tmp_path)
    if altered == "replaced" and not killed:
        assert numbers(tmp_path / "moved") == list(range(200))
    else:
        assert second != first
        assert first.read_bytes() == left
        kept = left.count(b'"event"') if left.endswith(b"}\n") else left.count(b"\n")
        kept = 100 if altered == "written to" else 0 if altered == "replaced" else kept
        assert numbers(second) == list(range(kept, 200))


def test_two_sessions_of_one_name_have_a_file_each(tmp_path: Path) -> None:
    """In one process and in another."""
    with AuditLog(tmp_path, session="run") as one, AuditLog(tmp_path, session="run") as two:
        child = forked(lambda: emit_many(AuditLog(tmp_path, session="run"), 0, 50))
        emit_many(one, 0, 50)
        emit_many(two, 0, 50)
        assert ended(child) == 0
        assert (one.session, two.session) == ("run", "run-2")
    drained(tmp_path)
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    assert sorted(numbers(tmp_path)) == sorted([*range(50)] * 3)


def test_a_clock_that_jumps_back_keeps_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time stands still then, but for a microsecond an entry."""
    now = [time.time_ns()]
    monkeypatch.setattr("time.time_ns", lambda: now[0])
    with AuditLog(tmp_path) as log:
        for n in range(100):
            now[0] += -3_600_000_000_000 if n == 50 else 777_000_000
            emit_many(log, n, n + 1)
    assert numbers(tmp_path) == list(range(100))  # which checks that timestamps increase


def test_a_new_file_begins_at_midnight_under_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each entry stands in the file of its own day, whatever day it is written."""
    midnight = (time.time_ns() // 86_400_000_000_000 + 1) * 86_400_000_000_000
    shift = midnight - 200_000_000 - time.time_ns()
    real = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: real() + shift)
    with AuditLog(tmp_path) as log:
        threads = [
            threading.Thread(target=emit_many, args=(log, n * 100_000, n * 100_000 + 8_000))
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: real() + shift > midnight)
        emit_many(log, 900_000, 900_010)
    found = lines(tmp_path)
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert len(found) == 24_010
    for line in found:
        assert line.entry
        assert f"-{line.entry.timestamp:%Y-%m-%d}." in line.path.name


def _resident() -> int:
    """Bytes of this process in memory, the spool's included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.timeout(600)
def test_a_disk_that_hangs_holds_up_nobody(
    frozen_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an emit nor the exit; memory is bounded, and what is given up is counted."""
    memory, capacity = 1024 * 1024, 2 * 1024 * 1024
    if HUNG_ENTRIES >= 1_000_000:
        memory, capacity = overflow.MEMORY, place.CAPACITY
    monkeypatch.setattr(overflow, "MEMORY", memory)
    monkeypatch.setattr(place, "CAPACITY", capacity)
    directory, told = frozen_disk / "logs", frozen_disk.parent / "told"
    padding = "x" * 200

    def train() -> None:
        log = AuditLog(directory)
        emit_many(log, 0, 1)
        assert log.flush(10)
        _freeze(frozen_disk, frozen=True)
        slowest, before = 0.0, _resident()
        for n in range(1, HUNG_ENTRIES):
            begun = time.perf_counter()
            log.emit("TRAINING_PROGRESS", reasoning=padding, metrics_snapshot={"n": n})
            slowest = max(slowest, time.perf_counter() - begun)
        grown = _resident() - before
        assert not log.flush(0.05)
        begun = time.perf_counter()
        log.close()
        stats = log.stats
        told.write_text(
            json.dumps([slowest, time.perf_counter() - begun, grown, stats.emitted, stats.dropped])
        )

    try:
        assert ended(forked(train), 110) == 0
    finally:
        _freeze(frozen_disk, frozen=False)
    slowest, close, grown, emitted, dropped = json.loads(told.read_text())
    print(f"{slowest=:.4f} s {close=:.2f} s {grown=:,} {emitted=:,} {dropped=:,}")  # noqa: T201 - the figures to report
    # A line in the process's own memory is an object: 33 bytes, and rounded up to 16
    assert grown < (capacity + memory) * 1.25 + 8 * 1024 * 1024
    assert slowest < 1
    assert close < 2.5
    drained(directory)
    entries = list(read_entries(directory))
    accounts = [each for each in entries if each.event == "ISSUE_DETECTED"]
    counted = [(each.metrics_snapshot or {})["dropped_entries"] for each in accounts]
    assert dropped > 10_000
    assert sum(map(int, counted)) == dropped  # type: ignore[arg-type]  # they are numbers
    assert len(entries) == emitted - dropped
    assert numbers(directory) == list(range(len(entries) - len(accounts)))


def test_a_disk_that_hangs_for_a_while_loses_nothing(frozen_disk: Path) -> None:
    """Within the bounds of memory."""
    directory = frozen_disk / "logs"
    with AuditLog(directory) as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        _freeze(frozen_disk, frozen=True)
        emit_many(log, 10, 20_000)
        assert not log.flush(0.5)
        _freeze(frozen_disk, frozen=False)
        assert log.flush(20)
        assert log.stats.dropped == 0
    assert numbers(directory) == list(range(20_000))


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


def test_a_flush_that_did_not_get_there_says_so(tmp_path: Path) -> None:
    """And one that did, too."""
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        (pid,) = drainers(tmp_path)
        os.kill(pid, signal.SIGSTOP)
        emit_many(log, 10, 20)
        begun = time.monotonic()
        assert not log.flush(0.2)
        assert 0.2 <= time.monotonic() - begun < 1
        assert log.stats.pending == 10
        os.kill(pid, signal.SIGCONT)
        assert log.flush(10)
        assert log.stats.pending == 0


def test_an_exit_beside_a_disk_that_hangs_takes_two_seconds(tmp_path: Path) -> None:
    """What was emitted is written when the disk is back, without the process."""

    def train() -> None:
        log = AuditLog(tmp_path)
        emit_many(log, 0, 10)
        assert log.flush(10)
        (pid,) = drainers(tmp_path)
        os.kill(pid, signal.SIGSTOP)
        emit_many(log, 10, 1_000)
        log.close()

    begun = time.monotonic()
    assert ended(forked(train)) == 0
    assert 2 <= time.monotonic() - begun < 4
    for pid in drainers(tmp_path):
        os.kill(pid, signal.SIGCONT)
    drained(tmp_path)
    assert numbers(tmp_path) == list(range(1_000))


def test_a_failing_disk_is_told_of_once(
    disk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the standard library's logging, not as noise."""
    monkeypatch.setattr(spool_sink, "_TEND_US", 10_000)
    directory = disk / "logs"
    log = AuditLog(directory)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with caplog.at_level(logging.WARNING, "mllog_callbacks"):
        for n in range(20):
            emit_many(log, n, n + 1)
            log.flush(0.15)
        until(lambda: caplog.messages)
    assert len(caplog.messages) == 1
    assert re.search("Read-only file system; entries wait in memory", caplog.messages[0])
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    log.close()
    assert numbers(directory) == list(range(20))


def test_files_are_for_their_owner_and_group_only(tmp_path: Path) -> None:
    """Whatever the umask."""
    before = os.umask(0)
    try:
        with AuditLog(tmp_path / "logs") as log:
            emit_many(log, 0, 1)
            assert log.flush(10)
            (folder,) = spools(tmp_path / "logs")
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder.parent.stat().st_mode & 0o777 == 0o700
            assert {each.stat().st_mode & 0o177 for each in folder.iterdir()} == {0}
    finally:
        os.umask(before)
    files = [each for each in (tmp_path / "logs").rglob("*") if each.is_file()]
    assert {each.stat().st_mode & 0o777 for each in files} == {0o640}


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


@pytest.mark.parametrize("why", ["missing", "tiny"])
def test_without_memory_for_a_spool_entries_are_queued(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """As on macOS and Windows: all is kept but what a kill leaves in the process's memory."""
    monkeypatch.setenv("MLLOG_SPOOL", str(disk if why == "tiny" else tmp_path / "missing"))
    with AuditLog(tmp_path / "logs") as log:
        assert isinstance(log._session.sink, QueuedSink)  # noqa: SLF001 - which one it chose
        emit_many(log, 0, 1_000)
        assert log.flush(10)
    assert numbers(tmp_path / "logs") == list(range(1_000))


def test_memory_that_runs_out_later_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else fills ``/dev/shm``: no SIGBUS; lines wait until there is room."""
    for shm in _mount(tmp_path / "shm", "-t", "tmpfs", "-o", "size=8m", "none"):
        monkeypatch.setenv("MLLOG_SPOOL", str(shm))
        with AuditLog(tmp_path / "logs") as log:
            emit_many(log, 0, 10)
            with suppress(OSError), (shm / "filler").open("wb") as stream:
                while True:
                    stream.write(bytes(4096))
                    stream.flush()
            emit_many(log, 10, 20_000)
            assert log.stats.pending > 0
            (shm / "filler").unlink()
            assert log.flush(10)
        drained_at = time.monotonic() + 10
        while any(each.is_dir() for each in (shm / f"mllog-{os.geteuid()}").iterdir()):
            assert time.monotonic() < drained_at
            time.sleep(0.01)
        assert numbers(tmp_path / "logs") == list(range(20_000))


def test_machine_durability_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a flush returned True for was confirmed; without a flush, it is within a second."""
    monkeypatch.setenv("MLLOG_DURABILITY", "machine")
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 100)
        (folder,) = spools(tmp_path)
        control = Control(str(folder))
        until(lambda: control.durable > 1, 3)
        emit_many(log, 100, 200)
        assert log.flush(10)
        assert control.durable == control.position
    assert numbers(tmp_path) == list(range(200))


def test_the_drainer_may_be_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started."""
    monkeypatch.setattr("mllog_callbacks.sinks.spool.launch.sys.executable", "/nonexistent/python")
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 1_000)
        assert log.flush(10)
        assert drainers(tmp_path) == [os.getpid()]
    assert numbers(tmp_path) == list(range(1_000))
