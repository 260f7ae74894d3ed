"""Whatever a disk does, the training notices nothing and no entry is lost, torn or doubled."""

import errno
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from disks import error_of, fill, freezable_disk, freeze, memory_disk, remount
from mllog_callbacks import AuditLog, read_entries
from mllog_callbacks.sinks.spool import _overflow as overflow
from mllog_callbacks.sinks.spool import _place as place
from mllog_callbacks.sinks.spool import _sink as spool_sink
from processes import drained, emit_many, ended, forked, numbers, until

HUNG_ENTRIES = int(os.environ.get("MLLOG_TEST_HUNG", "50000"))
"""Entries emitted beside a disk that hangs; with 1,000,000 the caps are those of production."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    with memory_disk(tmp_path / "disk", "256k") as path:
        yield path


@pytest.fixture
def frozen_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be made to hang."""
    with freezable_disk(tmp_path / "disk") as path:
        yield path


def test_a_full_disk_that_is_freed_takes_everything(disk: Path) -> None:
    """Lines wait in memory; the one that was written in part is completed."""
    filler = disk / "filler"
    with AuditLog(disk / "logs") as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        fill(filler)
        emit_many(log, 10, 3_000)
        until(lambda: error_of(disk / "logs") == errno.ENOSPC)
        assert not log.flush(0.1)
        assert log.stats.pending > 0
        filler.unlink()
        remount(disk, "size=8m")
        assert log.flush(10)
        assert log.stats.dropped == 0
    assert numbers(disk / "logs") == list(range(3_000))


def test_a_read_only_disk_takes_everything_later(disk: Path) -> None:
    """From the first entry on: not even the file can be made."""
    directory = disk / "logs"
    log = AuditLog(directory)
    remount(disk, "ro")
    emit_many(log, 0, 200)
    until(lambda: error_of(directory) == errno.EROFS)
    assert not log.flush(0.1)
    remount(disk, "rw")
    assert log.flush(10)
    log.close()
    assert numbers(directory) == list(range(200))


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
    directory, recorded = frozen_disk / "logs", frozen_disk.parent / "recorded"
    padding = "x" * 200

    def train() -> None:
        log = AuditLog(directory)
        emit_many(log, 0, 1)
        assert log.flush(10)
        freeze(frozen_disk, frozen=True)
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
        recorded.write_text(
            json.dumps([slowest, time.perf_counter() - begun, grown, stats.emitted, stats.dropped])
        )

    try:
        assert ended(forked(train), 110) == 0
    finally:
        freeze(frozen_disk, frozen=False)
    slowest, close, grown, emitted, dropped = json.loads(recorded.read_text())
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
        freeze(frozen_disk, frozen=True)
        emit_many(log, 10, 20_000)
        assert not log.flush(0.5)
        freeze(frozen_disk, frozen=False)
        assert log.flush(20)
        assert log.stats.dropped == 0
    assert numbers(directory) == list(range(20_000))


def test_a_failing_disk_is_recorded_of_once(
    disk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the standard library's logging, not as noise."""
    monkeypatch.setattr(spool_sink, "_TEND_NS", 10_000_000)
    directory = disk / "logs"
    log = AuditLog(directory)
    remount(disk, "ro")
    with caplog.at_level(logging.WARNING, "mllog_callbacks"):
        for n in range(20):
            emit_many(log, n, n + 1)
            log.flush(0.15)
        until(lambda: caplog.messages)
    assert len(caplog.messages) == 1
    assert re.search("Read-only file system; entries wait in memory", caplog.messages[0])
    remount(disk, "rw")
    log.close()
    assert numbers(directory) == list(range(20))
