"""The audit of the platform: the one module that knows of both, called once at the start."""

import logging
from pathlib import Path

import lightgbm
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from sklearn.base import BaseEstimator

import mllog_lightgbm
from mllog_callbacks import AuditLog, LogDirectoryError, LogEntry, read_entries
from mllog_callbacks.platform import (
    MAPPING,
    Attachment,
    Call,
    Hook,
    Recorded,
    Rule,
    adapt,
    argument,
    audit_platform,
)
from mllog_sklearn import audited
from workbench import algorithms
from workbench.datasets import DatasetManager
from workbench.errors import NotFoundError
from workbench.metrics import MetricsCalculator
from workbench.training import ModelTrainer


def _dataset_of(call: Call) -> str | None:
    """The data set that the platform keeps with a model."""
    try:
        return str(call.instance.dataset_of(call.arguments["model"]))
    except NotFoundError:  # there is no such model, as the call will find, too
        return None


def _selected(call: Call) -> Recorded | None:
    """As the ready mapping records it, with the name that the platform gave the model."""
    recorded = MAPPING["select_algorithm"].rules[0].record(call)
    return recorded and recorded._replace(model=call.result)


# Where this platform knows more than its arguments say
_TABLE = {
    "select_algorithm": Hook(
        Rule("ALGORITHM_SELECTED", _selected),
        dataset=argument("dataset"),
        model=argument("algorithm"),
    ),
    **{
        name: MAPPING[name].named(dataset=_dataset_of)
        for name in ("set_hyperparameters", "stop", "save", "download")
    },
    "start": Hook(dataset=_dataset_of, model=argument("model")),  # no entry but of a refusal
}

PAGE = "/trail/"
"""Where the trail is shown."""


def start(app: FastAPI, directory: Path) -> None:
    """Audit the platform from now on, and show the trail under `PAGE`.

    Args:
        app: The platform's application.
        directory: Where the log's files are made. Where they cannot be, the platform runs without
            an audit trail, and a warning says so.
    """
    try:
        hook(AuditLog(directory))
    except LogDirectoryError as error:
        logging.getLogger(__name__).warning("There will be no audit trail: %s", error)

    @app.get(f"{PAGE}entries", include_in_schema=False)
    def entries(after: int = 0) -> Response:
        lines = [each.model_dump_json() for each in _read(directory)[after:]]
        return Response(f"[{','.join(lines)}]", media_type="application/json")

    app.mount(PAGE, StaticFiles(directory=Path(__file__).parent / "trail", html=True))


def hook(log: AuditLog) -> Attachment:
    """Attach the platform's actions, and the frameworks' own news, to a log."""
    attached = audit_platform(
        datasets=DatasetManager,
        trainer=ModelTrainer,
        metrics=MetricsCalculator,
        table=_TABLE,
        log=log,
    )
    # What only the frameworks know: iterations, issues of their metrics
    attached += adapt(lightgbm, "train", callbacks=lambda: mllog_lightgbm.MLAuditCallback(log))
    attached += adapt(algorithms, "make_estimator", result=lambda made: _audited(made, log))
    if hasattr(algorithms, "make_trainer"):  # Lightning is installed
        attached += adapt(algorithms, "make_trainer", callbacks=lambda: _lightning(log))
    return attached


def _audited(estimator: BaseEstimator, log: AuditLog) -> BaseEstimator:
    """But for one that is grown by many fits: the platform itself records its steps."""
    grown = getattr(estimator, "warm_start", False) and hasattr(estimator, "n_estimators")
    return estimator if grown else audited(estimator, log)


def _lightning(log: AuditLog) -> object:
    from mllog_lightning import MLAuditCallback  # noqa: PLC0415 - torch takes seconds

    return MLAuditCallback(log)


def _read(directory: Path) -> list[LogEntry]:
    return list(read_entries(directory)) if directory.is_dir() else []
