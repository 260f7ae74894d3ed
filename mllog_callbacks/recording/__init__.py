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
from mllog_callbacks.recording._log import AuditLog, get_log, log_in
from mllog_callbacks.recording._naming import checked_name

__all__ = [
    "AuditLog",
    "RunAround",
    "Scope",
    "audit_context",
    "carry_context",
    "checked_name",
    "completing",
    "current",
    "finaliser",
    "get_log",
    "guarded",
    "leave",
    "log_in",
    "raising",
    "report_failure",
    "scoped",
    "unbroken",
]
