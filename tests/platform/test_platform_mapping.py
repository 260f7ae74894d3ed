"""The ready mapping: three classes that know nothing of logging leave all fifteen event types."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from mllog_callbacks import AuditLog, EventType, HookError
from mllog_callbacks.platform import (
    MAPPING,
    Attachment,
    Hook,
    audit_platform,
)
from mllog_callbacks.platform import (
    _protocols as protocols,
)
from mllog_lightgbm import MLAuditCallback
from platforms import (
    DatasetManager,
    MetricsCalculator,
    ModelTrainer,
    RefusedError,
    Table,
    stop_while_training,
)
from recorded import Entries


@pytest.fixture
def audited(log: AuditLog) -> Iterator[Attachment]:
    """The three classes, audited."""
    with audit_platform(
        datasets=DatasetManager, trainer=ModelTrainer, metrics=MetricsCalculator, log=log
    ) as attached:
        yield attached


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


def test_all_fifteen_event_types_are_recorded_each_with_its_names(
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
    assert not unnamed


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


def test_what_is_refused_leaves_an_issue_and_passes(audited: Attachment, entries: Entries) -> None:
    """With the exception's own words."""
    del audited
    with pytest.raises(RefusedError):
        DatasetManager().upload("none", rows=0)
    (entry,) = entries()
    assert (entry.event, entry.dataset) == ("ISSUE_DETECTED", "none")
    assert entry.decision == "DatasetManager.upload failed for none."
    assert entry.reasoning == "RefusedError: none has no rows was raised to the caller."


def test_an_exception_is_recorded_once_by_the_innermost_call(
    log: AuditLog, entries: Entries
) -> None:
    """Not again by each call it passes."""

    class Manager:
        def upload(self, name: str) -> None:
            self.validate(name)

        def validate(self, name: str) -> None:
            raise RefusedError(name)

    with audit_platform(datasets=Manager, log=log), pytest.raises(RefusedError):
        Manager().upload("credit")
    assert [each.decision for each in entries()] == ["Manager.validate failed for credit."]


def test_secrets_among_the_arguments_are_not_recorded(log: AuditLog, entries: Entries) -> None:
    """Nor the data."""

    class Trainer:
        def save(self, model: str, api_key: str, values: list[int], **more: Any) -> str:
            del api_key, values, more
            return model

    with audit_platform(trainer=Trainer, log=log):
        Trainer().save("m1", "hunter2", [1, 2], options={"password": "hunter2", "deep": 1})
    (entry,) = entries()
    assert "hunter2" not in str(entry)
    assert "api_key=***, values=list" in str(entry.reasoning)


def test_missing_methods_are_recorded_once_and_clearly(
    log: AuditLog, caplog: pytest.LogCaptureFixture
) -> None:
    """With what to do about it; a method of another role means something else."""

    class Fitter:
        def fit(self) -> None:
            """Train."""

    class Manager(DatasetManager):
        def download(self) -> None:
            """Hand out."""

    with (
        caplog.at_level(logging.WARNING, "mllog_callbacks"),
        audit_platform(trainer=Fitter, datasets=Manager, names={"train": "fit"}, log=log) as done,
    ):
        assert [name.rpartition(".")[2] for name in done.names] == [
            "upload",
            "validate",
            "preprocess",
            "fit",
        ]
    (message,) = caplog.messages
    assert "Fitter has no select_algorithm, set_hyperparameters, stop, save, download. " in message
    assert "audit_platform(names={'select_algorithm': ...})" in message


def test_asynchronous_methods_are_recorded_alike(log: AuditLog, entries: Entries) -> None:
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


def test_what_subclasses_override_is_recorded_too(log: AuditLog, entries: Entries) -> None:
    """Once, where they call the one they override; and all is restored."""

    class Base:
        def evaluate(self, model: str) -> dict[str, float]:
            raise NotImplementedError(model)

    class Fast(Base):
        def evaluate(self, model: str) -> dict[str, float]:
            return {"speed": len(model)}

    class Faster(Fast):
        def evaluate(self, model: str) -> dict[str, float]:
            return {name: 2 * value for name, value in super().evaluate(model).items()}

    before = [vars(kind)["evaluate"] for kind in (Base, Fast, Faster)]
    with audit_platform(metrics=Base, log=log):
        Fast().evaluate("m1")
        Faster().evaluate("m2")
    assert [vars(kind)["evaluate"] for kind in (Base, Fast, Faster)] == before
    assert [each.decision for each in entries()] == [
        "m1 was evaluated: speed 2.",
        "m2 was evaluated: speed 4.",
    ]


@pytest.mark.parametrize(
    ("result", "decision", "issue"),
    [
        (None, "credit was validated.", None),
        (True, "credit was validated and accepted.", None),
        (False, "credit was validated and refused.", "credit is not valid."),
        (["a gap"], "credit was validated, with 1 problem.", "credit has 1 problem."),
        ({"ok": True, "errors": []}, "credit was validated and accepted.", None),
        ({"is_valid": False}, "credit was validated and refused.", "credit is not valid."),
    ],
)
def test_a_validation_is_recorded_by_what_it_returned(
    log: AuditLog, entries: Entries, result: object, decision: str, issue: str | None
) -> None:
    """Whatever its form; nothing is said that it did not say."""

    class Manager:
        def validate(self, dataset: str) -> object:
            del dataset
            return result

    with audit_platform(datasets=Manager, log=log):
        Manager().validate("credit")
    assert [each.decision for each in entries()] == [decision, *([issue] if issue else [])]


def test_a_class_that_cannot_be_hooked_leaves_the_others_as_they_were(log: AuditLog) -> None:
    """Attaching is all or nothing."""

    class Datasets:
        def upload(self, path: str) -> str:
            return path

    class Trainer:
        train = 5

    before = Datasets.__dict__["upload"]
    with pytest.raises(HookError):
        audit_platform(datasets=Datasets, trainer=Trainer, log=log)
    assert Datasets.__dict__["upload"] is before
