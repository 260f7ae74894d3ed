"""The stream of a session's lines: stamped, and placed one behind the other in shared memory.

Nothing is locked against signal handlers and finalizers, which may emit at any moment, within
`put` as well. The places marked "no call" make no call between their lines and allocate nothing
that the collector counts, so the interpreter cannot run a handler there: they are atomic.
"""

import errno
import mmap
import os
import threading
from collections import deque
from contextlib import suppress
from time import gmtime, strftime, time_ns
from typing import Final

from mllog_callbacks.sinks._files import LogFiles
from mllog_callbacks.sinks.spool._folder import Place
from mllog_callbacks.sinks.spool._layout import (
    FIRST,
    HEADER,
    MARK,
    Segment,
    segment_name,
    spare_name,
)
from mllog_callbacks.sinks.spool._overflow import SPILLING, Overflow

__all__ = ["CLOSED", "LEFT", "Stream"]

CLOSED: Final = -2
"""A limit that no line is within: the log takes no more."""

LEFT: Final = -3
"""The same, in a process forked from the one that logs."""

STAMP: Final = 43
"""Bytes before a line's second field."""

_RESERVE: Final = 4_096  # bytes of a segment, at least, for what interrupts its change
_SECOND: Final = 1_000_000
_NOWHERE: Final = memoryview(bytearray(1))
_MILLIS: Final = tuple(b"%03d" % n for n in range(1_000))
_MICROS: Final = tuple(b'%03dZ",' % n for n in range(1_000))


class Stream:
    """Takes lines from any thread, and within itself from handlers and finalizers.

    No call to the system is made but once in a segment and once in a second.

    Attributes:
        end: How far the stream reaches.
        last: The last line's timestamp, in microseconds.
        limit: How far lines may reach in this segment; below 0, none is placed now.
        soft: The limit that leaves a reserve; in it goes what interrupts a change of segments.
        placed: Lines placed so far.
        day: The day of the segment's file.
        busy: Whether a segment is being changed.
        held: The segments that may hold lines not yet written, oldest first.

    Raises:
        OSError: There is no memory for a segment.
    """

    def __init__(self, files: LogFiles, place: Place) -> None:
        self.files = files
        self.place, self.control = place, place.control
        self.lock = threading.RLock()
        self.overflow = Overflow(self)
        self.busy = False
        self.placed = self.number = 0
        self.end = FIRST
        self.last = time_ns() // 1000
        self.prefix, self.second, self.day = b"", 0, ""
        self.limit = self.soft = self.hard = self.shift = 0
        self.memory = _NOWHERE
        self.held: deque[mmap.mmap] = deque()
        self._turn_second(self.last)
        if self.memory is _NOWHERE:
            raise OSError(errno.ENOSPC, "no memory for a spool")

    def put(self, line: bytes) -> None:
        """Stamp a line and keep it in memory that outlives the process."""
        with self.lock:
            while True:
                start = self.end
                prefix, second = self.prefix, self.second  # no call between
                now = time_ns() // 1000
                if now <= self.last:
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

    def tend(self, now: int) -> None:
        """Called about once in a second in which lines come, at `now` in microseconds."""

    def roll(self, day: str) -> bool:
        """Go on in a new segment; where there is no memory for it, in the overflow."""
        try:
            fresh = self._new_segment(day)
        except OSError:
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
        second, micros = divmod(now, _SECOND)
        prefix = self.prefix if second * _SECOND == self.second else _prefix(_text(second))
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
        self.memory = _NOWHERE
        self.held.clear()

    def end_here(self, limit: int) -> None:
        """Take no more lines."""
        self.limit = limit
        self.memory = _NOWHERE

    def _detour(self, now: int, line: bytes) -> bool:
        """Whatever `put` meets now and then; say whether the line was dealt with."""
        if self.limit <= CLOSED:
            return self._refuse()
        if self.busy:
            return self._squeeze(line)
        if now >= self.second + _SECOND:
            self.busy = True
            try:
                self._turn_second(now)
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

    def _turn_second(self, now: int) -> None:
        """Prepare the stamps of another second, and on a new day the segment of a new file."""
        second = now // _SECOND
        text = _text(second)
        if text[:10] != self.day and self.limit != SPILLING:
            self.roll(text[:10])
        self.tend(now)
        prefix, first = _prefix(text), second * _SECOND
        self.prefix = prefix  # no call
        self.second = first
        if self.last < first:
            self.last = first - 1

    def _new_segment(self, day: str) -> mmap.mmap:
        place, number, control = self.place, self.number, self.control
        if (number + 1 - control.released) * place.segment > place.capacity:
            raise OSError(errno.ENOSPC, "the spool is full")
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


def _text(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S.", gmtime(second))


def _prefix(text: str) -> bytes:
    return MARK + text.encode()
