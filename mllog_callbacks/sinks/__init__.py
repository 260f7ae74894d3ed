"""Where encoded entries go: a sink takes them without ever blocking, and writes them later."""

from typing import TYPE_CHECKING

from mllog_callbacks._lazy import lazily
from mllog_callbacks.sinks._account import unrecorded_line
from mllog_callbacks.sinks._base import NullSink, Sink, SinkStats
from mllog_callbacks.sinks._choice import open_sink
from mllog_callbacks.sinks._files import LogFiles, check_session, unusable
from mllog_callbacks.sinks.spool import living, note_exit, session_of_process

if TYPE_CHECKING:
    from mllog_callbacks.sinks._find import find_logs
    from mllog_callbacks.sinks._prospects import Prospect, prospects
    from mllog_callbacks.sinks._queued import QueuedSink
    from mllog_callbacks.sinks.spool import Recovered, recover
else:
    # Not what a log needs that has a spool
    __getattr__ = lazily(
        __name__,
        {
            "_find": ("find_logs",),
            "_prospects": ("Prospect", "prospects"),
            "_queued": ("QueuedSink",),
            "spool": ("Recovered", "recover"),
        },
    )

__all__ = [
    "LogFiles",
    "NullSink",
    "Prospect",
    "QueuedSink",
    "Recovered",
    "Sink",
    "SinkStats",
    "check_session",
    "find_logs",
    "living",
    "note_exit",
    "open_sink",
    "prospects",
    "recover",
    "session_of_process",
    "unrecorded_line",
    "unusable",
]
