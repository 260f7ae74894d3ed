"""Curves of finished trainings, read from CSV or JSON Lines, and which columns belong together.

By convention a column named ``train/X``, ``train_X`` or ``training_X`` holds X on the training
data, ``val/X``, ``val_X``, ``valid_X`` or ``validation_X`` on the validation set (with any of
``/ _ . -`` or a blank between), and ``X`` is the training value of ``val_X`` (as Keras writes it).
An ending ``_epoch`` does not count (Lightning); columns that end in ``_step`` are left out.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mllog_callbacks.detectors import Observation, Unit

__all__ = ["Curve", "Pairing", "Table", "TableError", "observations", "pair", "read_table"]

Row = Mapping[str, object]

_TRAIN: Final = re.compile(r"^train(?:ing)?[/_. -](?P<metric>.+)$", re.IGNORECASE)
_VALIDATION: Final = re.compile(r"^val(?:id|idation)?[/_. -](?P<metric>.+)$", re.IGNORECASE)
_RATE: Final = re.compile(r"^(lr|learning[_ ]rate)($|[/_. -])", re.IGNORECASE)
_STEPS: Final[dict[str, Unit]] = {"epoch": "epoch", "iteration": "iteration", "step": "step"}
_NO_METRICS: Final = frozenset({*_STEPS, "time", "created_at", "timestamp"})


class TableError(ValueError):
    """A file is no table of numbers; the message says where and why."""


@dataclass(frozen=True)
class Table:
    """The rows of a file, and the names of its columns without the blanks around them."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Curve:
    """Columns that belong together.

    Attributes:
        metric: Name of the metric.
        train: Column with the values on the training data.
        validation: Column with the values on the validation set.
        higher_is_better: Its direction.
        assumed: Whether the direction comes from the name alone.
    """

    metric: str
    train: str | None
    validation: str | None
    higher_is_better: bool
    assumed: bool = False


@dataclass
class Pairing:
    """The curves that a table holds by convention, and the columns left out with the reason."""

    curves: list[Curve] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def read_table(text: str, *, as_json: bool) -> Table:
    """Read a table.

    Raises:
        TableError: It is none.
    """
    rows = tuple(_json_rows(text) if as_json else _csv_rows(text))
    columns = dict.fromkeys(name for row in rows for name in row)
    if not columns:
        msg = "no rows with columns"
        raise TableError(msg)
    return Table(tuple(columns), rows)


def _csv_rows(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text), skipinitialspace=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        for cells in reader:
            if any(cells):
                yield dict(zip(names, cells, strict=False))
    except csv.Error as error:
        msg = f"line {reader.line_num}: {error}"
        raise TableError(msg) from error


def _json_rows(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            msg = f"line {number}: {error}"
            raise TableError(msg) from error
        if not isinstance(row, dict):
            msg = f"line {number}: expected an object, got {type(row).__name__}"
            raise TableError(msg)
        yield {name.strip(): value for name, value in row.items()}


def pair(columns: tuple[str, ...]) -> Pairing:
    """Find the columns that belong together, by the convention of this module.

    Only metrics with "loss" in their name have a direction by convention: less is better.
    """
    found = Pairing()
    sides: dict[str, dict[bool, list[str]]] = {}
    validated = {_split(name)[1] for name in columns if _split(name)[0] is False}
    for name in columns:
        train, metric = _split(name)
        if name.casefold() in _NO_METRICS or _RATE.match(name):
            continue
        if name.casefold().endswith("_step"):
            found.skipped[name] = "values of single steps"
        elif "loss" not in metric.casefold():
            found.skipped[name] = "its direction is not known: name it, and say which is better"
        elif train is None and metric not in validated and metric.casefold() != "loss":
            found.skipped[name] = "it is not known whether it is of training or validation"
        else:
            sides.setdefault(metric, {}).setdefault(train is not False, []).append(name)
    for metric, names in sides.items():
        _add(found, metric, names)
    return found


def _add(found: Pairing, metric: str, names: Mapping[bool, list[str]]) -> None:
    for several in names.values():
        if len(several) > 1:
            for name in several:
                found.skipped[name] = f"ambiguous beside {', '.join(set(several) - {name})}"
            return
    (train,), (validation,) = names.get(True, [None]), names.get(False, [None])
    found.curves.append(Curve(metric, train, validation, higher_is_better=False, assumed=True))


def _split(name: str) -> tuple[bool | None, str]:
    """Whether a column is of training, where its name says so; and its metric."""
    name = re.sub(r"_epoch$", "", name)
    for train, pattern in ((True, _TRAIN), (False, _VALIDATION)):
        matched = pattern.match(name)
        if matched:
            return train, matched["metric"]
    return None, name


def observations(table: Table, curve: Curve, unit: Unit | None = None) -> Iterator[Observation]:
    """The observations of a curve, one an epoch, iteration or step.

    Rows may be sparse (Lightning writes training and validation values in rows of their own):
    rows of the same epoch, iteration or step are taken together, the last value of each column
    counts. Without such a column each row with a value is one.

    Args:
        table: The rows.
        curve: Which columns.
        unit: What a row stands for; default the first of epoch, iteration and step that is a
            column, else epoch.

    Raises:
        TableError: A cell holds something else than a number.
    """
    lower = {name.casefold(): name for name in table.columns}
    units: list[Unit] = [each for name, each in _STEPS.items() if name in lower]
    counted: Unit = unit or (units[0] if units else "epoch")
    rate = next((name for name in table.columns if _RATE.match(name)), None)
    steps = _grouped(table, lower.get(counted))
    known_rate: float | None = None
    for step, rows in steps.items():
        train, validation, now = (
            _last(rows, name) for name in (curve.train, curve.validation, rate)
        )
        known_rate = known_rate if now is None else now
        if train is not None or validation is not None:
            yield Observation(
                step,
                counted,
                curve.metric,
                train=train,
                validation=validation,
                higher_is_better=curve.higher_is_better,
                learning_rate=known_rate,
            )


def _grouped(table: Table, column: str | None) -> dict[int, list[Row]]:
    """Rows by step; a row that has none belongs to the last; a step seen again is a resume."""
    grouped: dict[int, list[Row]] = {}
    last = -1
    for index, row in enumerate(table.rows):
        step = index if column is None else _number(row.get(column), column)
        if step is not None and math.isfinite(step):
            last = int(step)
        grouped.setdefault(last, []).append(row)
    return dict(sorted(grouped.items()))


def _last(rows: list[Row], column: str | None) -> float | None:
    values = [] if column is None else [_number(row.get(column), column) for row in rows]
    return next((value for value in reversed(values) if value is not None), None)


def _number(cell: object, column: str) -> float | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, (int, float, str)):
        try:
            return float(cell)
        except (ValueError, OverflowError):
            pass
    msg = f"column {column!r} holds {str(cell)[:40]!r}, which is no number"
    raise TableError(msg)
