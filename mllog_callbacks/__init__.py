"""The audit trail of model training: what happened, and why, as append-only JSON Lines.

Most users need one line in a training script and none of these names: see `mllog_lightgbm`.
"""

from typing import Final

from mllog_callbacks._lazy import lazily
from mllog_callbacks._version import __version__ as __version__

# Loaded at first use: pydantic alone costs more than `mllog --help` may take. Type checkers read
# `__init__.pyi`, which `python docs/generate.py` writes from this table.
_HOMES: Final[dict[str, tuple[str, ...]]] = {
    "adapter": (
        "Auditor",
        "Backlog",
        "Cadence",
        "Heard",
        "Listener",
        "RawData",
        "Run",
        "Steps",
        "Training",
        "attend",
        "audit_saving",
        "called_from",
        "file_size",
        "largest_shares",
        "listen",
        "record_saved",
        "trained_by",
    ),
    "automatic": ("auto", "load_ipython_extension", "unload_ipython_extension"),
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
    "exceptions": (
        "HookError",
        "InvalidEntryError",
        "LogDirectoryError",
        "MLLogError",
        "SettingsError",
        "UnknownEventError",
    ),
    "fingerprints": ("fingerprint",),
    "reading": ("Line", "read_entries", "read_lines"),
    "recording": (
        "AuditLog",
        "audit_context",
        "carry_context",
        "completing",
        "finaliser",
        "get_log",
        "guarded",
        "log_in",
        "raising",
        "report_failure",
        "unbroken",
    ),
    "report": ("LiveView", "Trail", "read_trail"),
    "schema": ("RUN_ENDS", "EventType", "Finding", "Level", "LogEntry", "Reason", "json_schema"),
    "sinks": ("SinkStats",),
}

__getattr__ = lazily(__name__, _HOMES)
__all__ = sorted(  # noqa: PLE0605 - a list: constants, classes, functions
    ("__version__", *(name for names in _HOMES.values() for name in names)),
    key=lambda name: (not name.isupper(), not name[0].isupper(), name),
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
