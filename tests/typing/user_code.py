"""What users write; mypy (strict) and pyright accept it, and know the types of what comes back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

import lightgbm as lgb
import xgboost as xgb
from torch import nn
from transformers import Trainer, TrainingArguments

import mllog_lightgbm
import mllog_transformers
import mllog_xgboost
from mllog_callbacks import (
    RUN_ENDS,
    AuditLog,
    Auditor,
    Detector,
    DetectorSet,
    EventType,
    Finding,
    Heard,
    Issue,
    Level,
    Line,
    LogEntry,
    MLLogError,
    Observation,
    Reason,
    SinkStats,
    audit_context,
    carry_context,
    get_log,
    guarded,
    json_schema,
    listen,
    read_entries,
    read_lines,
    scan,
)
from mllog_callbacks.platform import (
    Attachment,
    Call,
    Hook,
    Recorded,
    Rule,
    argument,
    attach,
    audit_action,
    audit_platform,
)
from mllog_callbacks.schema import count


def entries_of_ones_own(directory: Path) -> None:
    """Any mapping of names will do for a snapshot, an event or its name for the event."""
    with AuditLog(directory, dataset="credit.v3", level="DEBUG") as log:
        assert_type(log, AuditLog)
        log.emit("DATASET_VALIDATED", decision="Accepted.", metrics_snapshot={"rows": 30_000})
        log.emit(EventType.MODEL_SAVED, model="champion", reasoning=None)
        snapshot: Mapping[str, object] = {"nested": {"auc": 0.9}}
        log.bind(model="champion").emit("MODEL_EVALUATED", metrics_snapshot=snapshot)
        assert_type(log.bind(dataset="other"), AuditLog)
        assert_type(log.flush(timeout=1.5), bool)
        assert_type(log.stats, SinkStats)
        assert_type(log.level, Level)
        assert_type(log.path, Path)
    AuditLog(str(directory), level=Level.ERROR, session="nightly").close()
    try:
        get_log().emit("MODEL_COMPARED")
    except MLLogError as error:
        assert_type(error, MLLogError)


def reading(file: Path) -> list[str]:
    """Entries are typed down to their fields."""
    for entry in read_entries(file):
        assert_type(entry, LogEntry)
        assert_type(entry.event, EventType)
        assert_type(entry.reasoning, str | None)
    for line in read_lines(file):
        assert_type(line, Line)
        assert_type(line.entry, LogEntry | None)
        for finding in line.findings:
            assert_type(finding, Finding)
    assert_type(json_schema(), dict[str, Any])
    return [entry.event.value for entry in read_entries(str(file)) if entry.event in RUN_ENDS]


def in_lightgbm(train: lgb.Dataset, log: AuditLog) -> None:
    """The callback is one of LightGBM's."""
    by_name = mllog_lightgbm.MLAuditCallback(log, detectors=["overfitting"])
    without = mllog_lightgbm.MLAuditCallback(detectors=DetectorSet(ignore=["MLA003"]))
    lgb.train({"objective": "binary"}, train, callbacks=[by_name, without])
    with mllog_lightgbm.MLAuditCallback(dataset="credit.v3", on_issue=print) as audit:
        assert_type(audit, mllog_lightgbm.MLAuditCallback)
        lgb.train({"objective": "binary"}, train, callbacks=[audit])


def in_xgboost(train: xgb.DMatrix, log: AuditLog) -> None:
    """The callback is one of XGBoost's."""
    audit = mllog_xgboost.MLAuditCallback(log, model="champion", detectors=[])
    xgb.train({"objective": "binary:logistic"}, train, callbacks=[audit])


def in_transformers(model: nn.Module, args: TrainingArguments, log: AuditLog) -> None:
    """The callback is one of Transformers'."""
    audit = mllog_transformers.MLAuditCallback(log, dataset="texts", detectors=["overfitting"])
    Trainer(model, args, callbacks=[audit])


class MyDetector:
    """A detector needs no base class."""

    name = "my_detector"

    def observe(self, observation: Observation) -> Issue | None:
        """See nothing wrong."""
        assert_type(observation.validation, float | None)
        return None


def with_detectors() -> list[Issue]:
    """One's own detector stands beside the names of others."""
    own: Detector = MyDetector()
    mllog_lightgbm.MLAuditCallback(detectors=[own, "plateau"])
    issues = scan(train=[1.0, 0.5], validation=[1.0, 0.7], higher_is_better=False)
    assert_type(issues, list[Issue])
    return issues


class MyCallback(Auditor):
    """An adapter's callback."""

    @guarded
    def on_start(self, epochs: int) -> None:
        """Record a start; what is guarded returns None where it fails."""
        run = self.new_run()
        run.emit(EventType.TRAINING_STARTED, Reason(f"{count(epochs, 'epoch')} started."), {})
        leave = listen(self, {"on_start"}, self._hear)
        assert_type(leave(), object)

    def _hear(self, heard: Heard) -> None:
        """Take what is heard."""
        assert_type(heard.error, BaseException | None)


class Registry:
    """A platform of ones own; decorated methods keep their types."""

    @audit_action("MODEL_SAVED", model=argument("name"))
    def publish(self, name: str, *, replace: bool = False) -> Path:
        """Keep a model."""
        return Path(f"{name}-{replace}")

    @audit_action("MODEL_EVALUATED")
    async def measure(self, name: str) -> float:
        """Measure a model."""
        return float(len(name))


def shown(call: Call) -> Recorded | None:
    """What a rule records."""
    return Recorded(f"Published as {call.result}.", metrics={"seconds": call.seconds})


async def a_platform_from_outside(registry: Registry) -> None:
    """Hooks by a table, for any class; names by the context."""
    assert_type(registry.publish("m1", replace=True), Path)
    assert_type(await registry.measure("m1"), float)
    table = {"publish": Hook(Rule("MODEL_SAVED", shown), model=lambda call: call.name)}
    assert_type(attach(Registry, table), Attachment)
    with audit_platform(trainer=Registry, names={"save": "publish"}) as attached:
        assert_type(attached.names, tuple[str, ...])
    with audit_context(dataset="credit.v3", job=17), audit_action("MODEL_SAVED") as action:
        action.tell("Saved.", metrics={"bytes": 3})
        assert_type(carry_context(len)("abc"), int)
