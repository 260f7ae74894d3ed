"""Real runs, whose entries the event catalogue shows."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mllog_callbacks import AuditLog, LogEntry, read_entries
from mllog_callbacks.platform import audit_platform
from mllog_lightgbm import MLAuditCallback
from mllog_sklearn import audited, save_model

__all__ = ["run"]


def run(folder: Path) -> Iterator[LogEntry]:
    """Train a few models, and read back what their trails say, the better examples first.

    Args:
        folder: Where all files are made; the working directory meanwhile, so that the entries
            have no path of this machine.
    """
    before = Path.cwd()
    os.chdir(folder)
    try:
        with AuditLog("logs", dataset="breast_cancer") as log:
            _boosted(log)
            _failed(log)
            _searched(log)
            _handed_around(log)
        yield from read_entries("logs")
    finally:
        os.chdir(before)


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


def _searched(log: AuditLog) -> None:
    """A search over a pipeline, and the model that it keeps."""
    features, labels = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    grid = {"logisticregression__C": [0.01, 0.1, 1.0]}
    audited(pipeline, log).fit(features, labels)
    search = audited(GridSearchCV(pipeline, grid), log).fit(features, labels)
    save_model(search.best_estimator_, "champion.joblib", log)


class Datasets:
    """How a platform may take data in: it knows of no audit."""

    def upload(self, name: str, path: str) -> dict[str, Any]:
        """Take a file in."""
        return {"name": name, "bytes": Path(path).stat().st_size}


class Models:
    """How a platform may hand models out."""

    def download(self, model: str) -> str:
        """Hand a model out."""
        return f"{model}.joblib"


def _handed_around(log: AuditLog) -> None:
    """What a platform does with data and models, recorded by its hooks."""
    Path("credit.csv").write_text("income,default\n31000,0\n18000,1\n", "utf-8")
    logger = logging.getLogger("mllog_callbacks")
    logger.disabled = True  # it lists the methods of a whole platform that this one lacks
    try:
        with audit_platform(datasets=Datasets, trainer=Models, log=log.bind(dataset="credit.v3")):
            Datasets().upload("credit.v3", "credit.csv")
            Models().download("champion")
    finally:
        logger.disabled = False
