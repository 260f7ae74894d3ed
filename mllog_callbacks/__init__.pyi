# Written by `python docs/generate.py`
from typing import Final

from mllog_callbacks._version import (
    __version__ as __version__,
)
from mllog_callbacks.adapter import (
    Auditor as Auditor,
    Backlog as Backlog,
    Cadence as Cadence,
    Heard as Heard,
    Listener as Listener,
    RawData as RawData,
    Run as Run,
    Steps as Steps,
    Training as Training,
    attend as attend,
    called_from as called_from,
    file_size as file_size,
    largest_shares as largest_shares,
    listen as listen,
)
from mllog_callbacks.automatic import (
    auto as auto,
    load_ipython_extension as load_ipython_extension,
    unload_ipython_extension as unload_ipython_extension,
)
from mllog_callbacks.detectors import (
    Detector as Detector,
    DetectorSet as DetectorSet,
    Facts as Facts,
    Gradients as Gradients,
    Issue as Issue,
    Observation as Observation,
    Passage as Passage,
    scan as scan,
)
from mllog_callbacks.exceptions import (
    HookError as HookError,
    InvalidEntryError as InvalidEntryError,
    LogDirectoryError as LogDirectoryError,
    MLLogError as MLLogError,
    SettingsError as SettingsError,
    UnknownEventError as UnknownEventError,
)
from mllog_callbacks.fingerprints import (
    fingerprint as fingerprint,
)
from mllog_callbacks.reading import (
    Line as Line,
    read_entries as read_entries,
    read_lines as read_lines,
)
from mllog_callbacks.recording import (
    AuditLog as AuditLog,
    audit_context as audit_context,
    carry_context as carry_context,
    completing as completing,
    finaliser as finaliser,
    get_log as get_log,
    guarded as guarded,
    log_in as log_in,
    raising as raising,
    report_failure as report_failure,
    unbroken as unbroken,
)
from mllog_callbacks.report import (
    LiveView as LiveView,
    Trail as Trail,
    read_trail as read_trail,
)
from mllog_callbacks.schema import (
    EventType as EventType,
    Finding as Finding,
    Level as Level,
    LogEntry as LogEntry,
    RUN_ENDS as RUN_ENDS,
    Reason as Reason,
    json_schema as json_schema,
)
from mllog_callbacks.sinks import (
    SinkStats as SinkStats,
)

_HOMES: Final[dict[str, tuple[str, ...]]]
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
    "RawData",
    "Reason",
    "Run",
    "SettingsError",
    "SinkStats",
    "Steps",
    "Trail",
    "Training",
    "UnknownEventError",
    "__version__",
    "attend",
    "audit_context",
    "auto",
    "called_from",
    "carry_context",
    "completing",
    "file_size",
    "finaliser",
    "fingerprint",
    "get_log",
    "guarded",
    "json_schema",
    "largest_shares",
    "listen",
    "load_ipython_extension",
    "log_in",
    "raising",
    "read_entries",
    "read_lines",
    "read_trail",
    "report_failure",
    "scan",
    "unbroken",
    "unload_ipython_extension",
]
