"""The log that takes entries: sessions, settings, context, guards, facts of the process."""

from mllog_callbacks.recording._context import (
    RunAround,
    Scope,
    audit_context,
    carry_context,
    current,
    leave,
    scoped,
)
from mllog_callbacks.recording._guards import (
    completing,
    finaliser,
    guarded,
    raising,
    report_failure,
    unbroken,
)
from mllog_callbacks.recording._log import AuditLog, get_log
from mllog_callbacks.recording._places import log_directory, signing_required

__all__ = [
    "AuditLog",
    "RunAround",
    "Scope",
    "audit_context",
    "carry_context",
    "completing",
    "current",
    "finaliser",
    "get_log",
    "guarded",
    "leave",
    "log_directory",
    "raising",
    "report_failure",
    "scoped",
    "signing_required",
    "unbroken",
]
