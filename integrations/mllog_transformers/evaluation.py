"""Evaluations and predictions by themselves, outside of a training."""

from collections.abc import Mapping
from typing import Any, Final

import transformers

from mllog_callbacks import Auditor
from mllog_callbacks.facts import ModelEvaluated
from mllog_callbacks.schema import TrainerLog, trainer_log

__all__ = ["COMPUTED_BY", "evaluated", "predicted", "record_alone"]

COMPUTED_BY: Final = f"Transformers {transformers.__version__}"


def evaluated(log: TrainerLog) -> ModelEvaluated:
    """The facts of an evaluation of which nothing says where its model stood in a training."""
    return ModelEvaluated(
        results={log.set: log.metrics}, computed_by=COMPUTED_BY, readings=log.readings
    )


def predicted(metrics: Mapping[str, object]) -> ModelEvaluated | None:
    """The facts of a prediction; None where it had no metrics."""
    log = trainer_log(metrics)
    return evaluated(log) if log.kind == "evaluation" and log.metrics else None


def record_alone(auditor: Auditor, row: Mapping[str, object], known: Mapping[str, Any]) -> None:
    """Record an evaluation or a prediction that is no part of a training.

    Args:
        auditor: How it is logged.
        row: The metrics.
        known: What the hook was given.
    """
    found = predicted(row)
    if found is not None:
        run = auditor.new_run(trains=False)
        run.name(model=type(known.get("model")).__name__)
        run.record(found)
