"""The entry: its seven fields, event types, timestamps, strict JSON, and the names of files."""

from typing import TYPE_CHECKING

from mllog_callbacks._lazy import lazily
from mllog_callbacks.schema._encoding import HARD_CAP, encode
from mllog_callbacks.schema._event_types import RUN_ENDS, EventType, Level
from mllog_callbacks.schema._filenames import SIDECARS, Finding, day_of, session_of
from mllog_callbacks.schema._phrases import (
    Reason,
    assigned,
    by_label,
    count,
    failed,
    number,
    said,
    shown,
    stopped_by_hand,
)
from mllog_callbacks.schema._timestamps import Clock, format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from mllog_callbacks.schema._entry import LogEntry, json_schema
else:
    # pydantic's models take longer to import than all else here
    __getattr__ = lazily(__name__, {"_entry": ("LogEntry", "json_schema")})

__all__ = [
    "HARD_CAP",
    "RUN_ENDS",
    "SIDECARS",
    "Clock",
    "EventType",
    "Finding",
    "Level",
    "LogEntry",
    "Reason",
    "assigned",
    "by_label",
    "count",
    "day_of",
    "encode",
    "failed",
    "format_timestamp",
    "json_schema",
    "number",
    "parse_timestamp",
    "said",
    "session_of",
    "shown",
    "stopped_by_hand",
]
