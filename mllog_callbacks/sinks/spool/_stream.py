"""The stream of a session's lines: stamped, and placed one behind the other in shared memory.

Signal handlers and finalizers may emit at any moment, within `put` as well: see `_segment_writer`.
"""

from time import time_ns
from typing import Final

from mllog_callbacks.sinks._files import LogFiles
from mllog_callbacks.sinks.spool._overflow import Overflow
from mllog_callbacks.sinks.spool._place import Place
from mllog_callbacks.sinks.spool._segment_writer import SECOND, SPILLING, SegmentWriter

__all__ = ["CLOSED", "LEFT", "Stream"]

CLOSED: Final = -2
"""A limit that no line is within: the log takes no more."""

LEFT: Final = -3
"""The same, in a process forked from the one that logs."""

STAMP: Final = 43
"""Bytes before a line's second field."""

_SECOND: Final = SECOND  # a global of this module: found faster
_MILLIS: Final = tuple(b"%03d" % n for n in range(1_000))
_MICROS: Final = tuple(b'%03dZ",' % n for n in range(1_000))


class Stream(SegmentWriter):
    """Takes lines from any thread, and within itself from handlers and finalizers.

    No call to the system is made but once in a segment and once in a second.

    Attributes:
        overflow: The lines that the spool has no room for.

    Raises:
        OSError: There is no memory for a segment.
    """

    def __init__(self, files: LogFiles, place: Place) -> None:
        super().__init__(files, place)
        self.overflow = Overflow(self)

    def put(self, line: bytes) -> None:
        """Stamp a line and keep it in memory that outlives the process."""
        with self.lock:
            while True:
                start = self.end
                prefix, second = self.prefix, self.second  # no call between
                now = time_ns() // 1000
                if now <= self.last:
                    if self.last - now > _SECOND:
                        self.set_back()
                    now = self.last + 1
                micros = now - second
                if micros < _SECOND:
                    millis = micros // 1000
                    rest = _MICROS[micros - millis * 1000]
                    text = b"".join((prefix, _MILLIS[millis], rest, line))
                    end = start + len(text)
                    if end <= self.limit and start == self.end:  # no call
                        self.end = end
                        self.last = now
                        self.placed += 1
                        self.memory[start - self.shift : end - self.shift] = text
                        return
                if self._detour(now, line):
                    return

    def _detour(self, now: int, line: bytes) -> bool:
        """Whatever `put` meets now and then; say whether the line was dealt with."""
        if self.limit <= CLOSED:
            return self._refuse()
        if self.busy:
            return self._squeeze(line)
        if now >= self.second + _SECOND:
            self.busy = True
            try:
                self.turn_second(now)
            finally:
                self.busy = False
        elif self.limit == SPILLING:
            return not self.overflow.bring() and self.overflow.keep(line)
        elif self.end + STAMP + len(line) > self.limit:
            self.busy = True
            try:
                self.roll(self.day)
            finally:
                self.busy = False
        return False

    def _squeeze(self, line: bytes) -> bool:
        """Take a line while a segment is being changed: `put` was interrupted there.

        It takes the reserve at the end of the segment, and time stands still for it, so that it
        is of the same second.
        """
        while self.limit >= 0:
            start, now = self.end, self.last + 1
            text = self.stamped(now, line)
            end = start + len(text)
            if end > self.hard or now >= self.second + _SECOND:
                break
            # Else it was interrupted in its turn
            if start == self.end and self.limit >= 0:  # no call
                self.end = end
                self.last = now
                self.placed += 1
                self.memory[start - self.shift : end - self.shift] = text
                return True
        if self.limit >= 0:  # no call
            self.limit = SPILLING
        return self.overflow.keep(line) if self.limit == SPILLING else self._refuse()

    def _refuse(self) -> bool:
        if self.limit == CLOSED:  # else it is one of the process this one was forked from
            self.overflow.dropped += 1
        return True
