"""Whether the system clock was set while a session lasted."""

import time
from functools import partial
from typing import Final

__all__ = ["ClockWatch"]

_LEAST_S: Final = 2.0  # smaller corrections are what time servers do all day

# Bound now, for programs replace them at times. The steady clock counts while the machine sleeps.
_now = time.time
_steady = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    if hasattr(time, "CLOCK_BOOTTIME")
    else time.monotonic
)


class ClockWatch:
    """Compares the system clock with one that nobody sets; used under a sink's lock.

    Attributes:
        jumps: How often the system clock jumped by two seconds or more.
        largest: The largest jump, in seconds; below 0, it was set back.
    """

    def __init__(self) -> None:
        self.jumps = 0
        self.largest = 0.0
        self._difference = _now() - _steady()

    def look(self) -> None:
        """Compare the clocks once more."""
        difference = _now() - _steady()
        jump, self._difference = difference - self._difference, difference
        if abs(jump) >= _LEAST_S:
            self.jumps += 1
            self.largest = max(self.largest, jump, key=abs)
