"""Ends name what lies behind them: causes, groups, retries, time limits, who cancelled."""

import asyncio
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from mllog_callbacks import AuditLog, LogEntry
from mllog_callbacks.platform import audit_action, audit_platform
from mllog_callbacks.schema import cause_of, message_of, place_of, said
from recorded import Entries

ENDS = {"TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"}


def raised(function: Any) -> BaseException:
    """What it raises."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whichever it is
        function()
    return caught.value


def chained() -> None:
    """A failure with a cause, and its cause's cause."""
    try:
        try:
            int("n/a")
        except ValueError as error:
            msg = "bad row"
            raise LookupError(msg) from error
    except LookupError as error:
        msg = "Training failed"
        raise RuntimeError(msg) from error


def refused() -> None:
    """An attempt."""
    msg = "the feature store refused"
    raise ConnectionError(msg)


class RetryError(Exception):
    """As `tenacity` has it: with the future of its last attempt."""

    def __init__(self, last_attempt: "Future[None]") -> None:
        super().__init__(last_attempt)
        self.last_attempt = last_attempt


def retried() -> None:
    """Give up after an attempt."""
    with ThreadPoolExecutor(1) as pool:
        attempt = pool.submit(refused)
        error = attempt.exception()
    raise RetryError(attempt) from error


def test_causes_and_what_stands_for_others() -> None:
    """A cause by its type and message; a retry and a group by what they hide."""
    error = raised(chained)
    assert cause_of(error).startswith("ValueError: invalid literal for int()")
    assert said(error).startswith("RuntimeError: Training failed (caused by ValueError: ")
    gave_up = raised(retried)
    assert said(gave_up) == (
        "RetryError: the last attempt raised ConnectionError: the feature store refused"
    )
    assert place_of(gave_up).startswith("refused, test_platform_causes.py line")
    group = ExceptionGroup("folds", [ValueError("fold 1"), *[KeyError("fold")] * 3])
    assert message_of(group) == (
        "folds (4 sub-exceptions): ValueError: fold 1; KeyError: 'fold'; KeyError: 'fold'; "
        "and 1 more"
    )
    assert cause_of(ValueError("x")) == ""


def ends(entries: list[LogEntry]) -> list[LogEntry]:
    """The ends among them."""
    return [each for each in entries if each.event in ENDS]


class Trainer:
    """Waits."""

    async def train(self, name: str) -> None:
        """In one of many ways."""
        if name == "inner":
            async with asyncio.timeout(0.01):
                await asyncio.sleep(20)
        if name == "sibling fails":
            await asyncio.sleep(0)
            msg = "fold 1 has one class only"
            raise ValueError(msg)
        await asyncio.sleep(20)


async def fail_beside(trainer: Trainer) -> None:
    """Two in a group."""
    async with asyncio.TaskGroup() as group:
        group.create_task(trainer.train("sibling"))
        group.create_task(trainer.train("sibling fails"))


async def cancel_all() -> None:
    """Each by somebody else."""
    trainer = Trainer()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(trainer.train("limit"), 0.02)
    with pytest.raises(TimeoutError):
        await trainer.train("inner")
    task = asyncio.create_task(trainer.train("cancelled"), name="Task-of-job")
    await asyncio.sleep(0)
    task.cancel("the client left")
    await asyncio.wait([task])
    with pytest.raises(ExceptionGroup):
        await fail_beside(trainer)
    asyncio.current_task().kept = asyncio.create_task(trainer.train("left"))  # type: ignore[union-attr]  # else it would go
    await asyncio.sleep(0)


def test_a_cancellation_says_by_whom(log: AuditLog, entries: Entries) -> None:
    """Never by hand: by a time limit, a request, a failure beside it, the end of the loop."""
    with audit_platform(trainer=Trainer, names={"train": "train"}, log=log):
        asyncio.run(cancel_all())
    named = [str(each.reasoning) for each in ends(entries())]
    assert "its timeout of 0.02 s was over" in named[0]
    assert "TimeoutError" in named[1]
    assert "the task Task-of-job was cancelled with the words 'the client left'" in named[2]
    assert "fold 1 has one class only" in named[3]
    assert "a task of the same TaskGroup failed: ValueError: fold 1 has" in named[4]
    assert "asyncio.run ended and cancelled the task" in named[5]
    assert not any("by hand" in str(each.decision) for each in ends(entries()))
    stops = [(each.metrics_snapshot or {})["stop"]["by"] for each in ends(entries())]  # type: ignore[call-overload,index]  # a mapping
    assert stops == ["limit", "error", "request", "error", "error", "request"]


def test_sys_exit_is_no_hand(log: AuditLog, entries: Entries) -> None:
    """Code ended the program; an interrupt is one."""

    class Exiting:
        def train(self, error: type[BaseException]) -> None:
            if error is SystemExit:
                sys.exit(3)
            raise error

    with audit_platform(trainer=Exiting, log=log):
        for error in (SystemExit, KeyboardInterrupt):
            with pytest.raises(error):
                Exiting().train(error)
    exited, interrupted = ends(entries())
    assert str(exited.decision).startswith("Training was ended by sys.exit(3) after")
    assert "by hand" in str(interrupted.decision)


def test_blocks_may_be_used_again_nested_and_by_threads(log: AuditLog, entries: Entries) -> None:
    """Each has its own entry: nothing of the first is in the second, and none is lost."""
    step = audit_action("DATASET_PREPROCESSED", dataset="credit", log=log)
    with step as first:
        first.tell("12 rows were left out.", metrics={"rows": 12})
    with step:
        pass
    with step as outer:
        with step as inner:
            inner.tell("inner")
        step.tell("outer, by the action itself")
        del outer

    def work(number: int) -> None:
        with step as block:
            block.tell(f"thread {number}")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    decisions = [str(each.decision) for each in entries()]
    assert decisions[:4] == [
        "12 rows were left out.",
        "dataset preprocessed is done.",
        "inner",
        "outer, by the action itself",
    ]
    assert sorted(decisions[4:]) == ["thread 0", "thread 1", "thread 2"]


def test_progress_is_readable_whatever_the_callers_rate(log: AuditLog, entries: Entries) -> None:
    """In its own unit, with the names of its run, also from threads; 500 steps are a dozen."""

    class Reporting:
        def train(self, job_id: str, dataset: str, how: str) -> None:
            del job_id, dataset
            with ThreadPoolExecutor(1) as pool:
                for each in range(1, 501):
                    pool.submit(getattr(self, how), each)

        def percent(self, each: int) -> None:
            self.report_progress(percent=each / 5)

        def fraction(self, each: int) -> None:
            self.report_progress(fraction=each / 500)

        def epochs(self, each: int) -> None:
            self.report_progress(epoch=each, epochs=500, loss=1 / each)

        def steps(self, each: int) -> None:
            self.report_progress(step=each, total=500)

        def report_progress(self, **values: float) -> None:
            """Nothing."""

    with audit_platform(trainer=Reporting, log=log):
        for how in ("percent", "fraction", "epochs", "steps"):
            Reporting().train(f"job-{how}", "churn", how)
    found = [each for each in entries() if each.event == "TRAINING_PROGRESS"]
    assert {(each.dataset, str(each.model)[:4]) for each in found} == {("churn", "job-")}
    last = {}
    for each in found:
        last[str(each.model)] = str(each.decision)
    assert last == {
        "job-percent": "100% of the training is done.",
        "job-fraction": "100% of the training is done.",
        "job-epochs": "Epoch 500 of 500 is done.",
        "job-steps": "Step 500 of 500 is done.",
    }
    assert len(found) <= 4 * 15
    assert (found[-1].metrics_snapshot or {})["progress"] == {
        "unit": "step",
        "done": 500,
        "planned": 500,
    }


def test_hooks_show_no_secret(log: AuditLog, entries: Entries) -> None:
    """Of arguments, requests, results, errors and names of data sets."""
    secret = "hunter2"  # noqa: S105 - which is the point

    class Settings:
        def __init__(self) -> None:
            self.api_key = secret
            self.folds = 5

    class Datasets:
        def upload(self, source: str, settings: object = None, **more: object) -> object:
            del source, settings
            if more.get("fail"):
                msg = f"cannot connect to postgresql://ml:{secret}@db/credit"
                raise ConnectionError(msg)
            return {"rows": 3, "token": secret, "environ": {"DB_PASSWORD": secret, "HOME": "/x"}}

    with audit_platform(datasets=Datasets, log=log):
        Datasets().upload(
            f"postgresql://ml:{secret}@db.internal:5432/credit",
            Settings(),
            headers={"Authorization": f"Bearer {secret}"},
            cookies={"sid": secret},
        )
        with pytest.raises(ConnectionError):
            Datasets().upload("x", fail=True)
    found = entries()
    assert secret not in "".join(each.model_dump_json() for each in found)
    assert found[0].dataset == "postgresql://ml:***@db.internal:5432/credit"


def test_threads_and_executors_are_as_they_were_after_detaching() -> None:
    """While a platform is audited they carry names; then nothing is left."""
    code = (
        "import threading, concurrent.futures as f\n"
        "before = threading.Thread.start, f.ThreadPoolExecutor.submit\n"
        "from mllog_callbacks.platform import audit_platform\n"
        "class T:\n    def train(self): pass\n"
        "with audit_platform(trainer=T), audit_platform(datasets=T):\n"
        "    assert threading.Thread.start is not before[0]\n"
        "assert (threading.Thread.start, f.ThreadPoolExecutor.submit) == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)
