"""The end of a session's stream of lines: its segment in shared memory, its timestamps.

Nothing is locked against signal handlers and finalizers, which may emit at any moment. The places
marked "no call" make no call between their lines and allocate nothing that the collector counts,
so the interpreter cannot run a handler there: they are atomic.
"""

import errno
import mmap
import os
import threading
from collections import deque
from contextlib import suppress
from time import gmtime, monotonic, strftime, time_ns
from typing import Final

from mllog_callbacks.sinks._files import LogFiles
from mllog_callbacks.sinks.spool._control import FIRST
from mllog_callbacks.sinks.spool._place import Place
from mllog_callbacks.sinks.spool._segment import HEADER, MARK, Segment, segment_name, spare_name

__all__ = ["FULL", "SECOND", "SPILLING", "SegmentWriter"]

SPILLING: Final = -1
"""The limit of a stream whose lines wait in the process's own memory."""

FULL: Final = "the spool is full"
"""The failure to get a segment where this session has as many as it may."""

SECOND: Final = 1_000_000
"""Microseconds of a second."""

_RESERVE: Final = 4_096  # bytes of a segment, at least, for what interrupts its change
_NOWHERE: Final = memoryview(bytearray(1))


class SegmentWriter:
    """Where the next line goes, and when it is; segments are changed here. Lines are put elsewhere.

    Attributes:
        end: How far the stream reaches.
        last: The last line's timestamp, in microseconds.
        limit: How far lines may reach in this segment; below 0, none is placed now.
        soft: The limit that leaves a reserve; in it goes what interrupts a change of segments.
        placed: Lines placed so far.
        day: The day of the segment's file.
        busy: Whether a segment is being changed.
        held: The segments that may hold lines not yet written, oldest first.
        failure: Why there was no segment the last time that none was to be had.

    Raises:
        OSError: There is no memory for a segment.
    """

    def __init__(self, files: LogFiles, place: Place) -> None:
        self.files = files
        self.place, self.control = place, place.control
        self.lock = threading.RLock()
        self.busy = False
        self.failure = ""
        self._behind = 0.0
        self.placed = self.number = 0
        self.end = FIRST
        self.last = time_ns() // 1000
        self.prefix, self.second, self.day = b"", 0, ""
        self.limit = self.soft = self.hard = self.shift = 0
        self.memory = _NOWHERE
        self.held: deque[mmap.mmap] = deque()
        self.turn_second(self.last)
        if self.memory is _NOWHERE:
            raise OSError(errno.ENOSPC, "no memory for a spool")

    def tend(self) -> None:
        """Called about once in a second in which lines come."""

    def set_back(self) -> None:
        """Called for lines that come while the system clock is behind the last line's time."""
        now = monotonic()
        if now - self._behind >= 1:
            self._behind = now
            try:
                self.tend()
            except Exception as error:  # noqa: BLE001 - as below
                self.failed(error)

    def failed(self, error: Exception) -> None:
        """Called with what `tend` raised."""

    def roll(self, day: str) -> bool:
        """Go on in a new segment; where there is no memory for it, in the overflow."""
        try:
            fresh = self._new_segment(day)
        except OSError as error:
            self.failure = error.strerror or str(error)  # text: a traceback keeps frames alive
            if self.limit >= 0:  # no call
                self.limit = SPILLING
            return False
        words, memory = memoryview(fresh).cast("Q"), memoryview(fresh)
        room = len(fresh) - HEADER
        soft = room - max(_RESERVE, len(fresh) // 16)
        self._hold(fresh)
        start = self.end  # no call
        self.shift = start - HEADER
        self.hard = start + room
        self.soft = start + soft
        if self.limit >= 0:  # else it spills, or a handler closed it
            self.limit = self.soft
        self.memory = memory
        self.day = day
        self.number += 1
        words[1] = self.placed
        words[0] = start
        words.release()
        return True

    def stamped(self, now: int, line: bytes) -> bytes:
        """The whole line, at any time."""
        second, micros = divmod(now, SECOND)
        prefix = self.prefix if second * SECOND == self.second else _prefix(_text(second))
        return b'%b%06dZ",%b' % (prefix, micros, line)

    def place_account(self, line: bytes) -> None:
        """Place one more line when no other is taken, in the reserve of the last segment."""
        start, now = self.end, self.last + 1
        text = self.stamped(now, line)
        if start + len(text) <= self.hard:
            self.end = start + len(text)
            self.last = now
            self.placed += 1
            self.memory[start - self.shift : self.end - self.shift] = text

    def written(self) -> int:
        """How many of the lines placed are in the file."""
        control = self.control
        while True:
            released, position = control.released, control.position
            if position >= self.end:
                return self.placed
            count = 0
            for segment in map(Segment, reversed(self.held)):
                if 0 < segment.start <= position:
                    count = segment.count(position)
                    break
            if released == control.released:  # else it may have been cleared meanwhile
                return min(count, self.placed)

    def enter(self, place: Place) -> None:
        """Go on in another spool; its first segment is made for the next line."""
        self.place, self.control = place, place.control
        self.end = place.control.position
        self.number = self.soft = self.hard = 0
        self.limit = SPILLING  # until the first segment is there
        self.memory = _NOWHERE
        self.held.clear()

    def end_here(self, limit: int) -> None:
        """Take no more lines."""
        self.limit = limit
        self.memory = _NOWHERE

    def turn_second(self, now: int) -> None:
        """Prepare the stamps of another second, and on a new day the segment of a new file."""
        second = now // SECOND
        text = _text(second)
        if text[:10] != self.day and self.limit != SPILLING:
            self.roll(text[:10])
        try:
            self.tend()
        except Exception as error:  # noqa: BLE001 - what fails here costs no line
            self.failed(error)
        prefix, first = _prefix(text), second * SECOND
        self.prefix = prefix  # no call
        self.second = first
        if self.last < first:
            self.last = first - 1

    def _new_segment(self, day: str) -> mmap.mmap:
        place, number, control = self.place, self.number, self.control
        if (number + 1 - control.released) * place.segment > place.capacity:
            raise OSError(errno.ENOSPC, FULL)
        path = os.fsencode(self.files.path(day))
        name = segment_name(place.folder, number)
        taken = control.taken
        if taken < control.spares:
            control.taken = taken + 1
            with suppress(OSError):
                return Segment.take(spare_name(place.folder, taken), name, path).memory
        return Segment.create(name, path, place.segment).memory

    def _hold(self, fresh: mmap.mmap) -> None:
        self.held.append(fresh)
        while len(self.held) > self.number + 1 - self.control.released:
            self.held.popleft()


def _text(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S.", gmtime(second))


def _prefix(text: str) -> bytes:
    return MARK + text.encode()
