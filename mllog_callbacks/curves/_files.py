"""Files that may hold curves: which they are in a folder, and what is in each."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from mllog_callbacks.curves._delimited import INDEX, read_delimited, side_by_side
from mllog_callbacks.curves._documents import is_keras_history, read_json
from mllog_callbacks.curves._events import is_event_file, read_events
from mllog_callbacks.curves._table import NoCurvesError, Table
from mllog_callbacks.curves._textlogs import is_metric, read_by_patterns, read_text
from mllog_callbacks.files import SIDECARS, is_log

__all__ = ["curve_files", "read_file", "read_tables"]

_SUFFIXES: Final = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".log", ".txt"})
_BINARY: Final = "\x00"


def curve_files(folder: Path) -> list[Path]:
    """The files below a folder that may hold curves: by their endings, and MLflow's metrics."""
    below = (each for each in folder.rglob("*") if each.is_file())
    return sorted(each for each in below if _may_hold(each.relative_to(folder.parent)))


def _may_hold(path: Path) -> bool:
    if (
        is_log(path.name)
        or path.name.startswith(".")
        or any(each.startswith(".") or each == SIDECARS for each in path.parts[1:-1])
    ):
        return False
    of_mlflow = "metrics" in path.parts[:-1] and not path.suffix
    return path.suffix.lower() in _SUFFIXES or of_mlflow or is_event_file(path)


def read_file(path: Path, patterns: Sequence[str] = ()) -> list[Table]:
    """The tables of a file.

    Args:
        path: The file.
        patterns: Regular expressions with named groups, or names of ready ones, by which its
            lines are read; default by what the file is.

    Raises:
        NoCurvesError: It holds none.
        OSError: It cannot be read.
        ValueError: A pattern is none.
    """
    if is_event_file(path):
        return [read_events(path)]
    return read_tables(path.read_bytes(), path.name, patterns)


def read_tables(raw: bytes, name: str = "", patterns: Sequence[str] = ()) -> list[Table]:
    """The tables in the bytes of a file; arguments and errors are those of `read_file`."""
    text = _text(raw)
    if patterns:
        return read_by_patterns(text, patterns)
    if not text.strip():
        msg = "it is empty"
        raise NoCurvesError(msg)
    if _looks_like_json(text):
        try:
            return read_json(text)
        except NoCurvesError as error:
            try:
                return read_text(text)
            except NoCurvesError:
                raise error from None
    return _read_lines(text, name)


def _text(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    if _BINARY in text:
        msg = "it is no text (expected CSV, JSON or a text log)"
        raise NoCurvesError(msg)
    return re.sub(r"\r*\n|\r", "\n", text)


def _looks_like_json(text: str) -> bool:
    return bool(re.match(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\]\d+.\-NI])", text))


def _read_lines(text: str, name: str) -> list[Table]:
    """A table where its lines are of one width; else what its lines say, as text."""
    try:
        table = read_delimited(text)
    except NoCurvesError as error:
        try:
            return read_text(text)
        except NoCurvesError:
            if Path(name).suffix.lower() in {".csv", ".tsv"}:
                raise error from None
            raise
    if not (_is_numeric(table) and any(map(is_metric, table.columns))):
        try:
            return read_text(text)
        except NoCurvesError:
            if table.kind == "table" and not _is_numeric(table):
                raise
    if is_keras_history(table.columns) and table.columns[0] == INDEX:
        table = replace(table, kind="Keras history", called="epoch")
    return side_by_side(table)


def _is_numeric(table: Table) -> bool:
    cells = [cell for row in table.rows for cell in row.values()]
    return sum(isinstance(each, float) for each in cells) > len(cells) / 2
