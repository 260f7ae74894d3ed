"""Cells of tables and values of documents, as numbers."""

import math
import re
from typing import Final, TypeAlias

__all__ = ["Cell", "cell_of", "number"]

Cell: TypeAlias = float | str
"""A number, NaN and infinities among them, or a text that is none."""

_MISSING: Final = frozenset({"", "-", "--", "none", "null", "na", "n/a", "<na>", "missing"})
# What C libraries, Windows and Python print for what is no number
_NAN: Final = re.compile(r"[+-]?(?:nan(?:\(.*\))?|1\.#(?:q?nan|snan|ind)\d*)", re.IGNORECASE)
_INFINITE: Final = re.compile(r"([+-]?)(?:inf(?:inity)?|1\.#inf\d*|∞)", re.IGNORECASE)
# What frameworks print around a number: a tensor and its device, NumPy's types, a list
_WRAPPED: Final = re.compile(
    r"(?:[a-z_][\w.]*\(|\[)\s*([^\s,()\[\]]+)\s*(?:,.*)?[)\]]", re.IGNORECASE
)
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,\d+(?:e[+-]?\d+)?", re.IGNORECASE)


def cell_of(value: object, *, decimal_comma: bool = False) -> Cell | None:
    """A value as a number, else as text; None where it is missing or is neither.

    Args:
        value: What a file holds.
        decimal_comma: Whether "0,5" is a half.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if not isinstance(value, str):
        return None
    text = value.strip().strip("\"'")
    if text.lower() in _MISSING:
        return None
    found = _number(text, decimal_comma=decimal_comma)
    return text if found is None else found


def number(cell: Cell | None) -> float | None:
    """The number of a cell; None where there is none."""
    return cell if isinstance(cell, float) else None


def _number(text: str, *, decimal_comma: bool) -> float | None:
    if not _NAN.fullmatch(text) and (wrapped := _WRAPPED.fullmatch(text)):
        text = wrapped[1]
    if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if "_" in text:  # "1_000" is a number to Python, and to nobody's log
        return None
    if _NAN.fullmatch(text):
        return math.nan
    if infinite := _INFINITE.fullmatch(text):
        return -math.inf if infinite[1] == "-" else math.inf
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        return None
