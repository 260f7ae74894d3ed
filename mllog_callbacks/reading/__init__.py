"""Reading logs back: files, strict and fast readers, following, sessions as stories."""

from mllog_callbacks.reading._fast import Fields, FileAccount, Row, parse_row, read_rows
from mllog_callbacks.reading._grouping import families_of, trainings
from mllog_callbacks.reading._pulse import observe
from mllog_callbacks.reading._seals import seal
from mllog_callbacks.reading._strict import Finding, Line, read_entries, read_lines
from mllog_callbacks.reading._tailing import Followed, Seen, last_lines

__all__ = [
    "Fields",
    "FileAccount",
    "Finding",
    "Followed",
    "Line",
    "Row",
    "Seen",
    "families_of",
    "last_lines",
    "observe",
    "parse_row",
    "read_entries",
    "read_lines",
    "read_rows",
    "seal",
    "trainings",
]
