"""Delimited text: CSV, TSV and what else separates values, with a line of names or without."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from mllog_callbacks.curves._cells import cell_of
from mllog_callbacks.curves._table import NoCurvesError, Table, table_of

__all__ = ["INDEX", "VALUE", "read_delimited", "side_by_side"]

INDEX: Final = "(index)"
"""The column that pandas writes without a name."""

VALUE: Final = "Value"
"""A column whose metric is in the name of its file."""

_DELIMITERS: Final = (",", "\t", ";", "|")
_LOOKED_AT: Final = 200
_CONSISTENT: Final = 0.8
_MILLISECONDS: Final = 1e11  # of 1973: what is larger counts them
_RANGES: Final = ("__MIN", "__MAX")


def read_delimited(text: str) -> Table:
    """Read a table.

    Raises:
        NoCurvesError: It is none.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    comments = [line for line in lines[:_LOOKED_AT] if line.lstrip().startswith("#")]
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    delimiter = _delimiter(lines)
    rows = [cells for cells in _cells(lines, delimiter) if any(each.strip() for each in cells)]
    if not rows:
        msg = "there are no rows in it"
        raise NoCurvesError(msg)
    decimal_comma = delimiter == ";"
    if all(_is_number(cell, decimal_comma=decimal_comma) for cell in rows[0]):
        return _headless(rows, comments, delimiter, decimal_comma=decimal_comma)
    names = [each.strip() for each in rows[0]]
    return _table(names, rows[1:], _kind(delimiter), decimal_comma=decimal_comma)


def side_by_side(table: Table) -> list[Table]:
    """A table for each run, of an export whose columns are "run - metric" (Weights & Biases)."""
    runs: dict[str, dict[str, str]] = {}
    for name in table.columns:
        run, separator, metric = name.rpartition(" - ")
        if separator and not name.endswith(_RANGES):
            runs.setdefault(run, {})[name] = metric
    shared = [name for name in table.columns if " - " not in name]
    if not runs or len(shared) > 2:  # noqa: PLR2004 - a step, or a time and a step
        return [table]
    found = []
    for run, names in runs.items():
        kept = {*names, *shared}
        rows = [{k: v for k, v in row.items() if k in kept} for row in table.rows]
        part = replace(
            table,
            kind="W&B export",
            columns=(*shared, *names),
            rows=tuple(row for row in rows if not names.keys().isdisjoint(row)),
            name=run,
        )
        found.append(part.renamed(names))
    return found


def _kind(delimiter: str | None) -> str:
    known = {",": "CSV", "\t": "TSV", ";": "CSV (;)", "|": "CSV (|)"}
    return known.get(delimiter or "", "table")


def _delimiter(lines: Sequence[str]) -> str | None:
    """What separates values; None for blanks, or where a line has one value alone."""
    sample = lines[:_LOOKED_AT]
    best: tuple[float, str] | None = None
    for delimiter in _DELIMITERS:
        widths = Counter(len(cells) for cells in _cells(sample, delimiter))
        width, often = widths.most_common(1)[0] if widths else (1, 0)
        share = often / max(1, len(sample))
        if width > 1 and share >= _CONSISTENT and (best is None or width * share > best[0]):
            best = width * share, delimiter
    return None if best is None else best[1]


def _cells(lines: Sequence[str], delimiter: str | None) -> Iterator[list[str]]:
    if delimiter is None:
        yield from (line.split() for line in lines)
        return
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    try:
        yield from reader
    except csv.Error as error:
        msg = f"line {reader.line_num}: {error}"
        raise NoCurvesError(msg) from error


def _is_number(cell: str, *, decimal_comma: bool) -> bool:
    return isinstance(cell_of(cell, decimal_comma=decimal_comma), float)


def _headless(
    rows: list[list[str]], comments: Sequence[str], delimiter: str | None, *, decimal_comma: bool
) -> Table:
    """A table without a line of names, or with one that is a comment (numpy)."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    for comment in reversed(comments):
        names = next(_cells([comment.lstrip("# ")], delimiter))
        if len(names) == width:
            named = [each.strip() for each in names]
            return _table(named, rows, "table", decimal_comma=decimal_comma)
    if width == 1:
        return _table([VALUE], rows, "column of numbers", decimal_comma=decimal_comma)
    first = cell_of(rows[0][0])
    if width in {3, 4} and isinstance(first, float) and first > _MILLISECONDS:
        names = ["timestamp", VALUE, "step", "context"][:width]
        return _table(names, rows, "MLflow metric", decimal_comma=decimal_comma)
    names = [f"column {number}" for number in range(1, width + 1)]
    return _table(names, rows, "table without names", decimal_comma=decimal_comma)


def _table(names: list[str], rows: list[list[str]], kind: str, *, decimal_comma: bool) -> Table:
    widths = Counter(map(len, rows))
    if widths and widths.most_common(1)[0][0] == len(names) + 1:
        names = ["", *names]  # of a program that gives its index no name
    elif names and rows and _torn(names, widths):
        msg = f"its lines have {_named(widths)} values for {len(names)} names"
        raise NoCurvesError(msg)
    if names and re.fullmatch(r"|Unnamed: 0", names[0]):
        names = [INDEX, *names[1:]]
    if {"wall time", "value"} <= {each.lower() for each in names}:
        kind = "TensorBoard export"
    begun: set[int] = set()
    kept: list[list[str]] = []
    for cells in rows:
        if [each.strip() for each in cells] == names:  # appended, with its names again
            begun.add(len(kept))
        else:
            kept.append(cells)
    made = table_of(
        (dict(zip(names, cells, strict=False)) for cells in kept),
        kind,
        decimal_comma=decimal_comma,
    )
    named = tuple(dict.fromkeys(each for each in names if each))
    # columns without a value are shown too; where stages were in a column, others took their place
    columns = named if set(made.columns) <= set(named) else made.columns
    return replace(made, breaks=frozenset(begun), columns=columns)


def _torn(names: list[str], widths: Counter[int]) -> bool:
    fitting = sum(often for width, often in widths.items() if width >= len(names) // 2)
    return len(names) > 1 and fitting < _CONSISTENT * widths.total()


def _named(widths: Counter[int]) -> str:
    return " or ".join(str(width) for width, _ in widths.most_common(2))
