"""Tables in files, read as a training most often has them."""

from pathlib import Path
from typing import Any

from mllog_callbacks.fingerprints._tables import UnreadableDataError

__all__ = ["read_table"]


def read_table(path: Path) -> dict[str, Any]:
    """The tables of a file by name; of a file that holds one, under an empty name.

    ``.csv`` and ``.parquet`` are read by pandas, with its defaults; ``.npy`` and ``.npz`` by numpy,
    without pickles.

    Raises:
        UnreadableDataError: It is none of these, or not as its name says.
        ImportError: The library that reads it is not installed.
        OSError: It cannot be read.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in {".csv", ".parquet"}:
            import pandas as pd  # noqa: PLC0415 - slow, and optional

            return {"": pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)}
        if suffix in {".npy", ".npz"}:
            import numpy as np  # noqa: PLC0415 - likewise

            found = np.load(path, allow_pickle=False)
            return {"": found} if suffix == ".npy" else {name: found[name] for name in found.files}
    except ValueError as error:
        raise UnreadableDataError(str(error)) from None
    msg = "is no .csv, .parquet, .npy or .npz file"
    raise UnreadableDataError(msg)
