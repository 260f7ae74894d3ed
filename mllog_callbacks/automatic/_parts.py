"""Whether this thread is within an audited fit: what trains there is a part of it."""

import sys
import threading
from typing import Final

__all__ = ["Within", "is_part", "parts"]


class _Parts(threading.local):
    """Counts what this thread is in.

    Attributes:
        tasks: Tasks of an audited fit that is under way elsewhere.
        others: Calls of estimators whose own framework's adapter records what they train.
    """

    tasks = others = 0


parts: Final = _Parts()


def is_part() -> bool:
    """Whether what begins now in this thread is a part of an audited fit."""
    if parts.tasks:
        return True
    calls = sys.modules.get("mllog_sklearn.calls")
    return calls is not None and bool(calls.within_call())


class Within:
    """A call that counts in this thread, until it has ended.

    Args:
        what: What it is, as an attribute of `parts`.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        setattr(parts, what, getattr(parts, what) + 1)

    def ended(self, _result: object, _error: BaseException | None) -> None:
        """Count it no more."""
        setattr(parts, self._what, getattr(parts, self._what) - 1)
