"""A platform's run is recorded once, whoever else records it: adapters within, stops, futures."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm
import pytest

from mllog_callbacks import AuditLog, EventType, Reason, Run
from mllog_callbacks.platform import audit_platform, carry_through
from mllog_lightgbm import MLAuditCallback
from platforms import DatasetManager, ModelTrainer, stop_while_training
from recorded import Entries


@pytest.fixture
def trainer(log: AuditLog) -> Iterator[ModelTrainer]:
    """An audited trainer with a data set."""
    with audit_platform(datasets=DatasetManager, trainer=ModelTrainer, log=log):
        datasets = DatasetManager()
        datasets.upload("credit")
        yield ModelTrainer(datasets)


def test_a_run_is_recorded_once_and_what_the_adapter_knows_stays(
    trainer: ModelTrainer, log: AuditLog, entries: Entries
) -> None:
    """One start and one end, by the platform; the adapter's are progress, with all their words."""
    trainer.select_algorithm("lightgbm")
    trainer.train("credit", [MLAuditCallback(log)])
    found = [each for each in entries() if each.event.startswith("TRAINING")]
    assert [each.event for each in found if each.event != "TRAINING_PROGRESS"] == [
        "TRAINING_STARTED",
        "TRAINING_COMPLETED",
    ]
    assert found[0].decision == "Training of lightgbm started on credit."
    assert str(found[1].decision).startswith("Training of at most 5 iterations started")
    assert "all 5 planned iterations ran" in str(found[-1].reasoning)
    assert {(each.dataset, each.model) for each in found} == {("credit", "lightgbm")}


def test_the_adapters_stop_is_the_runs_stop(
    trainer: ModelTrainer, log: AuditLog, entries: Entries
) -> None:
    """Early stopping ends the platform's run as `TRAINING_STOPPED`, for the adapter's reason."""
    trainer.select_algorithm("lightgbm")

    def early(env: lightgbm.callback.CallbackEnv) -> None:
        if env.iteration == 2:
            raise lightgbm.callback.EarlyStopException(1, [])

    trainer.train("credit", [MLAuditCallback(log), early])
    *_, last = entries()
    assert last.event == "TRAINING_STOPPED"
    assert "early" in str(last.reasoning)


def test_a_failure_within_is_recorded_once_as_the_runs_end(
    trainer: ModelTrainer, log: AuditLog, entries: Entries
) -> None:
    """Also where the adapter sees its end later than the platform."""
    trainer.select_algorithm("lightgbm")
    trainer.set_hyperparameters(num_leaves=1)
    with pytest.raises(lightgbm.basic.LightGBMError, match="num_leaves"):
        trainer.train("credit", [MLAuditCallback(log)])
    found = [each for each in entries() if each.event.startswith("TRAINING")]
    assert [each.event for each in found if each.event != "TRAINING_PROGRESS"] == [
        "TRAINING_STARTED",
        "TRAINING_FAILED",
    ]
    assert all(each.dataset == "credit" for each in found)


def test_stopping_ends_the_one_run_meant(trainer: ModelTrainer, entries: Entries) -> None:
    """Its end names who asked; a stop without a run is a request, and no end."""
    trainer.select_algorithm("waiting")
    stop_while_training(trainer)
    trainer.stop()
    events = [each.event for each in entries()][2:]
    assert sorted(events[:3]) == ["TRAINING_PROGRESS", "TRAINING_STARTED", "TRAINING_STOPPED"]
    assert events[3:] == ["TRAINING_PROGRESS"]
    ended = next(each for each in entries() if each.event == "TRAINING_STOPPED")
    assert ended.decision == "Training of waiting stopped by ModelTrainer.stop."


def test_of_several_runs_the_one_named_is_stopped(log: AuditLog, entries: Entries) -> None:
    """By its model, data set or identifier."""

    class Trainer:
        def __init__(self) -> None:
            self.stops = {"a": threading.Event(), "b": threading.Event()}
            self.began = threading.Barrier(3)

        def train(self, job: str) -> str:
            self.began.wait()
            self.stops[job].wait(20)
            return job

        def stop(self, job: str) -> None:
            """Ask for it."""

    with audit_platform(trainer=Trainer, log=log), ThreadPoolExecutor(2) as pool:
        trainer = Trainer()
        jobs = [pool.submit(trainer.train, name) for name in ("a", "b")]
        trainer.began.wait()
        trainer.stop("b")
        for event in trainer.stops.values():
            event.set()
        assert [job.result() for job in jobs] == ["a", "b"]
    ends = {each.model: each.event for each in entries() if each.event in {*EventType}}
    assert (ends["a"], ends["b"]) == ("TRAINING_COMPLETED", "TRAINING_STOPPED")


@pytest.mark.parametrize("outcome", ["returns", "raises"])
def test_a_future_is_a_run_until_it_is_done(log: AuditLog, entries: Entries, outcome: str) -> None:
    """A training in a pool of the platform's own; names go with it."""

    class Trainer:
        def __init__(self, pool: ThreadPoolExecutor) -> None:
            self.pool = pool

        def train(self, dataset: str) -> Any:
            del dataset
            return self.pool.submit(self.work)

        def work(self) -> str:
            log.emit("MODEL_EVALUATED")
            return {"returns": "model"}[outcome]

    with audit_platform(trainer=Trainer, log=log), ThreadPoolExecutor(1) as pool:
        carry_through(pool)
        future = Trainer(pool).train("credit")
        assert (future.exception() is None) == (outcome == "returns")
    found = [(each.event.partition("_")[2], each.dataset) for each in entries()]
    end = "COMPLETED" if outcome == "returns" else "FAILED"
    assert found == [("STARTED", "credit"), ("EVALUATED", "credit"), (end, "credit")]


def test_a_data_set_loaded_within_is_the_runs(log: AuditLog, entries: Entries) -> None:
    """An adapter's entries after it name it, and so does the end."""

    class Trainer:
        def train(self) -> None:
            datasets = DatasetManager()
            datasets.upload("credit")
            log.emit("MODEL_EVALUATED")

    with audit_platform(datasets=DatasetManager, trainer=Trainer, log=log):
        Trainer().train()
    assert [each.dataset for each in entries()] == [None, "credit", "credit", "credit"]


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "STOPPED"])
def test_a_task_of_asyncio_is_a_run_until_it_is_done(
    log: AuditLog, entries: Entries, end: str
) -> None:
    """However it ends; whether anybody asked for its exception is as without hooks."""

    async def work() -> str:
        await asyncio.sleep(10 if end == "STOPPED" else 0)
        return {"COMPLETED": "model"}[end]

    class Trainer:
        def train(self, dataset: str) -> Any:
            return asyncio.get_running_loop().create_task(work(), name=dataset)

    unasked: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, about: unasked.append(about["message"]))
        task = Trainer().train("credit")
        await asyncio.sleep(0)
        assert [each.event for each in entries()] == ["TRAINING_STARTED"]
        if end == "STOPPED":
            task.cancel()
        await asyncio.wait([task])

    with audit_platform(trainer=Trainer, log=log):
        asyncio.run(main())
    assert [each.event for each in entries()] == ["TRAINING_STARTED", f"TRAINING_{end}"]
    gc.collect()
    assert unasked == (["Task exception was never retrieved"] if end == "FAILED" else [])


def test_what_an_adapter_records_from_another_thread_has_the_names_of_its_run(
    log: AuditLog, entries: Entries
) -> None:
    """Those of the call it began in, also when that is over."""

    class Trainer:
        def train(self, dataset: str) -> Run:
            del dataset
            return Run(log)

    with audit_platform(trainer=Trainer, log=log):
        run = Trainer().train("credit")
        thread = threading.Thread(target=run.emit, args=(EventType.MODEL_SAVED, Reason("Kept.")))
        thread.start()
        thread.join()
        run.end(EventType.TRAINING_COMPLETED, Reason("Over."))
    *_, saved, late = entries()
    assert (saved.dataset, saved.decision) == ("credit", "Kept.")
    assert (late.event, late.dataset) == ("TRAINING_PROGRESS", "credit")
