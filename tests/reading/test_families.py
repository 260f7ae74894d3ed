"""Ranks, workers and folds log in sessions of their own, which a common parent ties together."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import joblib
import pytest

from launching import MEET
from mllog_callbacks import AuditLog
from mllog_callbacks.integrity import (
    Relative,
    Status,
    families,
    find_sessions,
    grouped,
    verify,
)
from mllog_callbacks.reading import trainings
from mllog_callbacks.reading.story import read_stories
from processes import drained, emit_one, ended, forked
from sealed import mllog

RANK = f"""{MEET}
from mllog_callbacks import AuditLog
with AuditLog(sys.argv[1]) as log:
    log.emit("TRAINING_STARTED")
    meet(sys.argv[1], int(sys.argv[2]))
    log.emit("TRAINING_COMPLETED")
"""


def _rank(directory: Path, ranks: int = 2, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RANK, str(directory), str(ranks)]
    return subprocess.Popen(command, env=os.environ | environment)


def _launch(directory: Path, **environment: Any) -> None:
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
    command = f'"{sys.executable}" "{program}" "{directory}" 1; true'
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


@pytest.mark.parametrize("exported", [{"SLURM_JOB_ID": "4711"}, {}], ids=["a job", "no job"])
def test_trainings_one_after_the_other_are_none_of_a_family(
    tmp_path: Path, exported: dict[str, Any]
) -> None:
    """Though one job and one process started both, and `RANK` was exported, or counted up."""
    for rank in "0", "0", "1":
        _wait_for_the_second_after(tmp_path)
        assert _rank(tmp_path, 1, RANK=rank, **exported).wait(60) == 0
    drained(tmp_path)
    assert sorted(map(len, _families(tmp_path).values())) == [1, 1, 1]
    assert len(trainings(read_stories(sorted(tmp_path.glob("*.jsonl"))))) == 3


def _wait_for_the_second_after(directory: Path) -> None:
    """Longer than the clocks of machines may differ."""
    if not any(directory.glob("met.*")):
        return
    drained(directory)
    for each in directory.glob("met.*"):
        each.unlink()
    time.sleep(1.5)


def test_trainings_side_by_side_of_the_same_rank_are_none_of_a_family(tmp_path: Path) -> None:
    """Two in one job, each of which calls itself the first rank."""
    environment = {"SLURM_JOB_ID": "4711", "RANK": "0"}
    both = [_rank(tmp_path, 1, **environment) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    drained(tmp_path)
    assert sorted(map(len, _families(tmp_path).values())) == [1, 1]


def _relative(name: str, begin: int, end: int, folder: str = "logs", **facts: object) -> Relative:
    first, last = (f"2026-01-30T10:00:{second:02}.000000Z" for second in (begin, end))
    return Relative(Path(folder), name, {"host": "a", "parent_pid": 7, **facts}, first, last)


@pytest.mark.parametrize(
    ("other", "together"),
    [
        (_relative("b", 5, 15, rank=1), True),
        (_relative("b", 5, 15, rank=1, host="b", parent_pid=9, job="J=1"), True),
        (_relative("b", 5, 15, rank=0), False),
        (_relative("b", 5, 15), False),
        (_relative("b", 20, 25, rank=1), False),
        (_relative("b", 5, 15, rank=1, parent_pid=8, job=None), False),
        (_relative("b", 20, 25, parent="a"), True),
        (_relative("b", 20, 25, folder="others", parent="a"), True),
        (_relative("a", 5, 15, folder="others", rank=0), False),
        (_relative("a", 5, 15, folder="others"), False),
        (Relative(Path("logs"), "b", {"host": "a", "parent_pid": 7, "rank": 1}), False),
    ],
    ids=[
        "another rank at the same time",
        "another rank of the job on another machine",
        "the same rank",
        "no rank",
        "another rank later",
        "another launcher and no job",
        "it names the other as its parent",
        "so it does in another folder",
        "of the same name in another folder",
        "of the same name in another folder, without a rank",
        "no times",
    ],
)
def test_what_makes_a_family(other: Relative, *, together: bool) -> None:
    """A parent; or one launcher, the same time and ranks of their own."""
    facts = {"job": "J=1"} if other.facts.get("job") else {}
    found = grouped([_relative("a", 0, 10, rank=0, **facts), other])
    assert len(found) == (1 if together else 2)


def test_sessions_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    """To verify, to summary and to report; each has its own lines, chain and family."""
    for folder, entries in ("a", 3), ("b", 5):
        with AuditLog(tmp_path / folder, session="run") as log:
            for n in range(entries):
                emit_one(log, n)
        drained(tmp_path / folder)
    assert sorted(each.entries for each in verify([tmp_path])) == [3, 5]
    assert {each.status for each in verify([tmp_path])} == {Status.SOUND}
    assert sorted(map(len, families(find_sessions([tmp_path])).values())) == [1, 1]
    shown = [json.loads(each) for each in mllog("summary", "--json", tmp_path).stdout.splitlines()]
    assert [each["entries"] for each in shown] == [3, 5]
    pages = mllog("report", "--json", tmp_path, "-o", tmp_path / "pages").stdout.splitlines()
    assert sorted(each["entries"] for each in map(json.loads, pages) if "entries" in each) == [3, 5]


def test_a_worker_of_one_of_two_sessions_of_a_name_is_of_that_in_its_folder() -> None:
    """The parent's name alone does not say which."""
    found = grouped(
        [
            _relative("main", 0, 9, folder="a"),
            _relative("main", 0, 9, folder="b"),
            _relative("w", 1, 2, folder="b", parent="main"),
            _relative("w", 1, 2, folder="a", parent="main"),
            _relative("v", 1, 2, folder="c", parent="main"),
        ]
    )
    assert [members for _, members in found] == [[0, 3], [1, 2], [4]]
