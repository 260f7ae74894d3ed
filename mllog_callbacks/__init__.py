"""The audit trail of model training: what happened, and why, as append-only JSON Lines.

Most users need one line in a training script and none of these names: see `mllog_lightgbm`.
"""

from mllog_callbacks._version import __version__
from mllog_callbacks.events import RUN_ENDS, EventType, Level, LogEntry, json_schema
from mllog_callbacks.exceptions import (
    InvalidEntryError,
    LogDirectoryError,
    MLLogError,
    SettingsError,
    UnknownEventError,
)
from mllog_callbacks.guards import guarded, raising, report
from mllog_callbacks.log import AuditLog, get_log
from mllog_callbacks.reader import Finding, Line, read_entries, read_lines
from mllog_callbacks.sinks import SinkStats

__all__ = [
    "RUN_ENDS",
    "AuditLog",
    "EventType",
    "Finding",
    "InvalidEntryError",
    "Level",
    "Line",
    "LogDirectoryError",
    "LogEntry",
    "MLLogError",
    "SettingsError",
    "SinkStats",
    "UnknownEventError",
    "__version__",
    "get_log",
    "guarded",
    "json_schema",
    "raising",
    "read_entries",
    "read_lines",
    "report",
]
