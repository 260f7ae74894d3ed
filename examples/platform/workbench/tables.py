"""Reading what people upload: CSV in UTF-8, or a refusal that says where and why."""

import csv
import io
import re
from collections import Counter
from typing import BinaryIO, NamedTuple

from workbench.errors import RefusedError

MAX_BYTES = 10_000_000
MAX_COLUMNS = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NO_FORMULA = re.compile(
    r"[+\-]+"  # a dash, as people write where there is nothing
    r"|[+\-]\d[\d.,' ]*%?"  # a number with a decimal comma, or thousands set apart
    r"|\+\d[\d \-()./]*"  # a telephone number
)
_MISSING = frozenset({"", "nan", "na", "n/a", "#n/a", "null"})


class Table(NamedTuple):
    """A CSV file: its columns' names, and its rows as texts."""

    columns: list[str]
    rows: list[list[str]]


def read_table(stream: BinaryIO) -> Table:
    """Read a CSV file with a header.

    Raises:
        RefusedError: It is no such file, or one that could do harm elsewhere.
    """
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        msg = f"The file is larger than {MAX_BYTES // 1_000_000} MB. Upload a sample of it."
        raise RefusedError(msg)
    text = _decoded(content)
    try:
        lines = [
            line for line in csv.reader(io.StringIO(text), _dialect(text), strict=True) if line
        ]
    except csv.Error as error:
        msg = f"This is not a CSV file: {error}."
        raise RefusedError(msg) from None
    if len(lines) < 2:
        msg = "The file has no rows below its header."
        raise RefusedError(msg)
    table = Table([name.strip() for name in lines[0]], lines[1:])
    _check_columns(table)
    _check_cells(table)
    return table


def number(cell: str) -> float | None:
    """The number a cell holds; None where it holds none."""
    try:
        return float(cell)
    except ValueError:
        return None


def is_missing(cell: str) -> bool:
    """Whether a cell holds nothing, or what programs write for that."""
    return cell.strip().lower() in _MISSING


def _decoded(content: bytes) -> str:
    if not content.strip():
        msg = "The file is empty."
        raise RefusedError(msg)
    if b"\0" in content:
        msg = "This is not a text file. Export the table as CSV in UTF-8."
        raise RefusedError(msg)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        msg = f"Line {line} is not UTF-8. Save the file as CSV in UTF-8."
        raise RefusedError(msg) from None


def _dialect(text: str) -> type[csv.Dialect]:
    """Commas, or where the header has more of them, semicolons or tabs."""
    header = text.split("\n", 1)[0]

    class Found(csv.excel):
        delimiter = max(",;\t", key=header.count)

    return Found


def _check_columns(table: Table) -> None:
    if len(table.columns) < 2:
        msg = "This is not a table: its header has one column. Separate columns by commas."
        raise RefusedError(msg)
    if len(table.columns) > MAX_COLUMNS:
        msg = f"The file has {len(table.columns):,} columns; {MAX_COLUMNS} are the most."
        raise RefusedError(msg)
    if "" in table.columns:
        msg = f"Column {table.columns.index('') + 1} has no name."
        raise RefusedError(msg)
    twice = [name for name, count in Counter(table.columns).items() if count > 1]
    if twice:
        msg = f"Column {twice[0]!r} is in the header more than once."
        raise RefusedError(msg)


def _check_cells(table: Table) -> None:
    """Rows of one length; no cell that a spreadsheet would run as a formula."""
    for index, row in enumerate(table.rows, 2):
        if len(row) != len(table.columns):
            msg = f"Line {index} has {len(row)} cells; the header has {len(table.columns)}."
            raise RefusedError(msg)
        _check_formulas(row, index)
    _check_formulas(table.columns, 1)


def _is_plain(cell: str) -> bool:
    """Whether a cell that begins as a formula is a number, a telephone number or a dash."""
    return number(cell) is not None or _NO_FORMULA.fullmatch(cell.strip()) is not None


def _check_formulas(cells: list[str], line: int) -> None:
    for cell in cells:
        if cell.startswith(_FORMULA) and not _is_plain(cell):
            msg = (
                f"Line {line} holds {cell[:30]!r}: a spreadsheet would run it as a formula. "
                "Remove it, and upload again."
            )
            raise RefusedError(msg)
