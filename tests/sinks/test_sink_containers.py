"""Containers: the training, or a shell, is PID 1, and all that is in memory ends with it."""

import itertools
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from containers import contained, first_process, fork_contained, needs_root, start_contained
from mllog_callbacks import AuditLog
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.recording._session import _drain_all
from mllog_callbacks.sinks import prospects, recover
from processes import Shared, emit_many, ended, numbers, until
from sealed import mllog

pytestmark = needs_root

KILLS = int(os.environ.get("MLLOG_TEST_CONTAINERS", "15"))
"""Containers killed, of each kind."""

ONE = """
from mllog_callbacks import get_log
get_log().emit("MODEL_SAVED", metrics_snapshot={"n": 0})
"""

CLOSED = """
from mllog_callbacks import AuditLog
for n in range(3):
    with AuditLog() as log:
        log.emit("MODEL_SAVED", metrics_snapshot={"n": n})
"""

FOREVER = """
import itertools, mmap, os, sys, time
from mllog_callbacks import AuditLog
file = os.open(sys.argv[1] if len(sys.argv) > 1 else os.environ["COUNTED"], os.O_RDWR)
counted = memoryview(mmap.mmap(file, 4096)).cast("Q")
log = AuditLog()
for n in itertools.count():
    log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": n})
    counted[0] = n + 1
    if n % 50 == 0:
        time.sleep(0.001)
"""


def _sealed(logs: Path) -> list[str]:
    return [each.status for each in verify([logs])]


def _left_behind(logs: Path) -> list[str]:
    return [each.name for each in (logs / "_integrity").iterdir() if each.name.startswith(".")]


@pytest.mark.parametrize("program", [ONE, CLOSED], ids=["by its end", "by close"])
def test_an_orderly_end_of_pid_1_is_sealed(tmp_path: Path, program: str) -> None:
    """And nothing of the spool is left in the log's folder."""
    logs = tmp_path / "logs"
    contained(program, MLLOG_DIR=str(logs))
    assert set(_sealed(logs)) == {Status.SOUND}
    assert _left_behind(logs) == []
    assert recover(logs) == []


def test_an_orderly_end_under_a_shell_is_sealed(tmp_path: Path) -> None:
    """The shell is PID 1 and ends right after the training."""
    entry, train, logs = tmp_path / "entry.sh", tmp_path / "train.py", tmp_path / "logs"
    train.write_text(ONE)
    entry.write_text(f"#!/bin/bash\n{sys.executable} {train}\nrc=$?\nexit $rc\n")
    for _ in range(3):
        contained(["bash", str(entry)], MLLOG_DIR=str(logs))
    assert _sealed(logs) == [Status.SOUND] * 3


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("memory", [True, False], ids=["own memory", "the machine's memory"])
def test_a_killed_pid_1_loses_nothing(tmp_path: Path, *, memory: bool) -> None:
    """What `emit` returned from is completed outside, also where its own memory ended with it."""
    returned = Shared(1)
    for kill in range(KILLS):
        logs = tmp_path / f"logs{kill}"
        returned[0] = 0

        def train(logs: Path = logs) -> None:
            log = AuditLog(logs)
            for n in itertools.count():
                emit_many(log, n, n + 1)
                returned[0] = n + 1
                if n % 50 == 0:
                    time.sleep(0.001)

        first, child = fork_contained(train, memory=memory)
        until(lambda: returned[0])
        time.sleep(0.004 * (kill % 13))
        os.kill(first, signal.SIGKILL)
        assert ended(child) == 0
        assert all(each.error is None for each in recover(logs))
        found = numbers(logs)
        assert found == list(range(len(found)))
        assert returned[0] <= len(found) <= returned[0] + 1
        assert len(list(logs.glob("*.jsonl"))) == 1
        assert _left_behind(logs) == []
        assert _sealed(logs) == [Status.SOUND]
        shutil.rmtree(logs)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("end", ["by close", "by the exit of the process"])
@pytest.mark.parametrize("memory", [True, False], ids=["own memory", "the machine's memory"])
def test_every_orderly_end_of_pid_1_is_sealed(tmp_path: Path, end: str, *, memory: bool) -> None:
    """All that ends with PID 1 ends at once, however much was just emitted."""
    for each in range(max(3, KILLS // 10)):

        def train(many: int = each * 37 + 1) -> None:
            log = AuditLog(tmp_path)
            emit_many(log, 0, many)
            if end == "by close":
                log.close()
            else:
                _drain_all()

        assert ended(fork_contained(train, memory=memory)[1]) == 0
    assert set(_sealed(tmp_path)) == {Status.SOUND}
    assert recover(tmp_path) == []


def test_a_run_that_pid_1_leaves_open_has_its_end_by_the_next(tmp_path: Path) -> None:
    """The log is written when its container ends, and not sealed: nobody saw the run's end."""
    program = """
from mllog_callbacks import get_log
get_log().emit("TRAINING_STARTED", metrics_snapshot={"run": 1})
"""
    contained(program, MLLOG_DIR=str(tmp_path))
    assert [each.ends for each in recover(tmp_path)] == [1]
    assert numbers(tmp_path, "run") == [1, 1]
    assert _sealed(tmp_path) == [Status.SOUND]
    assert _left_behind(tmp_path) == []


def test_the_next_session_completes_what_a_killed_one_left(tmp_path: Path) -> None:
    """Where a container is started again; its drainer is a thread there."""
    logs, counted = tmp_path / "logs", tmp_path / "counted"
    counted.write_bytes(bytes(4096))
    with start_contained(FOREVER, MLLOG_DIR=str(logs), COUNTED=str(counted)) as process:
        while not any(counted.read_bytes()[:8]):
            time.sleep(0.01)
        os.kill(first_process(process), signal.SIGKILL)
        process.wait(30)
    contained(f"{CLOSED}\nimport time; time.sleep(1)", MLLOG_DIR=str(logs))
    assert recover(logs) == []
    assert _sealed(logs) == [Status.SOUND] * 4


def test_a_volume_has_another_path_outside(tmp_path: Path) -> None:
    """What a container left is completed in the same file, by the path that the host knows."""
    logs, inside, counted = tmp_path / "logs", tmp_path / "mounted", tmp_path / "counted"
    logs.mkdir()
    inside.mkdir()
    counted.write_bytes(bytes(4096))
    bind = f"mount --bind {logs} {inside}"
    with start_contained(
        FOREVER, mounts=bind, MLLOG_DIR=str(inside), COUNTED=str(counted)
    ) as process:
        while not any(counted.read_bytes()[:8]):
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(first_process(process), signal.SIGKILL)
        process.wait(30)
    (done,) = recover(logs)
    assert done.error is None
    (file,) = logs.glob("*.jsonl")
    assert len(numbers(file)) >= int.from_bytes(counted.read_bytes()[:8], "little")
    assert not list(inside.iterdir())


def test_an_issue_is_written_at_once_where_memory_ends_with_the_container(tmp_path: Path) -> None:
    """And all else within the documented 50 ms, here with room for a busy machine."""
    logs = tmp_path / "logs"
    program = """
import time
from mllog_callbacks import AuditLog
log = AuditLog()
time.sleep(1.5)
for n in range(300):
    log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": n})
log.emit("ISSUE_DETECTED", metrics_snapshot={"n": 300})
print("emitted", flush=True)
time.sleep(30)
"""
    memory = "/dev/shm"  # noqa: S108 - the default, on purpose
    with start_contained(program, MLLOG_DIR=str(logs), MLLOG_SPOOL=memory) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "emitted\n"
        time.sleep(0.5)
        os.kill(first_process(process), signal.SIGKILL)
        process.wait(30)
    assert numbers(logs) == list(range(301))


def test_pid_1_has_no_children_of_ours(tmp_path: Path) -> None:
    """None that its own supervision could see, living or dead."""
    program = f"""
{CLOSED}
import os, signal, time
log = AuditLog()
log.emit("MODEL_SAVED")
time.sleep(0.3)
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
print(len([each for each in os.listdir("/proc") if each.isdigit()]))
"""
    assert contained(program, MLLOG_DIR=str(tmp_path / "logs")).split("\n") == ["no child", "1", ""]


def test_doctor_says_what_holds_where(tmp_path: Path) -> None:
    """In a container and on the machine, each with its reason."""
    call = "import sys; from mllog_callbacks.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", call, "doctor", "--json", str(tmp_path)]
    inside = {each["promise"]: each for each in map(json.loads, contained(command).splitlines())}
    assert inside["entries survive a kill"]["holds"] == "yes"
    assert "PID 1" in inside["entries survive a kill"]["reason"]
    assert inside["emit never waits for a disk"]["holds"] == "limited"
    assert "a thread of this process" in inside["orderly ends are sealed"]["reason"]
    outside = {each.promise: each for each in prospects(tmp_path)}
    assert {each.holds for name, each in outside.items() if name != "chains are signed"} == {"yes"}
    assert outside["chains are signed"].holds == "no"


def test_doctor_exits_with_1_where_logs_cannot_be_made(tmp_path: Path) -> None:
    """Or cannot be signed though they must be; with 2 where a setting cannot be used."""
    assert mllog("doctor", tmp_path / "logs").returncode == 0
    assert mllog("doctor", tmp_path / "logs", MLLOG_REQUIRE_SIGNING="1").returncode == 1
    (tmp_path / "file").write_text("")
    assert mllog("doctor", tmp_path / "file").returncode == 1
    assert mllog("doctor", tmp_path, MLLOG_LEVEL="LOUD").returncode == 2
    assert mllog("doctor", "s3://bucket/logs").returncode == 2
