"""Real runs, whose entries the event catalogue shows."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
from sklearn.datasets import load_breast_cancer

from mllog_callbacks import AuditLog, LogEntry, read_entries
from mllog_lightgbm import MLAuditCallback

__all__ = ["run"]


def run(folder: Path) -> Iterator[LogEntry]:
    """Train a few models, and read back what their trails say, the better examples first."""
    with AuditLog(folder, dataset="breast_cancer") as log:
        _boosted(log)
        _failed(log)
        _own(log)
    yield from read_entries(folder)


def _boosted(log: AuditLog) -> None:
    """Two trainings: one that overfits until early stopping ends it, and one that completes."""
    features, labels = load_breast_cancer(return_X_y=True)
    train = lgb.Dataset(features[:120], labels[:120])
    valid = train.create_valid(features[120:], labels[120:])
    params = {"objective": "binary", "num_leaves": 63, "min_data_in_leaf": 2, "learning_rate": 0.3}
    params |= {"seed": 0, "num_threads": 1, "verbosity": -1}
    for rounds, patience in ((200, 30), (5, 30)):
        early = lgb.early_stopping(patience, verbose=False)
        callbacks: list[Any] = [early, MLAuditCallback(log)]
        lgb.train(params, train, rounds, valid_sets=[valid], callbacks=callbacks)


def _failed(log: AuditLog) -> None:
    """A training whose own metric fails."""
    features, labels = load_breast_cancer(return_X_y=True)

    def recall(_predicted: object, _data: lgb.Dataset) -> tuple[str, float, bool]:
        msg = "no positive row in the validation data"
        raise ValueError(msg)

    train = lgb.Dataset(features, labels)
    valid = train.create_valid(features[-5:], labels[-5:])
    params = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    try:
        lgb.train(params, train, valid_sets=[valid], feval=recall, callbacks=[MLAuditCallback(log)])
    except ValueError as error:
        logging.getLogger(__name__).info("as meant: %s", error)


def _own(log: AuditLog) -> None:
    """What the code around trainings tells itself."""
    features, labels = load_breast_cancer(return_X_y=True)
    log.emit(
        "DATASET_UPLOADED",
        decision="breast_cancer was taken from scikit-learn's data sets.",
        reasoning=f"{features.shape[0]} rows and {features.shape[1]} features were read.",
        metrics_snapshot={"rows": features.shape[0], "features": features.shape[1]},
    )
    for event in (
        "DATASET_VALIDATED",
        "DATASET_PREPROCESSED",
        "ALGORITHM_SELECTED",
        "MODEL_COMPARED",
        "MODEL_SAVED",
        "MODEL_DOWNLOADED",
    ):
        log.emit(event, decision=f"{len(labels)} rows.")
