"""What people's trainings are killed by, each with the right words: real programs, real kills."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from containers import first_process, needs_root, start_contained
from mllog_callbacks import AuditLog, LogEntry
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.sinks import recover
from mllog_callbacks.sinks.spool import _exits as exits
from processes import drained, drainers, ended, forked, lines, until
from recorded import facts_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a spool needs Linux")

ENDS = "TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"

PROGRAM = """
import os, signal, sys, time
from mllog_callbacks import AuditLog
log = AuditLog(sys.argv[1], session="training")
signal.signal(signal.SIGTERM, {handler})
log.emit("TRAINING_STARTED", metrics_snapshot={{"run": 1}})
time.sleep(60)
"""
IGNORES = "lambda *_: None"
"""As a program that has a handler to save a checkpoint, and goes on."""


def fit(log: AuditLog, seconds: float) -> int:
    """A training in a worker, which says who it is once it is under way."""
    log.emit("TRAINING_STARTED", metrics_snapshot={"run": 1, "pid": os.getpid()})
    time.sleep(seconds)
    return os.getpid()


def _ends(directory: Path) -> list[LogEntry]:
    found = [each.entry for each in lines(directory) if each.entry]
    return [each for each in found if each.event in ENDS]


def _end(directory: Path) -> LogEntry:
    """The one end, of a log that is whole."""
    drained(directory)
    (end,) = _ends(directory)
    assert {each.status for each in verify([directory])} == {Status.SOUND}
    return end


def _is_by(end: LogEntry, number: int) -> None:
    """An end is by a signal, where the kernel says so."""
    stop = facts_of(end)["stop"]
    assert stop["by"] == "killed"
    if stop.get("not_known") == exits._KERNEL:  # noqa: SLF001 - an older kernel
        return
    name = signal.Signals(number).name
    assert (stop["signal"], stop["signal_number"]) == (name, number)
    asked = name in {"SIGINT", "SIGTERM"}
    assert end.event == ("TRAINING_STOPPED" if asked else "TRAINING_FAILED")
    verb = "stopped" if asked else "killed"
    assert f"was {verb} by signal {number} ({name}); " in str(end.decision)
    assert "Who sent the signal is not known" in str(end.reasoning)


def _started(directory: Path) -> bool:
    return any(b"TRAINING_STARTED" in each.read_bytes() for each in directory.glob("*.jsonl"))


@pytest.mark.parametrize(
    ("handler", "number"),
    [("signal.SIG_DFL", signal.SIGTERM), (IGNORES, signal.SIGKILL)],
    ids=["the signal", "the kill after it"],
)
def test_timeout(tmp_path: Path, handler: str, number: int) -> None:
    """It sends SIGTERM, and SIGKILL later; its alarm is sent here when the training is on."""
    program = PROGRAM.format(handler=handler)
    command = ["timeout", "--kill-after=0.2", "600", sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command) as process:
        until(lambda: _started(tmp_path), 60)
        process.send_signal(signal.SIGALRM)
        assert process.wait(30) in {124, -9, 137}
    _is_by(_end(tmp_path), number)


@pytest.mark.parametrize("all_of_it", [False, True], ids=["its step", "all of its job"])
def test_preemption_by_slurm(tmp_path: Path, *, all_of_it: bool) -> None:
    """SIGTERM, then SIGKILL; where that is sent to each process of a job, to the drainer too."""

    def train() -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        fit(AuditLog(tmp_path), 60)

    child = forked(train)
    until(lambda: _started(tmp_path))
    job = [child, *(drainers(tmp_path) if all_of_it else [])]
    for number in (signal.SIGTERM, signal.SIGKILL):
        time.sleep(0.1)
        for pid in reversed(job):
            os.kill(pid, number)
    ended(child)
    if not all_of_it:
        _is_by(_end(tmp_path), signal.SIGKILL)
        return
    recover(tmp_path)
    end = _end(tmp_path)
    assert facts_of(end)["stop"] == {"by": "killed", "not_known": exits._NOBODY}  # noqa: SLF001 - its words
    assert facts_of(end)["witness"]["recorded_by"] == "reader"
    assert facts_of(end)["witness"]["last_alive"]


def test_a_segmentation_fault(tmp_path: Path) -> None:
    """A real one, in native code."""

    def train() -> None:
        import ctypes  # noqa: PLC0415 - in the child
        import faulthandler  # noqa: PLC0415

        faulthandler.disable()
        log = AuditLog(tmp_path)
        fit(log, 0)
        ctypes.string_at(0)

    assert ended(forked(train)) == -signal.SIGSEGV
    end = _end(tmp_path)
    stop = facts_of(end)["stop"]
    assert stop.get("signal", "SIGSEGV") == "SIGSEGV"
    assert ("core dump" in str(end.reasoning)) == (stop.get("core_dumped") is True)


def test_the_restart_of_a_notebooks_kernel(tmp_path: Path) -> None:
    """By force, as where a cell does not react; its session has an end, the next one is another."""
    client = pytest.importorskip("jupyter_client", reason="jupyter_client is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    path = os.pathsep.join(map(str, filter(None, sys.path)))
    manager = client.KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel(env=os.environ | {"PYTHONPATH": path})
    try:
        kernel = manager.client()
        kernel.start_channels()
        kernel.wait_for_ready(timeout=60)
        program = PROGRAM.replace("sys.argv[1]", repr(str(tmp_path)))
        kernel.execute(program.format(handler="signal.SIG_DFL"))
        until(lambda: _started(tmp_path), 60)
        manager.restart_kernel(now=True)
        _is_by(_end(tmp_path), signal.SIGKILL)
        kernel.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)


def _by_loky(log: AuditLog, kill: Callable[[], object]) -> None:
    joblib = pytest.importorskip("joblib", reason="joblib is not installed")
    futures: Any = joblib.externals.loky.get_reusable_executor(max_workers=1, timeout=60)
    running = futures.submit(fit, log, 60)
    kill()
    with pytest.raises(joblib.externals.loky.process_executor.TerminatedWorkerError):
        running.result(60)
    futures.shutdown(wait=True, kill_workers=True)


def _by_dask(log: AuditLog, kill: Callable[[], object]) -> None:
    dask = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    cluster = dask.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, dask.Client(cluster) as client:
        running = client.submit(fit, log, 60, retries=0, allow_other_workers=False)
        kill()
        running.cancel()


@pytest.mark.parametrize("pool", [_by_loky, _by_dask], ids=["loky", "Dask"])
def test_a_worker(tmp_path: Path, pool: Callable[[AuditLog, Callable[[], object]], None]) -> None:
    """It has a session of its own, and with it an end of its own; its caller lives on."""

    def kill() -> None:
        until(lambda: _started(tmp_path), 60)
        (start,) = (line.entry for line in lines(tmp_path) if line.entry)
        os.kill(int(facts_of(start)["pid"]), signal.SIGKILL)
        until(lambda: _ends(tmp_path))

    with AuditLog(tmp_path) as log:
        pool(log, kill)
    drained(tmp_path)
    (end,) = _ends(tmp_path)[:1]
    _is_by(end, signal.SIGKILL)


@needs_root
def test_a_container(tmp_path: Path) -> None:
    """All of it ends at once, the drainer too: who reads outside says why it is not known."""
    program = PROGRAM.format(handler=IGNORES).replace("sys.argv[1]", repr(str(tmp_path)))
    with start_contained(program) as process:
        until(lambda: _started(tmp_path), 60)
        os.kill(first_process(process), signal.SIGKILL)
        process.wait(30)
    recover(tmp_path)
    end = _end(tmp_path)
    assert facts_of(end)["stop"] == {"by": "killed", "not_known": exits._NOBODY}  # noqa: SLF001 - its words
    assert str(end.decision).startswith(
        "Training ended with its process; how that ended is not known; "
    )


def test_an_exit_within_a_training(tmp_path: Path) -> None:
    """`os._exit` runs nothing of Python's: the kernel has the code."""
    program = textwrap.dedent(PROGRAM.format(handler="signal.SIG_DFL"))
    program = program.replace("time.sleep(60)", "assert log.flush(30); os._exit(3)")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    assert done.returncode == 3
    stop = facts_of(_end(tmp_path))["stop"]
    assert stop.get("exit_code", 3) == 3
