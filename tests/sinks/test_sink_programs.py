"""What programs do to themselves: they close their files, run out of them, end in every way."""

import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog, LogDirectoryError
from mllog_callbacks.sinks.spool import _place as place
from mllog_callbacks.sinks.spool._sink import SpoolSink
from processes import drained, emit_many, emit_one, lines, numbers, until

HEAD = """
import os, resource, signal, sys, threading, time
from pathlib import Path
from mllog_callbacks import AuditLog

def emit(first, last):
    for n in range(first, last):
        log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": n})

def all_files():
    hog = []
    try:
        while True:
            hog.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return hog
"""

PROGRAMS = {
    "without standard streams, as daemons start": """
        for file in 0, 1, 2:
            os.close(file)
        log = AuditLog(DIRECTORY)
        emit(0, 5_000)
    """,
    "it closes all files it has, and is killed": """
        log = AuditLog(DIRECTORY)
        emit(0, 1_000)
        os.closerange(3, 1_024)
        emit(1_000, 3_000)
        time.sleep(0.5)
        emit(3_000, 5_000)
        os.kill(os.getpid(), signal.SIGKILL)
    """,
    "it becomes a daemon": """
        log = AuditLog(DIRECTORY)
        emit(0, 100)
        for _ in range(2):
            if os.fork():
                os._exit(0)
        os.setsid()
        os.closerange(0, 1_024)
        emit(100, 5_000)
        os._exit(0)
    """,
    "it has no files left while it logs": """
        log = AuditLog(DIRECTORY)
        emit(0, 10)
        assert log.flush(10)
        hog = all_files()
        emit(10, 4_000)
        for file in hog:
            os.close(file)
        emit(4_000, 5_000)
    """,
    "its files may not grow any more": """
        log = AuditLog(DIRECTORY)
        emit(0, 10)
        assert log.flush(10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        emit(10, 5_000)
    """,
    "its working directory is removed": """
        os.mkdir(DIRECTORY + "/gone")
        os.chdir(DIRECTORY + "/gone")
        log = AuditLog("../logs")
        os.rmdir(DIRECTORY + "/gone")
        emit(0, 5_000)
    """,
    "its whole process group is killed": """
        log = AuditLog(DIRECTORY)
        emit(0, 5_000)
        os.killpg(0, signal.SIGKILL)
    """,
    "it becomes another program": """
        log = AuditLog(DIRECTORY)
        emit(0, 5_000)
        os.execv("/bin/true", ["true"])
    """,
    "it crashes": """
        log = AuditLog(DIRECTORY)
        emit(0, 5_000)
        os.abort()
    """,
}


def _run(directory: Path, body: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program in a process group of its own."""
    program = f"{HEAD}DIRECTORY = {str(directory)!r}\n{textwrap.dedent(body)}"
    return subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        timeout=60,
        start_new_session=True,
    )


@pytest.mark.parametrize("body", PROGRAMS.values(), ids=PROGRAMS)
def test_whatever_a_program_does_its_entries_are_kept(tmp_path: Path, body: str) -> None:
    """Each once, and nothing of ours is left behind."""
    tmp_path.chmod(0o777)
    result = _run(tmp_path, body)
    assert result.returncode in {0, -signal.SIGKILL, -signal.SIGABRT}, result.stderr
    until(lambda: sorted(numbers(tmp_path)) == list(range(5_000)))


def test_a_removed_working_directory_is_recorded_of_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the log would be is not known then."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(LogDirectoryError, match="cannot write logs in logs: No such file"):
        AuditLog("logs")


def test_an_interrupt_within_emit_holds_up_nobody(tmp_path: Path) -> None:
    """Wherever it is raised: the other threads go on, and each entry is there once or not."""

    class Interrupt(BaseException):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupt

    chance = random.Random(0)  # noqa: S311 - a seed, not a secret
    returned = set()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with AuditLog(tmp_path) as log:
            other = threading.Thread(target=emit_many, args=(log, 10_000, 15_000))
            other.start()
            for n in range(2_000):
                with suppress(Interrupt):
                    signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, 4e-5))
                    emit_one(log, n)
                    returned.add(n)
                    while True:  # until it comes
                        time.sleep(0.001)
            other.join()
    finally:
        signal.signal(signal.SIGALRM, before)
    found = numbers(tmp_path)
    own = [n for n in found if n < 10_000]
    assert own == sorted(set(own))
    assert returned <= set(own)
    assert [n for n in found if n >= 10_000] == list(range(10_000, 15_000))
    assert len(returned) < 2_000


def test_a_handler_may_close_the_log_within_emit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here while a segment is changed: it stays closed, and what comes after is counted."""
    monkeypatch.setattr(place, "SEGMENT", 64 * 1024)
    log = AuditLog(tmp_path)
    real = SpoolSink._new_segment  # noqa: SLF001 - a moment at which a handler may come

    def interrupted(sink: SpoolSink, day: str) -> object:
        segment = real(sink, day)
        log.close()
        return segment

    monkeypatch.setattr(SpoolSink, "_new_segment", interrupted)
    emit_many(log, 0, 1_000)
    drained(tmp_path)
    stats = log.stats
    assert log.closed
    assert (stats.emitted, stats.pending) == (1_000, 0)
    assert stats.dropped > 0
    assert numbers(tmp_path) == list(range(stats.written))


def test_what_is_given_up_names_the_cause_it_had(tmp_path: Path) -> None:
    """A program without descriptors is no failing disk."""
    body = """
    log = AuditLog(DIRECTORY)
    log.emit("MODEL_SAVED")
    assert log.flush(10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
    hog = all_files()
    for n in range(3_000):
        log.emit("MODEL_SAVED", reasoning="x" * 3_900)
    log.close()
    assert log.stats.dropped
    """
    done = _run(tmp_path / "logs", body)
    assert done.returncode == 0, done.stderr.decode()
    drained(tmp_path / "logs")
    (account,) = [
        line.entry
        for line in lines(tmp_path / "logs")
        if line.entry and "dropped_entries" in (line.entry.metrics_snapshot or {})
    ]
    assert "Too many open files" in str(account.reasoning)
    assert "disk" not in str(account.reasoning)


def test_nothing_that_fails_beside_an_entry_loses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Looking after the drainer may meet anything: one warning, and every line."""

    def fail(*_: object) -> None:
        msg = "not foreseen"
        raise PermissionError(msg)

    monkeypatch.setattr(SpoolSink, "_look_after", fail)
    with AuditLog(tmp_path) as log:
        for n in range(3):
            emit_many(log, n * 100, n * 100 + 100)
            time.sleep(1.1)  # another second is when it is looked after
        emit_many(log, 300, 400)
        assert log.flush(10)
        assert log.stats.dropped == 0
    drained(tmp_path)
    assert numbers(tmp_path) == list(range(400))
    assert [each for each in caplog.messages if "not foreseen" in each] == caplog.messages[:1]
