"""The ready mapping: classes shaped like DatasetManager, ModelTrainer and MetricsCalculator."""

import logging
from collections.abc import Mapping
from types import ModuleType
from typing import Final

from mllog_callbacks.platform import _entries as entries
from mllog_callbacks.platform import _training as runs
from mllog_callbacks.platform._call import Call, Hook, Rule
from mllog_callbacks.platform._executors import carrying
from mllog_callbacks.platform._hooks import Attachment, attach
from mllog_callbacks.platform._naming import (
    DATASETS,
    JOBS,
    MODELS,
    argument,
    either,
    of_object,
    of_requests,
)
from mllog_callbacks.platform._progress import progressed
from mllog_callbacks.platform._roles import check_names, missing_of, table_of
from mllog_callbacks.recording import AuditLog
from mllog_callbacks.schema import EventType

__all__ = ["MAPPING", "audit_platform"]

_logger = logging.getLogger("mllog_callbacks")

_said: Final[list[Mapping[str, list[str]]]] = []  # what was said to be missing

_E = EventType


def _class_of_model(call: Call) -> str | None:
    model = call.arguments.get("model")
    plain = model is None or isinstance(model, (type, str, int))
    return None if plain else type(model).__name__


_data: Final = either(
    argument(*DATASETS, "name", "filename", "file", "path", "source", "data"),
    of_requests(*DATASETS),
)
_trained_on: Final = either(
    argument(*DATASETS, "data", "data_path", "dataset_path", "train_path"),
    of_requests(*DATASETS),
    of_object("dataset_name", "dataset", "dataset_id"),
)
_measured_on: Final = either(argument(*DATASETS, "data"), of_requests(*DATASETS))
_model: Final = either(
    argument("model", "model_name", "model_id", "name", *MODELS, "algorithm"),
    of_requests(*MODELS),
    of_object("model_name", "model_id", *JOBS[1:], "algorithm"),
    _class_of_model,
)

MAPPING: Final[Mapping[str, Hook]] = {
    "upload": Hook(Rule(_E.DATASET_UPLOADED, entries.uploaded), dataset=_data),
    "validate": Hook(
        Rule(_E.DATASET_VALIDATED, entries.validated),
        Rule(_E.ISSUE_DETECTED, entries.not_valid),
        dataset=_data,
    ),
    "preprocess": Hook(Rule(_E.DATASET_PREPROCESSED, entries.preprocessed), dataset=_data),
    "select_algorithm": Hook(
        Rule(_E.ALGORITHM_SELECTED, entries.algorithm_selected), dataset=_trained_on, model=_model
    ),
    "set_hyperparameters": Hook(
        Rule(_E.HYPERPARAMETERS_SET, entries.hyperparameters_set), dataset=_trained_on, model=_model
    ),
    "train": Hook(
        Rule(_E.TRAINING_STARTED, runs.started, "call"),
        Rule(_E.TRAINING_COMPLETED, runs.ended_as(_E.TRAINING_COMPLETED)),
        Rule(_E.TRAINING_STOPPED, runs.ended_as(_E.TRAINING_STOPPED)),
        Rule(_E.TRAINING_FAILED, runs.ended_as(_E.TRAINING_FAILED)),
        Rule(_E.TRAINING_STOPPED, runs.raised_as(_E.TRAINING_STOPPED), "raise"),
        Rule(_E.TRAINING_FAILED, runs.raised_as(_E.TRAINING_FAILED), "raise"),
        dataset=_trained_on,
        model=_model,
        run=True,
    ),
    "report_progress": Hook(Rule(_E.TRAINING_PROGRESS, progressed)),
    "status": Hook(watches=True),
    "stop": Hook(
        Rule(_E.TRAINING_PROGRESS, runs.stop_requested),
        dataset=_trained_on,
        model=_model,
        stops=True,
    ),
    "save": Hook(Rule(_E.MODEL_SAVED, entries.saved), dataset=_measured_on, model=_model),
    "download": Hook(
        Rule(_E.MODEL_DOWNLOADED, entries.downloaded), dataset=_measured_on, model=_model
    ),
    "evaluate": Hook(
        Rule(_E.MODEL_EVALUATED, entries.evaluated), dataset=_trained_on, model=_model
    ),
    "compare": Hook(Rule(_E.MODEL_COMPARED, entries.compared), dataset=_trained_on),
}
"""A hook for each method of the protocols, by its name."""


def audit_platform(
    *,
    datasets: type | ModuleType | None = None,
    trainer: type | ModuleType | None = None,
    metrics: type | ModuleType | None = None,
    names: Mapping[str, str] | None = None,
    table: Mapping[str, Hook] | None = None,
    log: AuditLog | None = None,
) -> Attachment:
    """Audit a platform's classes as they are: one call at its start.

    Each class has the methods of its role in `protocols` hooked, and so have its subclasses and the
    classes that implement it where it is a protocol, those defined later among them. Methods it
    lacks are named once, by `logging`. An exception of any of them leaves an ``ISSUE_DETECTED``,
    and passes. While it is attached, the names that hold in a call also hold in the threads and
    executors that get work from it. ``mllog attach --explain`` shows what would be hooked.

    Args:
        datasets: What keeps data sets, as `protocols.DatasetManager`.
        trainer: What trains, as `protocols.ModelTrainer`.
        metrics: What measures, as `protocols.MetricsCalculator`.
        names: The platform's own names of methods, as in ``{"upload": "import_csv"}``.
        table: Hooks of its own for some of the methods, in the place of `MAPPING`'s.
        log: Where entries go; default `get_log()`, read at each call.

    Returns:
        What detaches it all.

    Raises:
        HookError: A class has something else than a function under one of the names, `names` has
            something that is no method of a role, or no class has what it names. Nothing is
            attached then.

    Example:
        >>> audit_platform(datasets=DatasetManager, trainer=ModelTrainer, metrics=MetricsCalculator)
    """
    given = {"datasets": datasets, "trainer": trainer, "metrics": metrics}
    targets = {role: target for role, target in given.items() if target is not None}
    own = dict(names or {})
    check_names(own, targets, {**MAPPING, **(table or {})})
    attached = Attachment()
    try:
        for role, target in targets.items():
            named = table_of(role, target, own, {**MAPPING, **(table or {})})
            attached += attach(target, named, log, subclasses=True)
        attached += carrying()
    except BaseException:  # all or nothing
        attached.detach()
        raise
    _say_missing(missing_of(targets, own))
    return attached


def _say_missing(missing: Mapping[str, list[str]]) -> None:
    if missing and missing not in _said:
        _said.append(missing)
        _logger.warning(
            "The audit trail will be incomplete: %s. Where a method has another name, name it: "
            "audit_platform(names={'%s': ...})",
            "; ".join(f"{who} has no {', '.join(names)}" for who, names in missing.items()),
            next(iter(missing.values()))[0],
        )
