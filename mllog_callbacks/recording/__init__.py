"""The log that takes entries: sessions, settings, context, guards, facts of the process."""

from mllog_callbacks.recording._context import (
    RunAround,
    Scope,
    audit_context,
    carry_context,
    scoped,
)
from mllog_callbacks.recording._current import current, leave
from mllog_callbacks.recording._guards import (
    completing,
    finaliser,
    guarded,
    raising,
    report_failure,
    unbroken,
)
from mllog_callbacks.recording._kinds import Begin, Watched, followed, runner
from mllog_callbacks.recording._log import AuditLog, get_log, log_in
from mllog_callbacks.recording._naming import checked_name
from mllog_callbacks.recording._places import check_signing, log_directory, signing_required

__all__ = [
    "AuditLog",
    "Begin",
    "RunAround",
    "Scope",
    "Watched",
    "audit_context",
    "carry_context",
    "check_signing",
    "checked_name",
    "completing",
    "current",
    "finaliser",
    "followed",
    "get_log",
    "guarded",
    "leave",
    "log_directory",
    "log_in",
    "raising",
    "report_failure",
    "runner",
    "scoped",
    "signing_required",
    "unbroken",
]
