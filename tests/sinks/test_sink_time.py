"""Clocks, days and waiting: the order of entries, their files, and what a flush says."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from clocks import set_clock
from mllog_callbacks import AuditLog
from mllog_callbacks.sinks.spool._control import Control
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


def test_a_clock_that_jumps_back_keeps_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time stands still then, but for a microsecond an entry."""
    now = [time.time_ns()]
    set_clock(monkeypatch, "time_ns", lambda: now[0])
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
    set_clock(monkeypatch, "time_ns", lambda: real() + shift)
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


@pytest.mark.parametrize("spool", [True, False], ids=["spool", "queue"])
@pytest.mark.parametrize("seconds", [-3_600.0, 90.0])
def test_a_clock_that_was_set_is_remarked_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, *, spool: bool
) -> None:
    """How often and by how much; small corrections are not."""
    if not spool:
        monkeypatch.setenv("MLLOG_SPOOL", "/nowhere")
    ahead, real = [0.0], time.time
    monkeypatch.setattr("mllog_callbacks.sinks._clock._now", lambda: real() + ahead[0])
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 1)
        assert log.flush(10)
        for jump in 0.5, seconds:
            ahead[0] += jump
            time.sleep(1.1)  # the clocks are compared once a second
            emit_many(log, 1, 2)
    if spool:
        drained(tmp_path)
    (jumps,) = numbers(tmp_path, "clock_jumps")
    last = lines(tmp_path)[-1].entry
    assert jumps == 1
    assert last is not None
    assert last.metrics_snapshot is not None
    assert last.metrics_snapshot["largest_clock_jump_seconds"] == pytest.approx(seconds, abs=0.5)
