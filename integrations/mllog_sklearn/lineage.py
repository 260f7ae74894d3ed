"""Which fit an estimator belongs to, by where it comes from: cloned, copied or sent by its call.

What was cloned within an audited call is a part of that call while it is under way, in whatever
thread it is fitted. What a call sent to a worker process stays a part of it there. Nothing else is:
what another thread of the process does at the same time decides nothing.
"""

import multiprocessing
import weakref
from typing import Final

__all__ = ["SENT", "Origin", "belongs_to", "descends", "inherits"]


class Origin:
    """A call that estimators come from; it holds on to neither.

    Args:
        process: The process it is in; default this one.
    """

    def __init__(self, process: object = None) -> None:
        self._process = multiprocessing.current_process() if process is None else process
        self._over = False

    def end(self) -> None:
        """Note that the call is over."""
        self._over = True

    @property
    def under_way(self) -> bool:
        """Whether it is not over, and of this process, or of one that the call forked itself."""
        return not self._over and self._process in {multiprocessing.current_process(), _ANYWHERE}


_ANYWHERE: Final = object()

SENT: Final = Origin(_ANYWHERE)
"""The origin of what an audited call in another process sent to this one."""

_origins: "dict[int, tuple[weakref.ref[object], Origin]]" = {}


def descends(estimator: object, origin: Origin) -> None:
    """Note that an estimator comes from a call; forgotten with it, and no trace is left in it."""
    key = id(estimator)
    try:
        reference = weakref.ref(estimator, lambda _: _origins.pop(key, None))
    except TypeError:  # of slots alone: it will be a fit of its own
        return
    _origins[key] = reference, origin


def belongs_to(estimator: object) -> Origin | None:
    """The call under way that an estimator comes from; None where there is none."""
    known = _origins.get(id(estimator))
    if known is None or known[0]() is not estimator or not known[1].under_way:
        return None
    return known[1]


def inherits(copied: object, source: object, around: Origin | None) -> None:
    """Note where a copy comes from.

    Args:
        copied: The copy.
        source: What it was copied from.
        around: The innermost call that this thread is in.
    """
    origin = belongs_to(source) or around
    if origin is not None and copied is not source:
        descends(copied, origin)
