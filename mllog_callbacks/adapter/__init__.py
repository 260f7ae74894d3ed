"""What an adapter is built from."""

from mllog_callbacks.adapter._audit_saving import audit_saving, hear_saves, record_saved
from mllog_callbacks.adapter._call_hooks import attend
from mllog_callbacks.adapter._curve import CurveKeeper
from mllog_callbacks.adapter._deferred import Backlog
from mllog_callbacks.adapter._examined import RawData
from mllog_callbacks.adapter._method_hooks import Heard, Listener, listen
from mllog_callbacks.adapter._models import trained_by
from mllog_callbacks.adapter._observing import Observer
from mllog_callbacks.adapter._run import Auditor, Cadence, Run
from mllog_callbacks.adapter._saving import called_from, file_size, largest_shares
from mllog_callbacks.adapter._steps import Steps
from mllog_callbacks.adapter._training import Directions, Training

__all__ = [
    "Auditor",
    "Backlog",
    "Cadence",
    "CurveKeeper",
    "Directions",
    "Heard",
    "Listener",
    "Observer",
    "RawData",
    "Run",
    "Steps",
    "Training",
    "attend",
    "audit_saving",
    "called_from",
    "file_size",
    "hear_saves",
    "largest_shares",
    "listen",
    "record_saved",
    "trained_by",
]
