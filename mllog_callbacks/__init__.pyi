# Written by `python docs/generate.py`
from typing import Final

from mllog_callbacks._version import __version__ as __version__
from mllog_callbacks.adapter import Auditor as Auditor
from mllog_callbacks.adapter import Backlog as Backlog
from mllog_callbacks.adapter import Cadence as Cadence
from mllog_callbacks.adapter import Heard as Heard
from mllog_callbacks.adapter import Listener as Listener
from mllog_callbacks.adapter import Run as Run
from mllog_callbacks.adapter import caller_of as caller_of
from mllog_callbacks.adapter import listen as listen
from mllog_callbacks.detectors import Detector as Detector
from mllog_callbacks.detectors import DetectorSet as DetectorSet
from mllog_callbacks.detectors import Facts as Facts
from mllog_callbacks.detectors import Gradients as Gradients
from mllog_callbacks.detectors import Issue as Issue
from mllog_callbacks.detectors import Observation as Observation
from mllog_callbacks.detectors import Passage as Passage
from mllog_callbacks.detectors import scan as scan
from mllog_callbacks.exceptions import HookError as HookError
from mllog_callbacks.exceptions import InvalidEntryError as InvalidEntryError
from mllog_callbacks.exceptions import LogDirectoryError as LogDirectoryError
from mllog_callbacks.exceptions import MLLogError as MLLogError
from mllog_callbacks.exceptions import SettingsError as SettingsError
from mllog_callbacks.exceptions import UnknownEventError as UnknownEventError
from mllog_callbacks.reading import Line as Line
from mllog_callbacks.reading import read_entries as read_entries
from mllog_callbacks.reading import read_lines as read_lines
from mllog_callbacks.recording import AuditLog as AuditLog
from mllog_callbacks.recording import audit_context as audit_context
from mllog_callbacks.recording import carry_context as carry_context
from mllog_callbacks.recording import finaliser as finaliser
from mllog_callbacks.recording import get_log as get_log
from mllog_callbacks.recording import guarded as guarded
from mllog_callbacks.recording import raising as raising
from mllog_callbacks.recording import report_failure as report_failure
from mllog_callbacks.report import LiveView as LiveView
from mllog_callbacks.report import Trail as Trail
from mllog_callbacks.report import read_trail as read_trail
from mllog_callbacks.schema import RUN_ENDS as RUN_ENDS
from mllog_callbacks.schema import EventType as EventType
from mllog_callbacks.schema import Finding as Finding
from mllog_callbacks.schema import Level as Level
from mllog_callbacks.schema import LogEntry as LogEntry
from mllog_callbacks.schema import Reason as Reason
from mllog_callbacks.schema import json_schema as json_schema
from mllog_callbacks.sinks import SinkStats as SinkStats

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
