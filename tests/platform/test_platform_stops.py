"""Stops are requests: matched by a run's name, refused or not, and never a second end."""

import asyncio
import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mllog_callbacks import AuditLog, LogEntry
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.platform import audit_platform
from recorded import Entries

MANY = int(os.environ.get("MLLOG_TEST_JOBS", "60"))
"""Concurrent jobs; the full run has 1,000."""

ENDS = {"TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"}


class Jobs:
    """What all requests share."""

    def __init__(self) -> None:
        self.flags: dict[str, threading.Event] = {}
        self.began = threading.Semaphore(0)


JOBS = Jobs()


class Trainer:
    """Made anew for each request, as web frameworks do."""

    def train(self, job_id: str, dataset: str) -> str | None:
        """Wait to be stopped."""
        del dataset
        flag = JOBS.flags.setdefault(job_id, threading.Event())
        JOBS.began.release()
        return None if flag.wait(20) else "model"

    def stop(self, job_id: str) -> bool:
        """Set the flag of a job that is known."""
        if job_id not in JOBS.flags:
            return False
        JOBS.flags[job_id].set()
        return True


def ends(entries: list[LogEntry]) -> list[LogEntry]:
    """The ends among them."""
    return [each for each in entries if each.event in ENDS]


def is_sound(log: AuditLog) -> bool:
    """Whether `verify` finds nothing in the closed log."""
    log.close()
    (verdict,) = verify([log.path.parent])
    return verdict.status is Status.SOUND


def test_a_stop_by_another_object_ends_the_run_it_names(log: AuditLog, entries: Entries) -> None:
    """Of several, with one end each."""
    with audit_platform(trainer=Trainer, log=log), ThreadPoolExecutor(2) as pool:
        JOBS.flags.clear()
        runs = [pool.submit(Trainer().train, f"job-{n}", "churn") for n in (1, 2)]
        for _ in runs:
            JOBS.began.acquire()
        Trainer().stop("job-2")
        runs[1].result()
        assert [each.model for each in ends(entries())] == ["job-2"]
        Trainer().stop("job-1")
        Trainer().stop("job-3")
    found = entries()
    assert [each.decision for each in ends(found)] == [
        "Training of job-2 stopped by Trainer.stop.",
        "Training of job-1 stopped by Trainer.stop.",
    ]
    requests = [each for each in found if "stop_requested" in (each.metrics_snapshot or {})]
    assert [each.decision for each in requests] == [
        "A stop of the training was requested: job-2.",
        "A stop of the training was requested: job-1.",
        "A stop of the training was refused.",
    ]
    assert is_sound(log)


def test_a_stop_that_is_refused_or_ignored_stops_nothing(log: AuditLog, entries: Entries) -> None:
    """A plan that was carried out, or a result that says so, goes before the request."""
    results: dict[str, Any] = {
        "late": {"accuracy": 0.9},
        "ignored": {"epochs": 50, "epochs_planned": 50},
        "noticed": {"epochs": 7, "epochs_planned": 50},
        "said": {"status": "completed"},
    }
    began, go = threading.Event(), threading.Event()

    class Late:
        def train(self, name: str) -> Any:
            began.set()
            go.wait(20)
            return results[name]

        def stop(self, name: str) -> Any:
            return name != "late"

    with audit_platform(trainer=Late, log=log):
        for name in results:
            began.clear()
            go.clear()
            thread = threading.Thread(target=Late().train, args=(name,))
            thread.start()
            began.wait(20)
            Late().stop(name)
            go.set()
            thread.join()
    assert [(each.model, each.event.partition("_")[2]) for each in ends(entries())] == [
        ("late", "COMPLETED"),
        ("ignored", "COMPLETED"),
        ("noticed", "STOPPED"),
        ("said", "COMPLETED"),
    ]


def test_a_job_may_be_stopped_before_it_begins(log: AuditLog, entries: Entries) -> None:
    """It has one start and one end, which names the stop; then `verify` is content."""
    with audit_platform(trainer=Trainer, log=log):
        JOBS.flags.clear()
        JOBS.flags["job-7"] = threading.Event()
        Trainer().stop("job-7")
        Trainer().train("job-7", "churn")
    assert [each.event for each in entries()] == [
        "TRAINING_PROGRESS",
        "TRAINING_STARTED",
        "TRAINING_STOPPED",
    ]
    assert is_sound(log)


def test_a_stop_without_a_name_is_of_this_objects_runs(log: AuditLog, entries: Entries) -> None:
    """All of them are asked, and the entry says how many."""

    class Several:
        def __init__(self) -> None:
            self.flag = threading.Event()
            self.began = threading.Barrier(3)

        def train(self, job_id: str) -> None:
            self.began.wait(20)
            self.flag.wait(20)
            del job_id

        def stop(self) -> None:
            self.flag.set()

    with audit_platform(trainer=Several, log=log), ThreadPoolExecutor(2) as pool:
        several = Several()
        runs = [pool.submit(several.train, name) for name in "ab"]
        several.began.wait(20)
        several.stop()
        for each in runs:
            each.result()
    found = entries()
    assert [each.event for each in ends(found)] == ["TRAINING_STOPPED"] * 2
    (request,) = [each for each in found if "stop_requested" in (each.metrics_snapshot or {})]
    assert "2 trainings are under way" in str(request.reasoning)


class Fleet:
    """Jobs in threads and tasks, which fail, end or are stopped at random moments."""

    def __init__(self) -> None:
        self.random = random.Random(0)  # noqa: S311 - a fixed seed
        self.flags = {f"job-{n}": threading.Event() for n in range(MANY)}
        self.ways = {name: self.random.choice("sfc") for name in self.flags}

    def train(self, job_id: str, wait: float) -> dict[str, str]:
        """In a thread."""
        if self.ways[job_id] == "f":
            raise RuntimeError(job_id)
        if self.ways[job_id] == "s":
            assert self.flags[job_id].wait(20)
            return {"status": "stopped"}
        self.flags[job_id].wait(wait)
        return {"status": "completed"}

    async def train_async(self, job_id: str, wait: float) -> dict[str, str]:
        """In a task."""
        await asyncio.sleep(wait if self.ways[job_id] != "s" else 20)
        if self.ways[job_id] == "f":
            raise RuntimeError(job_id)
        return {"status": "completed"}

    def stop(self, job_id: str) -> None:
        """Set the flag."""
        self.flags[job_id].set()

    async def run_async(self) -> None:
        """All at once; those that are to be stopped are cancelled."""
        names = list(self.flags)
        tasks = {
            name: asyncio.create_task(self.train_async(name, self.random.random() / 50))
            for name in names
        }
        await asyncio.sleep(0.01)
        for name in names:
            if self.ways[name] == "s":
                self.stop(name)
                tasks[name].cancel()
        await asyncio.wait(tasks.values())

    def run_in_threads(self) -> None:
        """All at once."""
        with ThreadPoolExecutor(16) as pool:
            for name in self.flags:
                pool.submit(self.train, name, self.random.random() / 100)
            for name, way in self.ways.items():
                if way == "s":
                    pool.submit(self.stop, name)
                    self.stop(name)


def check_fleet(fleet: Fleet, log: AuditLog, found: list[LogEntry]) -> None:
    """One start and one end each, with the right words."""
    starts = Counter(each.model for each in found if each.event == "TRAINING_STARTED")
    assert starts == dict.fromkeys(fleet.flags, 1)
    words = {"s": "TRAINING_STOPPED", "f": "TRAINING_FAILED", "c": "TRAINING_COMPLETED"}
    assert len(ends(found)) == MANY
    for each in ends(found):
        assert each.event == words[fleet.ways[str(each.model)]]
        if each.event == "TRAINING_FAILED":
            assert f"RuntimeError: {each.model} was raised" in str(each.reasoning)
        if each.event == "TRAINING_STOPPED":
            assert "stopped" in str(each.decision)
    assert is_sound(log)


def test_many_jobs_in_threads_have_one_start_and_one_end_each(
    log: AuditLog, entries: Entries
) -> None:
    """Also those that are stopped while they wait for a thread."""
    fleet = Fleet()
    with audit_platform(trainer=Fleet, log=log):
        fleet.run_in_threads()
    check_fleet(fleet, log, entries())


def test_many_jobs_in_tasks_have_one_start_and_one_end_each(
    log: AuditLog, entries: Entries
) -> None:
    """Whether they are cancelled before or after they begin to wait."""
    fleet = Fleet()
    with audit_platform(trainer=Fleet, names={"train": "train_async"}, log=log):
        asyncio.run(fleet.run_async())
    check_fleet(fleet, log, entries())
