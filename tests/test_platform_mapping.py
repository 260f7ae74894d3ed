"""The ready mapping: three classes that know nothing of logging leave all fifteen event types."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm
import pytest

from mllog_callbacks import AuditLog, EventType, LogEntry
from mllog_callbacks.platform import (
    MAPPING,
    Attachment,
    Hook,
    audit_platform,
    carry_through,
    protocols,
)
from mllog_lightgbm import MLAuditCallback
from platforms import DatasetManager, MetricsCalculator, ModelTrainer, RefusedError, Table

Entries = Callable[[], list[LogEntry]]


@pytest.fixture
def audited(log: AuditLog) -> Iterator[Attachment]:
    """The three classes, audited."""
    with audit_platform(
        datasets=DatasetManager, trainer=ModelTrainer, metrics=MetricsCalculator, log=log
    ) as attached:
        yield attached


@pytest.fixture
def trainer(audited: Attachment) -> ModelTrainer:
    """A trainer with a data set."""
    del audited
    datasets = DatasetManager()
    datasets.upload("credit")
    return ModelTrainer(datasets)


def use_all(log: AuditLog) -> None:
    """Whatever a person can do with the platform, in an order that makes sense."""
    datasets = DatasetManager()
    trainer, metrics = ModelTrainer(datasets), MetricsCalculator()
    datasets.upload("credit")
    datasets.upload("small", rows=5)
    for name in ("credit", "small"):
        datasets.validate(name)
    datasets.preprocess("credit")
    trainer.select_algorithm("lightgbm")
    trainer.set_hyperparameters(num_leaves=3)
    trainer.train("credit", [MLAuditCallback(log)])
    trainer.select_algorithm("unknown")
    with pytest.raises(LookupError):
        trainer.train("credit")
    trainer.select_algorithm("waiting")
    stop_while_training(trainer)
    trainer.save("m1")
    trainer.download("m1")
    metrics.evaluate("m1", "credit")
    metrics.compare(["m1", "m2"])


def stop_while_training(trainer: ModelTrainer) -> None:
    """Start a training that waits, and stop it."""
    thread = threading.Thread(target=trainer.train, args=("credit",))
    thread.start()
    assert trainer.waiting.wait(20)
    trainer.stop()
    thread.join()


def test_all_fifteen_event_types_are_told_each_with_its_names(
    audited: Attachment, log: AuditLog, entries: Entries
) -> None:
    """With what was decided, why, and on what."""
    del audited
    use_all(log)
    found = entries()
    assert {each.event for each in found} == set(EventType)
    for each in found:
        assert each.decision
        assert each.dataset or each.model
        if each.event.startswith(("DATASET", "TRAINING")):
            assert each.dataset in {"credit", "small", None}
    unnamed = [each for each in found if each.event.startswith("TRAINING") and not each.dataset]
    assert [each.decision for each in unnamed] == ["A stop of the training was asked for: waiting."]


def test_a_run_is_told_once_and_what_the_adapter_knows_stays(
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


def test_a_failure_within_is_told_once_as_the_runs_end(
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
    """Its end names who asked; a stop without a run is an end by itself."""
    trainer.select_algorithm("waiting")
    stop_while_training(trainer)
    trainer.stop()
    events = [each.event for each in entries()][2:]
    assert sorted(events[:3]) == ["TRAINING_PROGRESS", "TRAINING_STARTED", "TRAINING_STOPPED"]
    assert events[3:] == ["TRAINING_STOPPED"]
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


def test_what_a_call_returned_names_its_data_set_later(log: AuditLog, entries: Entries) -> None:
    """By its identity, where only the data itself is handed over; an equal object is another."""

    class Trainer:
        def train(self, table: Table) -> Table:
            return table

    with audit_platform(datasets=DatasetManager, trainer=Trainer, log=log):
        table = DatasetManager().upload("credit")
        Trainer().train(table)
        Trainer().train(Table(table.values))
    starts = [each.dataset for each in entries() if each.event == "TRAINING_STARTED"]
    assert starts == ["credit", None]


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


def test_what_is_refused_leaves_an_issue_and_passes(
    trainer: ModelTrainer, entries: Entries
) -> None:
    """With the exception's own words."""
    with pytest.raises(RefusedError):
        trainer.datasets.upload("none", rows=0)
    *_, last = entries()
    assert (last.event, last.dataset) == ("ISSUE_DETECTED", "none")
    assert last.decision == "DatasetManager.upload failed for none."
    assert last.reasoning == "RefusedError: none has no rows was raised to the caller."


def test_an_exception_is_told_once_by_the_innermost_call(log: AuditLog, entries: Entries) -> None:
    """Not again by each call it passes."""

    class Manager:
        def upload(self, name: str) -> None:
            self.validate(name)

        def validate(self, name: str) -> None:
            raise RefusedError(name)

    with audit_platform(datasets=Manager, log=log), pytest.raises(RefusedError):
        Manager().upload("credit")
    assert [each.decision for each in entries()] == ["Manager.validate failed for credit."]


def test_secrets_among_the_arguments_are_not_told(log: AuditLog, entries: Entries) -> None:
    """Nor the data."""

    class Trainer:
        def save(self, model: str, api_key: str, values: list[int], **more: Any) -> str:
            del api_key, values, more
            return model

    with audit_platform(trainer=Trainer, log=log):
        Trainer().save("m1", "hunter2", [1, 2], options={"password": "hunter2", "deep": 1})
    (entry,) = entries()
    assert "hunter2" not in str(entry)
    assert "api_key=(not shown), values=list" in str(entry.reasoning)


def test_missing_methods_are_told_once_and_clearly(
    log: AuditLog, caplog: pytest.LogCaptureFixture
) -> None:
    """With what to do about it; one that another of the classes has is not missing."""

    class Trainer:
        def fit(self) -> None:
            """Train."""

    class Manager(DatasetManager):
        def download(self) -> None:
            """Hand out."""

    with (
        caplog.at_level(logging.WARNING, "mllog_callbacks"),
        audit_platform(trainer=Trainer, datasets=Manager, names={"train": "fit"}, log=log) as done,
    ):
        assert [name.rpartition(".")[2] for name in done.names] == [
            "upload",
            "validate",
            "preprocess",
            "download",
            "fit",
        ]
    (message,) = caplog.messages
    assert "Trainer has no select_algorithm, set_hyperparameters, stop, save. " in message
    assert "audit_platform(names={'select_algorithm': ...})" in message


def test_asynchronous_methods_are_told_alike(log: AuditLog, entries: Entries) -> None:
    """Two at once in one loop keep their own names."""

    class Manager:
        async def upload(self, name: str) -> str:
            await asyncio.sleep(0)
            log.emit("DATASET_PREPROCESSED")
            return name

    async def both() -> tuple[str, str]:
        return await asyncio.gather(Manager().upload("a"), Manager().upload("b"))

    with audit_platform(datasets=Manager, log=log):
        assert [*asyncio.run(both())] == ["a", "b"]
    assert sorted(str(each.dataset) for each in entries()) == ["a", "a", "b", "b"]


def test_a_table_of_ones_own_goes_before_the_ready_one(log: AuditLog, entries: Entries) -> None:
    """With hooks made from the ready ones."""
    own = {"upload": MAPPING["upload"].named(dataset="fixed"), "load": Hook()}
    with audit_platform(datasets=DatasetManager, table=own, log=log):
        datasets = DatasetManager()
        datasets.upload("credit")
        with pytest.raises(KeyError):
            datasets.load("other")
    assert [(each.event, each.dataset) for each in entries()] == [
        ("DATASET_UPLOADED", "fixed"),
        ("ISSUE_DETECTED", None),
    ]


def test_the_protocols_name_what_the_mapping_hooks() -> None:
    """Each method of each, and nothing else."""
    named = {
        name
        for protocol in (
            protocols.DatasetManager,
            protocols.ModelTrainer,
            protocols.MetricsCalculator,
        )
        for name in vars(protocol)
        if not name.startswith("_")
    }
    assert named == set(MAPPING)


def test_the_example_classes_follow_the_protocols() -> None:
    """As type checkers see it."""
    datasets: protocols.DatasetManager = DatasetManager()
    trainer: protocols.ModelTrainer = ModelTrainer(DatasetManager())
    metrics: protocols.MetricsCalculator = MetricsCalculator()
    assert {type(each).__name__ for each in (datasets, trainer, metrics)} == {
        "DatasetManager",
        "ModelTrainer",
        "MetricsCalculator",
    }
