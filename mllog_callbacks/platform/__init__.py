"""A platform, audited without touching its code: hooks for its classes and functions."""

try:
    import wrapt  # noqa: F401 - only to say plainly what is missing
except ImportError as error:
    _MISSING = "mllog_callbacks.platform needs wrapt: pip install 'mllog-callbacks[platform]'"
    raise ImportError(_MISSING) from error

from mllog_callbacks.platform._actions import audit_action
from mllog_callbacks.platform._adapting import adapt
from mllog_callbacks.platform._call import Call, Hook, Namer, Recorded, Rule
from mllog_callbacks.platform._executors import carry_through
from mllog_callbacks.platform._explaining import Recognised, explain
from mllog_callbacks.platform._hooks import Attachment, attach, hooked
from mllog_callbacks.platform._mapping import MAPPING, audit_platform
from mllog_callbacks.platform._naming import argument, name_of

__all__ = [
    "MAPPING",
    "Attachment",
    "Call",
    "Hook",
    "Namer",
    "Recognised",
    "Recorded",
    "Rule",
    "adapt",
    "argument",
    "attach",
    "audit_action",
    "audit_platform",
    "carry_through",
    "explain",
    "hooked",
    "name_of",
]
