"""Saving a model, with an entry that says what was saved, where, and how it is recognised."""

import hashlib
import os
from pathlib import Path
from typing import Any

import joblib

from mllog_callbacks import AuditLog, EventType, get_log
from mllog_callbacks.facts import Saved, dump
from mllog_callbacks.schema import count
from mllog_sklearn.algorithm import title
from mllog_sklearn.parameters import library

__all__ = ["save_model"]


def save_model(
    estimator: Any,
    path: str | os.PathLike[str],
    log: AuditLog | None = None,
    *,
    dataset: str | None = None,
    model: str | None = None,
) -> Path:
    """Save an estimator, audited or not, and record MODEL_SAVED with the file's SHA-256.

    What is saved is of the estimator's own class: it loads where this package is missing.

    Args:
        estimator: The estimator.
        path: The file: by skops where it ends in ``.skops``, else by joblib.
        log: Where the entry goes; default `get_log()`.
        dataset: Name of the training data in the entry; default the log's.
        model: Name of the model in the entry; default the log's, or the estimator's class.

    Returns:
        The file.

    Raises:
        ImportError: The file ends in ``.skops``, and skops is not installed.
        OSError: The file cannot be written.
    """
    file = Path(path)
    form = _dump(estimator, file)
    log = get_log() if log is None else log
    with file.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    size = file.stat().st_size
    saved = Saved(path=str(file), bytes=size, sha256=digest, format=form)
    log.emit(
        EventType.MODEL_SAVED,
        dataset=dataset,
        model=model or log.model or title(estimator),
        decision=f"{title(estimator)} was saved to {file} by {form}.",
        reasoning=f"The file has {count(size, 'byte')}, SHA-256 {digest}. The class is of "
        f"{library(type(estimator))}.",
        metrics_snapshot={"saved": dump(saved)},
    )
    return file


def _dump(estimator: Any, file: Path) -> str:
    if file.suffix != ".skops":
        joblib.dump(estimator, file)
        return f"joblib {joblib.__version__}"
    try:
        import skops.io  # noqa: PLC0415 - only those who use it need it
    except ImportError as error:
        msg = f"saving to {file.name} needs skops: pip install skops"
        raise ImportError(msg) from error
    skops.io.dump(estimator, file)
    return f"skops {skops.__version__}"
