"""Ranks, workers and folds log in sessions of their own, which a common parent ties together."""

import os
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.integrity import Status, families, find_sessions, verify
from processes import drained, emit_one, ended, forked
from sealed import mllog

RANK = """
import sys
from mllog_callbacks import AuditLog
with AuditLog(sys.argv[1]) as log:
    log.emit("TRAINING_STARTED")
    log.emit("TRAINING_COMPLETED")
"""


def _rank(directory: Path, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RANK, str(directory)]
    return subprocess.Popen(command, env=os.environ | environment)


def _launch(directory: Path, **environment: str) -> None:
    ranks = [_rank(directory, RANK=str(n), LOCAL_RANK=str(n), **environment) for n in range(2)]
    assert [each.wait(60) for each in ranks] == [0, 0]
    drained(directory)


def _families(directory: Path) -> dict[str, list[int | None]]:
    """By family, the ranks of its sessions."""
    found = families(find_sessions([directory]))
    return {name: [each.facts()["rank"] for each in sessions] for name, sessions in found.items()}


def test_ranks_that_a_session_starts_name_it_as_their_parent(tmp_path: Path) -> None:
    """Though nothing was passed on, and also through a shell."""
    with AuditLog(tmp_path, session="main") as log:
        log.emit("TRAINING_STARTED")
        _launch_through_shell(tmp_path)
        log.emit("TRAINING_COMPLETED")
    drained(tmp_path)
    (name,) = _families(tmp_path)
    assert name == "main"
    assert len(find_sessions([tmp_path])) == 2
    assert b"main: 2 sessions that belong together" in mllog("summary", tmp_path).stdout
    assert {each.status for each in verify([tmp_path])} == {Status.SOUND}


def _launch_through_shell(directory: Path) -> None:
    program = directory / "rank.py"
    program.write_text(RANK)
    command = f'"{sys.executable}" "{program}" "{directory}"; true'
    subprocess.run(["/bin/sh", "-c", command], check=True, env=os.environ | {"RANK": "0"})


def test_ranks_of_other_machines_are_given_their_parent(tmp_path: Path) -> None:
    """By a launcher that passes `MLLOG_PARENT` on."""
    _launch(tmp_path, MLLOG_PARENT="tonight")
    assert _families(tmp_path) == {"tonight": [0, 1]}


@pytest.mark.parametrize("environment", [{"SLURM_JOB_ID": "4711"}, {"TORCHELASTIC_RUN_ID": "none"}])
def test_ranks_without_a_parent_go_by_their_launcher(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """By its job where it names one, else by its process."""
    _launch(tmp_path, **environment)
    ((name, ranks),) = _families(tmp_path).items()
    assert ranks == [0, 1]
    expected = "SLURM_JOB_ID=4711" if "SLURM_JOB_ID" in environment else f"process {os.getpid()} on"
    assert name.startswith(expected)


def test_workers_and_forks_are_of_the_session_they_came_from(tmp_path: Path) -> None:
    """Of a pool, and of a fork in a fork."""
    with AuditLog(tmp_path, session="main") as log:
        joblib.Parallel(n_jobs=2)(joblib.delayed(emit_one)(log, n) for n in range(4))

        def child() -> None:
            emit_one(log, 4)
            assert ended(forked(lambda: emit_one(log, 5))) == 0

        assert ended(forked(child)) == 0
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    drained(tmp_path)
    assert list(_families(tmp_path)) == ["main"]
    assert len(find_sessions([tmp_path])) >= 4


def test_sessions_of_one_process_stand_alone(tmp_path: Path) -> None:
    """One after the other is not one within the other."""
    for name in "a", "b":
        with AuditLog(tmp_path, session=name) as log:
            log.emit("MODEL_SAVED")
    drained(tmp_path)
    assert list(_families(tmp_path)) == ["a", "b"]
