"""The audit trail of model training: what happened, and why, as append-only JSON Lines.

Most users need one line in a training script and none of these names: see `mllog_lightgbm`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from mllog_callbacks._version import __version__

if TYPE_CHECKING:
    from mllog_callbacks.backlog import Backlog
    from mllog_callbacks.context import audit_context, carry_context
    from mllog_callbacks.detectors import (
        Detector,
        DetectorSet,
        Facts,
        Gradients,
        Issue,
        Observation,
        Passage,
        scan,
    )
    from mllog_callbacks.events import RUN_ENDS, EventType, Level, LogEntry, json_schema
    from mllog_callbacks.exceptions import (
        HookError,
        InvalidEntryError,
        LogDirectoryError,
        MLLogError,
        SettingsError,
        UnknownEventError,
    )
    from mllog_callbacks.guards import finaliser, guarded, raising, report_failure
    from mllog_callbacks.listening import Heard, Listener, caller_of, listen
    from mllog_callbacks.live import LiveView
    from mllog_callbacks.log import AuditLog, get_log
    from mllog_callbacks.reader import Finding, Line, read_entries, read_lines
    from mllog_callbacks.run import Auditor, Cadence, Run
    from mllog_callbacks.sinks import SinkStats
    from mllog_callbacks.trail import Trail, read_trail
    from mllog_callbacks.wording import Reason
else:
    # Loaded at first use: pydantic alone costs more than `mllog --help` may take.
    _HOMES = {
        "backlog": ("Backlog",),
        "context": ("audit_context", "carry_context"),
        "detectors": (
            "Detector",
            "DetectorSet",
            "Facts",
            "Gradients",
            "Issue",
            "Observation",
            "Passage",
            "scan",
        ),
        "events": ("RUN_ENDS", "EventType", "Level", "LogEntry", "json_schema"),
        "exceptions": (
            "Heard",
            "HookError",
            "InvalidEntryError",
            "LogDirectoryError",
            "MLLogError",
            "SettingsError",
            "UnknownEventError",
        ),
        "guards": ("finaliser", "guarded", "raising", "report_failure"),
        "listening": ("Heard", "Listener", "caller_of", "listen"),
        "live": ("LiveView",),
        "log": ("AuditLog", "get_log"),
        "reader": ("Finding", "Line", "read_entries", "read_lines"),
        "run": ("Auditor", "Cadence", "Run"),
        "sinks": ("SinkStats",),
        "trail": ("Trail", "read_trail"),
        "wording": ("Reason",),
    }
    _HOME = {name: home for home, names in _HOMES.items() for name in names}

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        return globals().setdefault(name, found)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOME})


__all__ = [
    "RUN_ENDS",
    "AuditLog",
    "Auditor",
    "Backlog",
    "Cadence",
    "Detector",
    "DetectorSet",
    "EventType",
    "Facts",
    "Finding",
    "Gradients",
    "Heard",
    "HookError",
    "InvalidEntryError",
    "Issue",
    "Level",
    "Line",
    "Listener",
    "LiveView",
    "LogDirectoryError",
    "LogEntry",
    "MLLogError",
    "Observation",
    "Passage",
    "Reason",
    "Run",
    "SettingsError",
    "SinkStats",
    "Trail",
    "UnknownEventError",
    "__version__",
    "audit_context",
    "caller_of",
    "carry_context",
    "finaliser",
    "get_log",
    "guarded",
    "json_schema",
    "listen",
    "raising",
    "read_entries",
    "read_lines",
    "read_trail",
    "report_failure",
    "scan",
]
