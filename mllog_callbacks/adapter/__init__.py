"""What an adapter is built from."""

from mllog_callbacks.adapter._deferred import Backlog
from mllog_callbacks.adapter._method_hooks import Heard, Listener, caller_of, listen
from mllog_callbacks.adapter._run import Auditor, Cadence, Run

__all__ = [
    "Auditor",
    "Backlog",
    "Cadence",
    "Heard",
    "Listener",
    "Run",
    "caller_of",
    "listen",
]
