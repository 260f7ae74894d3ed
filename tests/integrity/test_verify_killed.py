"""A killed process leaves a log that a witness seals, never one that looks tampered with."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.integrity import Status, exit_code, verify
from mllog_callbacks.sinks.spool import _place as place
from processes import drained, drainers, emit_many, ended, forked, lines, until
from sealed import judge, kill, problems, seal

KILLS = int(os.environ.get("MLLOG_TEST_KILLS", "30"))
"""Processes killed at random moments; 1,000 take some four minutes."""

MODES = "training only", "both", "drainer first", "drainer again and again"


def _train(directory: Path, segment: int, number: int) -> None:
    place.SEGMENT = segment  # type: ignore[misc]  # in this child alone
    log = AuditLog(directory, session="run")
    chance = random.Random(number)  # noqa: S311 - a seed, not a secret
    while True:
        log.emit("MODEL_EVALUATED", reasoning="x" * chance.randrange(2_000))
        if number % 3 == 0:
            time.sleep(0.0005)


def _kill_drainers(directory: Path) -> None:
    for pid in drainers(directory):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.timeout(3600)
def test_killed_at_any_moment_it_is_witnessed_and_all_that_is_kept_is_valid(tmp_path: Path) -> None:
    """Whether its drainer survives, dies with it, or had died before, also many times."""
    chance = random.Random(10)  # noqa: S311 - a seed, not a secret
    total = 0
    for number in range(KILLS):
        directory = tmp_path / str(number)
        directory.mkdir()
        mode = MODES[number % len(MODES)]
        segment = place.SEGMENT if number % 2 else 64 * 1024
        child = forked(lambda d=directory, s=segment, n=number: _train(d, s, n))  # type: ignore[misc]  # bound now
        for _ in range(5 if mode == MODES[3] else 0):
            time.sleep(chance.uniform(0, 0.1))
            _kill_drainers(directory)
        time.sleep(chance.uniform(0, 0.2))
        if mode == MODES[2]:
            _kill_drainers(directory)
        os.kill(child, signal.SIGKILL)
        if mode == MODES[1]:
            _kill_drainers(directory)
        assert ended(child) == -signal.SIGKILL
        kept = len(lines(directory))
        for verdict in verify([directory]):
            if kept:
                assert verdict.status == Status.SOUND, verdict.problems
                assert verdict.state == "witnessed"
            else:  # one that was killed before its first entry may have nothing to check
                assert verdict.status in {Status.SOUND, Status.UNSEALED}, verdict.problems
            assert verdict.entries == kept
            total += kept
        drained(directory)
    print(f"{KILLS} kills, {total:,} entries")  # noqa: T201 - the figure to report


def test_a_killed_session_is_completed_with_its_chain(tmp_path: Path) -> None:
    """By whoever recovers it: all is there."""
    kill(tmp_path, 250)
    assert problems(tmp_path) == []
    verdict = judge(tmp_path)
    assert (verdict.state, verdict.entries) == ("witnessed", 250)
    assert exit_code(verify([tmp_path])) == 0


def test_a_completed_session_is_tampered_with_by_whoever_adds_to_it(tmp_path: Path) -> None:
    """Its end is known, though it was not its own."""
    path = kill(tmp_path, 250)
    verify([tmp_path])
    path.write_bytes(path.read_bytes() * 2)
    assert judge(tmp_path).integrity == Status.TAMPERED


def test_a_session_under_way_is_unsealed(tmp_path: Path) -> None:
    """And all of it up to the last checkpoint is as it was written."""
    with AuditLog(tmp_path, session="run") as log:
        emit_many(log, 0, 150)
        assert log.flush(10)
        until(lambda: judge(tmp_path).state)
        verdict = judge(tmp_path)
        assert (verdict.status, verdict.integrity) == (Status.UNSEALED, Status.SOUND)
        assert problems(tmp_path)[-1].endswith(":101-150: no checkpoint covers these lines yet")


def test_what_a_lost_machine_cut_off_is_incomplete_not_tampered(tmp_path: Path) -> None:
    """A chain may reach the disk before the lines it is of, in a session that was not sealed."""
    with AuditLog(tmp_path, session="run") as log:
        emit_many(log, 0, 250)
        assert log.flush(10)
        chain = tmp_path / "_integrity" / "run.chain"
        until(lambda: chain.exists() and chain.read_bytes().count(b"\n") == 3)
        for copied in (log.path, chain, chain.with_name("run.json")):
            target = tmp_path / "lost" / copied.relative_to(tmp_path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(copied.read_bytes())
    path = tmp_path / "lost" / log.path.name
    for size in (20_000, path.read_bytes().find(b"\n", 20_000) + 1):
        os.truncate(path, size)
        verdict = judge(tmp_path / "lost")
        assert verdict.integrity == Status.SOUND
        assert verdict.completeness == Status.INCOMPLETE
        assert "101-200: the last lines are missing" in "".join(problems(tmp_path / "lost"))


def test_a_log_that_nobody_closed_is_sealed_when_its_process_ends_in_order(tmp_path: Path) -> None:
    """As most trainings leave it; and so is that of a thread in the process."""
    seal(tmp_path, 10)
    assert judge(tmp_path).state == "sealed"
