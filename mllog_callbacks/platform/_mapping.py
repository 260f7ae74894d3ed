"""The ready mapping: classes shaped like DatasetManager, ModelTrainer and MetricsCalculator."""

import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Final

from mllog_callbacks.platform import _entries as telling
from mllog_callbacks.platform import _training as runs
from mllog_callbacks.platform._call import Call, Hook, Rule, argument, name_of
from mllog_callbacks.platform._hooks import Attachment, attach
from mllog_callbacks.recording import AuditLog
from mllog_callbacks.schema import EventType

__all__ = ["MAPPING", "audit_platform"]

_logger = logging.getLogger("mllog_callbacks")

_told: Final[list[Mapping[str, list[str]]]] = []  # what was said to be missing

_E = EventType
_DATASET: Final = (
    "dataset",
    "dataset_name",
    "dataset_id",
    "name",
    "filename",
    "file",
    "path",
    "source",
    "data",
)
_MODEL: Final = ("model", "model_name", "model_id", "name", "job", "job_id", "run_id", "algorithm")


def _of_object(*names: str) -> Callable[[Call], str | None]:
    """A namer: an attribute of the object itself, as it says of itself."""

    def named(call: Call) -> str | None:
        found = (name_of(getattr(call.instance, name, None)) for name in names)
        return next((each for each in found if each is not None), None)

    return named


def _either(*namers: Callable[[Call], str | None]) -> Callable[[Call], str | None]:
    def named(call: Call) -> str | None:
        return next((found for each in namers if (found := each(call)) is not None), None)

    return named


def _class_of_model(call: Call) -> str | None:
    model = call.arguments.get("model")
    return None if model is None or isinstance(model, type) else type(model).__name__


_data: Final = argument(*_DATASET)
_trained_on: Final = _either(
    argument("dataset", "dataset_name", "dataset_id", "data", "path"),
    _of_object("dataset_name", "dataset"),
)
_model: Final = _either(argument(*_MODEL), _of_object("model_name", "algorithm"), _class_of_model)

MAPPING: Final[Mapping[str, Hook]] = {
    "upload": Hook(Rule(_E.DATASET_UPLOADED, telling.uploaded), dataset=_data),
    "validate": Hook(
        Rule(_E.DATASET_VALIDATED, telling.validated),
        Rule(_E.ISSUE_DETECTED, telling.not_valid),
        dataset=_data,
    ),
    "preprocess": Hook(Rule(_E.DATASET_PREPROCESSED, telling.preprocessed), dataset=_data),
    "select_algorithm": Hook(
        Rule(_E.ALGORITHM_SELECTED, telling.algorithm_selected), dataset=_trained_on, model=_model
    ),
    "set_hyperparameters": Hook(
        Rule(_E.HYPERPARAMETERS_SET, telling.hyperparameters_set), dataset=_trained_on, model=_model
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
    "report_progress": Hook(Rule(_E.TRAINING_PROGRESS, runs.progressed)),
    "stop": Hook(
        Rule(_E.TRAINING_PROGRESS, runs.asked_to_stop),
        Rule(_E.TRAINING_STOPPED, runs.stopped_elsewhere),
        dataset=_trained_on,
        model=_model,
        stops=True,
    ),
    "save": Hook(Rule(_E.MODEL_SAVED, telling.saved), dataset=_trained_on, model=_model),
    "download": Hook(
        Rule(_E.MODEL_DOWNLOADED, telling.downloaded), dataset=_trained_on, model=_model
    ),
    "evaluate": Hook(
        Rule(_E.MODEL_EVALUATED, telling.evaluated), dataset=_trained_on, model=_model
    ),
    "compare": Hook(Rule(_E.MODEL_COMPARED, telling.compared), dataset=_trained_on),
}
"""A hook for each method of the protocols, by its name."""


_EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "datasets": ("upload", "validate", "preprocess"),
    "trainer": ("select_algorithm", "set_hyperparameters", "train", "stop", "save", "download"),
    "metrics": ("evaluate", "compare"),
}
"""The methods whose absence is told, by role; `report_progress` may be missing."""


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

    What they and their subclasses have of the methods in `protocols` is hooked; what they lack is
    told once, by `logging`. An exception of any of them leaves an ``ISSUE_DETECTED``, and passes.

    Args:
        datasets: What keeps data sets, as `protocols.DatasetManager`.
        trainer: What trains, as `protocols.ModelTrainer`.
        metrics: What measures, as `protocols.MetricsCalculator`.
        names: The platform's own names of methods, as in ``{"upload": "import_csv"}``.
        table: Hooks of its own for some of the methods, in the place of `MAPPING`'s.
        log: Where entries go; default `get_log()`, asked for at each call.

    Returns:
        What detaches it all.

    Raises:
        HookError: A class has something else than a function under one of the names.

    Example:
        >>> audit_platform(datasets=DatasetManager, trainer=ModelTrainer, metrics=MetricsCalculator)
    """
    given = {"datasets": datasets, "trainer": trainer, "metrics": metrics}
    targets = {role: target for role, target in given.items() if target is not None}
    hooks = {**MAPPING, **(table or {})}
    attached = Attachment()
    missing: dict[str, list[str]] = {}
    for role, target in targets.items():
        own = {method: (names or {}).get(method, method) for method in hooks}
        there = {method: name for method, name in own.items() if hasattr(target, name)}
        named = {name: hooks[method] for method, name in there.items()}
        try:
            attached += attach(target, named, log, subclasses=True)
        except BaseException:  # all or nothing
            attached.detach()
            raise
        expected = [own[method] for method in _EXPECTED[role] if method not in there]
        missing[target.__name__] = [each for each in expected if not _anywhere(targets, each)]
    _tell_missing({who: names for who, names in missing.items() if names})
    return attached


def _anywhere(targets: Mapping[str, type | ModuleType], name: str) -> bool:
    return any(hasattr(target, name) for target in targets.values())


def _tell_missing(missing: Mapping[str, list[str]]) -> None:
    if missing and missing not in _told:
        _told.append(missing)
        _logger.warning(
            "The audit trail will not tell of everything: %s. Where a method has another name, "
            "say so: audit_platform(names={'%s': ...})",
            "; ".join(f"{who} has no {', '.join(names)}" for who, names in missing.items()),
            next(iter(missing.values()))[0],
        )
