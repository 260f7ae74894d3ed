"""A run ends as what was seen says: not before its work is over, nor as a success by default."""

import asyncio
import enum
import functools
import gc
import inspect
import multiprocessing.pool
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mllog_callbacks import AuditLog, EventType, LogEntry, read_entries
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.platform import audit_platform
from recorded import Entries

ENDS = {"TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"}


def ends(entries: list[LogEntry]) -> list[LogEntry]:
    """The ends among them."""
    return [each for each in entries if each.event in ENDS]


class State(enum.Enum):
    """Of a scheduler."""

    FAILED = 3
    KILLED = 4
    QUEUED = 1


class WithProperty:
    """What says how it is only when it is read."""

    @property
    def status(self) -> str:
        """It crashed."""
        return "CRASHED"


FAILED: list[Any] = [
    False,
    {"success": False, "error": "no space"},
    {"status": "failed"},
    {"state": "KILLED"},
    {"job": 1, "error": "no space"},
    {"error": RuntimeError("no space")},
    {"returncode": 1},
    (False, "no space"),
    "FAILED",
    State.KILLED,
    {"job": 7, "status": State.FAILED},
    SimpleNamespace(status="error", message="no space"),
    WithProperty(),
    RuntimeError("no space"),
    subprocess.CompletedProcess(["train"], 2),
]
DONE: list[Any] = [
    None,
    "model",
    {"accuracy": 0.9},
    {"status": "completed"},
    {"error": 0.12, "accuracy": 0.9},
    {"errors": []},
    (True, None),
    0,
    {"success": True, "message": "done"},
]
PENDING: list[Any] = [
    {"job_id": "job-7", "status": "queued"},
    {"job_id": "job-7", "status": "RUNNING"},
    State.QUEUED,
    "submitted",
    {"done": False},
    SimpleNamespace(id=7, state="PENDING"),
]


STOPPED: list[Any] = [{"status": "cancelled"}, {"stopped": True}, ("aborted", None)]


def test_a_run_ends_as_its_result_says(log: AuditLog, entries: Entries) -> None:
    """Failures in the result's own words; work to come has no end, and the trail says so."""

    class Trainer:
        def train(self, result: object) -> object:
            return result

    expected = {"TRAINING_FAILED": FAILED, "TRAINING_COMPLETED": DONE, "TRAINING_STOPPED": STOPPED}
    with audit_platform(trainer=Trainer, log=log):
        for result in (*FAILED, *DONE, *STOPPED, *PENDING):
            assert Trainer().train(result) is result
    found = entries()
    assert [each.event for each in ends(found)] == [
        event for event, results in expected.items() for _ in results
    ]
    for result, each in zip(FAILED, ends(found), strict=False):
        words = str(vars(result) if isinstance(result, SimpleNamespace) else result)
        assert ("failed: " in str(each.decision)) == ("no space" in str(each.decision))
        assert ("no space" in words) == ("no space" in str(each.decision))
    handed_over = [each.decision for each in found if "handed over" in str(each.decision)]
    assert len(handed_over) == len(PENDING)
    log.close()
    (verdict,) = verify([log.path.parent])
    assert verdict.status is Status.SOUND


class Worker:
    """Hands its work over in many ways; it fails or not a little later."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.go = threading.Event()

    def train(self, dataset: str, how: str) -> Any:
        """By a thread, a pool, or a coroutine or generator that a plain function returns."""
        del dataset
        if how == "thread":
            thread = threading.Thread(target=self.work)
            thread.start()
            return thread
        if how == "pool":
            self.pool = multiprocessing.pool.ThreadPool(1)
            return self.pool.apply_async(self.work)
        return self.work_later() if how == "coroutine" else self.steps()

    def work(self) -> str:
        """Wait, and fail or not."""
        assert self.go.wait(20)
        if self.fails:
            msg = "out of memory"
            raise RuntimeError(msg)
        return "model"

    async def work_later(self) -> str:
        """The same."""
        await asyncio.sleep(0)
        self.go.set()
        return self.work()

    def steps(self) -> Iterator[dict[str, int]]:
        """The same, in epochs."""
        self.go.set()
        yield {"epoch": 1}
        self.work()


def see_the_end(worker: Worker, handle: Any) -> None:
    """Let the work be done, and wait for it."""
    worker.go.set()
    if isinstance(handle, threading.Thread):
        handle.join()
    elif inspect.iscoroutine(handle):
        asyncio.run(handle)
    elif isinstance(handle, multiprocessing.pool.AsyncResult):
        handle.get(20)
    else:
        list(handle)


@pytest.mark.parametrize("how", ["thread", "pool", "coroutine", "generator"])
@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_is_handed_over_is_followed(
    log: AuditLog, entries: Entries, how: str, *, fails: bool
) -> None:
    """To the one end that it comes to; what the caller gets is of its kind."""
    bare = Worker(fails=fails).train("churn", "coroutine")
    bare.close()
    worker = Worker(fails=fails)
    with audit_platform(trainer=Worker, log=log):
        handle = worker.train("churn", how)
        assert not ends(entries())
        if fails and how != "thread":
            with pytest.raises(RuntimeError, match="out of memory"):
                see_the_end(worker, handle)
        else:
            see_the_end(worker, handle)
    if how == "pool":
        worker.pool.close()
        worker.pool.join()
    (end,) = ends(entries())
    assert end.event == ("TRAINING_FAILED" if fails else "TRAINING_COMPLETED")
    assert end.dataset == "churn"
    assert ("out of memory" in str(end.reasoning)) == fails


def test_a_wrapped_coroutine_function_is_followed(log: AuditLog, entries: Entries) -> None:
    """Where a decorator made a plain function of it."""

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return inner

    class Trainer:
        @timed
        async def train(self, dataset: str) -> None:
            await asyncio.sleep(0)
            raise ValueError(dataset)

    with audit_platform(trainer=Trainer, log=log):
        coroutine = Trainer().train("churn")
        assert inspect.iscoroutine(coroutine)
        with pytest.raises(ValueError, match="churn"):
            asyncio.run(coroutine)
        unused = Trainer().train("never")
        unused.close()
        del unused
        gc.collect()
    assert [each.event for each in ends(entries())] == ["TRAINING_FAILED", "TRAINING_STOPPED"]


class EpochTrainer:
    """Yields its epochs."""

    def train(self, dataset: str) -> Iterator[dict[str, Any]]:
        """A hundred."""
        del dataset
        for epoch in range(1, 101):
            yield {"epoch": epoch, "loss": 1 / epoch}


class LiveTrainer:
    """The same, asynchronously."""

    async def train(self, dataset: str) -> AsyncGenerator[dict[str, int], None]:
        """A hundred."""
        del dataset
        for epoch in range(1, 101):
            yield {"epoch": epoch}

    async def download(self, model: str) -> AsyncGenerator[bytes, None]:
        """In chunks."""
        del model
        for _ in range(100):
            yield b"x"


def test_a_generator_that_is_given_up_is_stopped_by_its_caller(
    log: AuditLog, entries: Entries
) -> None:
    """With how far it came; whether it is closed, or only forgotten."""

    async def disconnect() -> None:
        live = LiveTrainer().train("credit")
        async for each in live:
            if each["epoch"] == 3:
                break
        await live.aclose()
        chunks = LiveTrainer().download("credit-rf")
        await anext(chunks)
        await chunks.aclose()

    with (
        audit_platform(trainer=EpochTrainer, log=log),
        audit_platform(trainer=LiveTrainer, log=log),
    ):
        for step in EpochTrainer().train("churn"):
            if step["epoch"] == 3:
                break
        asyncio.run(disconnect())
        list(EpochTrainer().train("whole"))
    found = entries()
    assert [(each.event, each.dataset) for each in ends(found)] == [
        ("TRAINING_STOPPED", "churn"),
        ("TRAINING_STOPPED", "credit"),
        ("TRAINING_COMPLETED", "whole"),
    ]
    for each in ends(found)[:2]:
        assert str(each.decision).endswith("at epoch 3.")
        assert (each.metrics_snapshot or {})["progress"] == {"unit": "epoch", "done": 3}
    assert "MODEL_DOWNLOADED" not in {each.event for each in found}
    assert any(each.event is EventType.ISSUE_DETECTED for each in found)


def test_the_end_may_come_from_a_later_status_call(log: AuditLog, entries: Entries) -> None:
    """Of the job that it is asked for; once."""
    states = {"a": "queued", "b": "queued"}

    class Trainer:
        def train(self, job_id: str) -> dict[str, str]:
            return {"job_id": job_id, "status": states[job_id]}

        def status(self, job_id: str) -> dict[str, str]:
            return {"job_id": job_id, "status": states[job_id]}

    with audit_platform(trainer=Trainer, log=log):
        for name in states:
            Trainer().train(name)
            Trainer().status(name)
        assert not ends(entries())
        states.update(a="completed", b="killed")
        for name in (*states, *states):
            Trainer().status(name)
    found = {each.model: each for each in ends(entries())}
    assert {name: each.event for name, each in found.items()} == {
        "a": "TRAINING_COMPLETED",
        "b": "TRAINING_FAILED",
    }
    assert "Trainer.status returned: status completed" in str(found["a"].reasoning)


DAEMON = """
import threading
from mllog_callbacks.platform import audit_platform
class ModelTrainer:
    def train(self, dataset):
        began.set()
        threading.Event().wait()
began = threading.Event()
audit_platform(trainer=ModelTrainer)
threading.Thread(target=ModelTrainer().train, args=("daemon.csv",), daemon=True).start()
began.wait()
"""


def test_a_daemon_thread_ends_with_its_process(tmp_path: Path, monkeypatch: Any) -> None:
    """As its end says, by the exit and not by a hand."""
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path))
    subprocess.run([sys.executable, "-c", DAEMON], check=True, timeout=60, capture_output=True)
    start, end = read_entries(tmp_path)
    assert (start.event, end.event) == ("TRAINING_STARTED", "TRAINING_STOPPED")
    assert end.decision == "Training was ended by the exit of the process."
    assert "in the daemon thread Thread-1" in str(end.reasoning)
    assert (end.metrics_snapshot or {})["stop"] == {"by": "exit"}
