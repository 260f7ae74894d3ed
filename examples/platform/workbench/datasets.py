"""Data sets: uploaded, checked, and made into numbers."""

import re
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from workbench.errors import RefusedError
from workbench.store import Store
from workbench.tables import Table, is_missing, number, read_table

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")
_MOST_CLASSES = 20
_FEWEST_ROWS = 30
_MOST_CATEGORIES = 12


@dataclass
class Dataset:
    """A data set as it was uploaded."""

    name: str
    rows: int
    columns: int
    target: str


@dataclass
class Validation:
    """What a check found."""

    valid: bool
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Prepared:
    """A data set as numbers, and what was done for that."""

    rows: int
    features: int
    classes: list[str]
    steps: list[str]


class DatasetManager:
    """Keeps data sets: the last column of each is the class to predict."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def upload(self, name: str, content: BinaryIO) -> Dataset:
        """Keep a CSV file.

        Raises:
            RefusedError: Its name or content is refused.
        """
        if not _NAME.fullmatch(name):
            msg = "A name has up to 80 letters, digits, spaces, dots, dashes or underscores."
            raise RefusedError(msg)
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(content, copy)
            copy.seek(0)
            table = read_table(copy)
            dataset = Dataset(name, len(table.rows), len(table.columns), table.columns[-1])
            about = {"rows": dataset.rows, "columns": dataset.columns, "target": dataset.target}
            try:
                self._store.add("datasets", name, status="uploaded", **about)
            except sqlite3.IntegrityError:
                msg = f"There is a data set named {name!r} already. Choose another name."
                raise RefusedError(msg) from None
            copy.seek(0)
            with self._store.path("datasets", name, ".csv").open("wb") as file:
                shutil.copyfileobj(copy, file)
        return dataset

    def validate(self, name: str) -> Validation:
        """Check whether one can learn from it."""
        table = self._table(name)
        labels = {row[-1].strip() for row in table.rows if not is_missing(row[-1])}
        problems, warnings = [], []
        if len(table.rows) < _FEWEST_ROWS:
            problems.append(f"{len(table.rows)} rows are too few; {_FEWEST_ROWS} are the least")
        if not 2 <= len(labels) <= _MOST_CLASSES:
            problems.append(
                f"the last column, {table.columns[-1]!r}, has {len(labels):,} different "
                f"values; 2 to {_MOST_CLASSES} classes are expected"
            )
        for index, column in enumerate(table.columns):
            missing = sum(is_missing(row[index]) for row in table.rows)
            if missing and index == len(table.columns) - 1:
                problems.append(f"the class is missing in {missing:,} rows")
            elif missing:
                warnings.append(f"{column!r} is missing in {missing:,} rows")
        status = "refused" if problems else "valid"
        self._store.update("datasets", name, status=status, problems=problems, warnings=warnings)
        return Validation(not problems, problems, warnings)

    def preprocess(self, name: str) -> Prepared:
        """Make it into numbers, and set a part aside for evaluation.

        Raises:
            RefusedError: It is not valid.
        """
        if self._store.get("datasets", name)["status"] not in {"valid", "ready"}:
            msg = f"{name!r} is not valid, so it cannot be made ready for training."
            raise RefusedError(msg)
        features, labels, steps = _numbers(self._table(name))
        classes, codes = np.unique(labels, return_inverse=True)
        test = np.random.default_rng(0).random(len(codes)) < 0.25
        steps.append(f"{int(test.sum()):,} rows set aside for evaluation")
        np.savez(
            self._store.path("datasets", name, ".npz"), features=features, codes=codes, test=test
        )
        prepared = Prepared(
            len(features), features.shape[1], [str(each) for each in classes], steps
        )
        about = {"features": prepared.features, "classes": prepared.classes, "steps": steps}
        self._store.update("datasets", name, status="ready", **about)
        return prepared

    def load(self, name: str) -> dict[str, np.ndarray]:
        """The numbers: features, codes (of the classes) and test (which rows are set aside).

        Raises:
            RefusedError: It is not ready.
        """
        if self._store.get("datasets", name)["status"] != "ready":
            msg = f"{name!r} is not ready for training."
            raise RefusedError(msg)
        with np.load(self._store.path("datasets", name, ".npz")) as numbers:
            return dict(numbers)

    def _table(self, name: str) -> Table:
        with self._store.path("datasets", name, ".csv").open("rb") as file:
            return read_table(file)


def _numbers(table: Table) -> tuple[np.ndarray, list[str], list[str]]:
    """Features and labels of a table, and what was done."""
    made: list[Any] = []
    filled = spread = dropped = 0
    for index in range(len(table.columns) - 1):
        cells = ["" if is_missing(row[index]) else row[index].strip() for row in table.rows]
        values = [number(cell) for cell in cells]
        if all(value is not None for value, cell in zip(values, cells, strict=True) if cell):
            column = np.array([np.nan if value is None else value for value in values])
            gaps = ~np.isfinite(column)
            if gaps.all():
                dropped += 1
                continue
            filled += int(gaps.sum())
            made.append(np.where(gaps, np.median(column[~gaps]), column))
        elif len(set(cells)) <= _MOST_CATEGORIES:
            spread += 1
            made += [
                np.array([cell == each for cell in cells], float) for each in sorted(set(cells))
            ]
        else:
            dropped += 1
    if not made:
        msg = "No column can be made into numbers."
        raise RefusedError(msg)
    steps = [
        *([f"{filled:,} gaps filled with the median"] if filled else []),
        *([f"{spread} columns of categories spread"] if spread else []),
        *([f"{dropped} columns left out"] if dropped else []),
    ]
    return np.column_stack(made), [row[-1].strip() for row in table.rows], steps
