"""JSON: documents with lists of values, documents with lists of rows, and lines of rows."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from mllog_callbacks.curves._cells import cell_of
from mllog_callbacks.curves._delimited import VALUE
from mllog_callbacks.curves._table import NoCurvesError, Table, flat, table_of
from mllog_callbacks.schema import Stage, count, parse_metric_name

__all__ = ["SUMMARY", "is_keras_history", "read_json"]

Object: TypeAlias = Mapping[str, Any]

_NUMBERED: Final = re.compile(r"(?:epoch|step|iter|iteration)?[_ ]?\d+", re.IGNORECASE)
_MOST_DEPTH: Final = 5
SUMMARY: Final = frozenset({"train_runtime", "total_flos"})
"""Names in the row that Hugging Face's trainer writes at its end."""

# Metrics that boosting alone calls by these names: their lists have a value an iteration
_BOOSTING: Final = frozenset(
    {
        *("mlogloss", "merror", "binary_logloss", "binary_error", "multi_logloss", "multi_error"),
        *("rmsle", "aucpr", "auc_mu", "l1", "l2", "Logloss", "MultiClass", "average_precision"),
    }
)
_READABLE: Final = 0.5


def read_json(text: str) -> list[Table]:
    """Read a document, or lines of objects.

    Raises:
        NoCurvesError: It is neither, or holds no lists and no rows of numbers.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return [_lines(text)]
    tables = [*_tables(document)]
    if not tables:
        found = f"the names {_listed(document)}" if isinstance(document, dict) else "no object"
        msg = f"a JSON document with {found}, and no list of numbers or of rows"
        raise NoCurvesError(msg)
    return tables


def is_keras_history(columns: Sequence[str]) -> bool:
    """Whether columns have the names of Keras' `History`: X, and val_X for the validation."""
    names = {each for each in columns if parse_metric_name(each).stage is None}
    return any(f"val_{name}" in columns for name in names)


def _listed(document: Object) -> str:
    names = list(document)
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""  # noqa: PLR2004 - a line
    return ", ".join(names[:8]) + more


def _lines(text: str) -> Table:
    """Lines of objects; what is none is passed over, as the last line of a killed process."""
    rows: list[Object] = []
    failed: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            failed.append(f"line {number}: {error}")
            continue
        if isinstance(row, dict):
            rows.append(row)
        else:
            failed.append(f"line {number}: expected an object, got {type(row).__name__}")
    if len(rows) <= len(failed):
        raise NoCurvesError(failed[0] if failed else "there are no lines in it")
    table = _rows(rows, "JSON Lines")
    if failed:
        notes = (f"{count(len(failed), 'line')} passed over ({failed[0]})",)
        table = replace(table, notes=notes)
    return table


def _rows(rows: Sequence[Object], kind: str) -> Table:
    if any("mode" in row and ("iter" in row or "epoch" in row) for row in rows):
        kind = "mmdetection log"
    elif any("iteration" in row and "total_loss" in row for row in rows):
        kind = "Detectron2 metrics"
    return table_of((flat(row) for row in rows), kind)


def _tables(document: object) -> Iterator[Table]:
    if isinstance(document, list):
        yield from _of_list(document)
    elif isinstance(document, dict):
        for reader in _READERS:
            tables = [*reader(document)]
            if tables:
                yield from tables
                return


def _of_list(document: list[Any]) -> Iterator[Table]:
    if document and all(isinstance(each, dict) for each in document):
        yield _rows(document, "JSON rows")
    elif document and all(isinstance(each, list) and len(each) == 3 for each in document):  # noqa: PLR2004 - see below
        names = ("Wall time", "Step", VALUE)
        rows = [dict(zip(names, each, strict=True)) for each in document]
        yield table_of(rows, "TensorBoard export")
    elif _is_series(document):
        yield table_of(({VALUE: each} for each in document), "list of numbers")


def _trainer_state(document: Object) -> Iterator[Table]:
    """Hugging Face's: rows of training and of evaluation; the summary at the end is neither."""
    history = document.get("log_history")
    if isinstance(history, list):
        dicts = [each for each in history if isinstance(each, dict)]
        rows = [each for each in dicts if SUMMARY.isdisjoint(each)]
        table = _rows(rows, "Hugging Face trainer state")
        stages: dict[str, Stage] = {"loss": "training"} if "loss" in table.columns else {}
        every_step = document.get("logging_steps") == 1
        yield replace(table, stages=stages, logged="step" if every_step else "epoch")


def _catboost(document: Object) -> Iterator[Table]:
    """CatBoost's `catboost_training.json`, which knows directions."""
    meta, iterations = document.get("meta"), document.get("iterations")
    if not isinstance(meta, dict) or not isinstance(iterations, list):
        return
    learned, tested = _metrics(meta, "learn_metrics"), _metrics(meta, "test_metrics")
    learning = set(meta.get("learn_sets") or ["learn"])
    stages: dict[str, Stage] = {}
    directions: dict[str, bool | None] = {}
    rows: list[dict[str, object]] = []
    for each in iterations:
        row: dict[str, object] = {"iteration": each.get("iteration")}
        for name, values in each.items():
            if not isinstance(values, list):
                continue
            of_training = name in learning
            metrics = learned if of_training else tested or learned
            for (metric, higher), value in zip(metrics, values, strict=False):
                column = f"{name}/{metric}"
                row[column] = value
                stages[column] = "training" if of_training else "validation"
                directions[column] = higher
        rows.append(row)
    table = table_of(rows, "CatBoost training")
    yield replace(table, unit="iteration", stages=stages, directions=directions)


def _metrics(meta: Object, name: str) -> list[tuple[str, bool | None]]:
    known = {"Min": False, "Max": True}
    found = [each for each in meta.get(name) or [] if isinstance(each, dict)]
    return [(str(each.get("name")), known.get(str(each.get("best_value")))) for each in found]


def _series(document: Object) -> Iterator[Table]:
    """Lists of numbers, at any depth: Keras' history, `evals_result`, and everybody's own."""
    by_length: dict[int, dict[str, list[Any]]] = {}
    for name, values in _lists(document):
        by_length.setdefault(len(values), {})[name] = values
    for length, columns in by_length.items():
        rows = [{name: each[row] for name, each in columns.items()} for row in range(length)]
        table = table_of(rows, "JSON lists")
        name = f"{length} values" if len(by_length) > 1 else ""
        metrics = {each.rpartition("/")[2] for each in columns}
        if metrics & _BOOSTING:
            kind = "results of boosting (evals_result)"
            yield replace(table, kind=kind, name=name, unit="iteration", called="iteration")
        elif is_keras_history(table.columns):
            yield replace(table, kind="Keras history", name=name, called="epoch")
        else:
            yield replace(table, name=name)


def _lists(document: Object, path: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    for name, value in document.items():
        inner = f"{path}/{name}".strip("/")
        series = _indexed(value) or value
        if isinstance(series, list) and _is_series(series):
            yield inner.removeprefix("history/"), series
        elif isinstance(value, dict) and depth < _MOST_DEPTH:
            yield from _lists(value, inner, depth + 1)


def _indexed(value: object) -> list[Any] | None:
    """The values of {"0": ..., "1": ...}, as pandas writes a column."""
    if isinstance(value, dict) and len(value) > 1 and all(each.isdecimal() for each in value):
        return [value[key] for key in sorted(value, key=int)]
    return None


def _is_series(values: Sequence[object]) -> bool:
    cells = [cell_of(each) for each in values]
    known = [each for each in cells if each is not None]
    whole = all(each is None or isinstance(each, int | float | str) for each in values)
    return bool(known) and whole and all(isinstance(each, float) for each in known)


def _lists_of_rows(document: Object) -> Iterator[Table]:
    """Lists of rows, as in {"train": [{"epoch": 0, "loss": ...}], "val": [...]}."""
    rows: list[dict[str, object]] = []
    for name, values in document.items():
        if not isinstance(values, list) or not values:
            continue
        if not all(isinstance(each, dict) for each in values):
            continue
        rows += [_prefixed(name, flat(each)) for each in values]
    if rows:
        ordered = sorted(rows, key=_epoch) if all("epoch" in each for each in rows) else rows
        yield table_of(ordered, "JSON rows")


def _epoch(row: Object) -> float:
    cell = cell_of(row["epoch"])
    return cell if isinstance(cell, float) else 0.0


def _prefixed(name: str, row: Mapping[str, object]) -> dict[str, object]:
    known = parse_metric_name(f"{name}/metric").stage is not None
    shared = {"epoch", "step", "iter", "iteration"}
    return {
        key
        if not known or key.lower() in shared or parse_metric_name(key).stage
        else f"{name}/{key}": value
        for key, value in row.items()
    }


def _numbered_rows(document: Object) -> Iterator[Table]:
    """Rows by number, as in {"0": {"loss": ...}, "1": {"loss": ...}}."""
    rows = [each for name, each in document.items() if _NUMBERED.fullmatch(name)]
    if len(rows) > 1 and all(isinstance(each, dict) for each in rows):
        yield table_of((flat(each) for each in rows), "JSON rows")


def _one_row(document: Object) -> Iterator[Table]:
    """A line of JSON Lines, alone."""
    row = flat(document)
    if "epoch" in row or "step" in row or "iteration" in row:
        yield _rows([row], "JSON Lines")


_READERS: Final[tuple[Callable[[Object], Iterator[Table]], ...]] = (
    _trainer_state,
    _catboost,
    _series,
    _lists_of_rows,
    _numbered_rows,
    _one_row,
)
