"""Saving a model, with an entry that says what was saved, where, and how it is recognised."""

import os
from pathlib import Path
from typing import Any

import joblib

from mllog_callbacks import AuditLog, record_saved

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

    The entry is of the run that trained it, where that was recorded in the same log.

    What is saved is of the estimator's own class: it loads where this package is missing.

    Args:
        estimator: The estimator.
        path: The file: by skops where it ends in ``.skops``, else by joblib.
        log: Where the entry goes; default that of its run, or `get_log()`.
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
    record_saved(estimator, file, log, dataset=dataset, model=model, format=form)
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
