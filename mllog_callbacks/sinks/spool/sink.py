"""A sink in memory that outlives the process: what `put` returned from is kept, come what may.

`put` copies a line into memory shared with a drainer, which writes it to the file (see
`layout` and `drainer`). No call to the system is made, but once in a segment.

Nothing is locked against signal handlers and finalizers, which may emit at any moment, within
`put` as well. The places marked "no call" make no call between their lines and allocate nothing
that the collector counts, so the interpreter cannot run a handler there: they are atomic.
"""

import _thread
import errno
import logging
import mmap
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from mllog_callbacks.sinks.base import SinkStats
from mllog_callbacks.sinks.files import DAY, LogFiles
from mllog_callbacks.sinks.spool.launch import Helper
from mllog_callbacks.sinks.spool.layout import (
    FIRST,
    HEADER,
    MARK,
    Segment,
    segment_name,
    spare_name,
)
from mllog_callbacks.sinks.spool.overflow import Overflow
from mllog_callbacks.sinks.spool.place import Place

__all__ = ["SpoolSink"]

MEMORY: Final = 32 * 1024 * 1024
"""Bytes of lines held in the process's own memory when the spool is full."""

_TEND_US: Final = 5_000_000  # between two looks after the drainer
_WAITING_US: Final = 100_000  # the same, for somebody who waits for it
_HUNG_NS: Final = 5_000_000_000  # a call to the disk that takes longer is told of
_RETRY_NS: Final = 50_000_000  # between two tries for a new segment where none was given back
_BATCH: Final = 200  # lines brought from the overflow at once, with the lock held
_RESERVE: Final = 4_096  # bytes of a segment, at least, for what interrupts its change
_STAMP: Final = 43  # bytes before a line's second field
_WHEN: Final = slice(14, 41)  # the timestamp in a line
_SPILLING: Final = -1  # limits that no line is within, and why
_CLOSED: Final = -2
_LEFT: Final = -3
_NOWHERE: Final = mmap.mmap(-1, 1)

_logger = logging.getLogger("mllog_callbacks")


class SpoolSink:
    """Keeps lines in a spool, from which a drainer writes them to the session's files.

    Args:
        files: The names of the session's files.
        sync_ms: Milliseconds between two confirmations by the disk; 0 leaves it to the kernel.
        process: Whether the drainer may be a process of its own.

    Raises:
        OSError: There can be no spool here.
    """

    _started = False

    def __init__(self, files: LogFiles, *, sync_ms: int = 0, process: bool = True) -> None:
        self._files = files
        self._place = Place(files, sync_ms)
        self._control = self._place.control
        self._overflow = Overflow(MEMORY)
        self._lock = threading.RLock()
        self._busy = False  # a segment is being changed: who interrupts that, takes the reserve
        self._emitted = self._number = 0
        self._last = self._tended = time.time_ns() // 1000
        self._end = FIRST
        self._prefix, self._second, self._until, self._day = b"", 0, 0, ""
        self._limit = self._soft = self._hard = self._shift = 0
        self._memory: mmap.mmap = _NOWHERE
        self._moving = False  # a thread brings the overflow into the spool
        self._released = self._retry = 0
        self._trouble = False
        self._turn_second(self._last)
        if self._memory is _NOWHERE:
            self._place.leave()
            raise OSError(errno.ENOSPC, "no memory for a spool")
        self._helper = Helper(self._place.folder, process=process)
        self._started = True
        files.close()  # the drainer writes

    @property
    def path(self) -> Path:
        """The file of the last entry; before the first, the file of today."""
        path = self._files.path(self._day)
        copy = self._control.copy
        return path.with_name(f"{path.stem}-{copy}.jsonl") if copy > 1 else path

    @property
    def session(self) -> str:
        """The session the files belong to."""
        return self._files.session

    @property
    def stats(self) -> SinkStats:
        """What became of the entries so far."""
        with self._lock:
            dropped = self._overflow.dropped
            written = min(self._control.entries, self._emitted - dropped)
            return SinkStats(self._emitted, written, self._emitted - written - dropped, dropped)

    def put(self, line: bytes) -> None:
        """Stamp a line and keep it in memory that outlives the process."""
        with self._lock:
            while True:
                start = self._end
                now = time.time_ns() // 1000
                if now <= self._last:
                    now = self._last + 1
                text = b'%b%06dZ",%b' % (self._prefix, now - self._second, line)
                end = start + len(text)
                if now < self._until and end <= self._limit and start == self._end:  # no call
                    self._end = end
                    self._last = now
                    self._emitted += 1
                    self._memory[start - self._shift : end - self._shift] = text
                    return
                if self._detour(now, line, end - start):
                    return

    def flush(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds until all taken so far is written; say whether it is.

        With the durability `machine`, until the disk confirmed it. An entry that was given up
        counts as soon as the account of it is written.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        wait, goal = 0.0005, 0
        while True:
            goal = goal or self._goal()
            if goal and self._reached() >= goal:
                return True
            left = wait if deadline is None else deadline - time.monotonic()
            if left <= 0 or self._busy:  # busy: a signal handler within `put` waits for itself
                return False
            self._helper.wake()
            time.sleep(min(wait, left))
            wait = min(0.02, wait * 1.5)
            self._look_after(time.time_ns() // 1000, waiting=True)

    def close(self, timeout: float) -> bool:
        """Write what is pending, for at most `timeout` seconds; say whether all got there.

        What is in the spool then is written as soon as the disk takes it, also after the end of
        the process; what found no place there is given up, and counted in the log.
        """
        written = self._limit > _CLOSED and self.flush(timeout)
        with self._lock:
            if self._limit <= _CLOSED:
                return self._reached() >= self._end and not self._overflow.dropped
            self._limit = _CLOSED
            self._give_up_overflow()
            self._control.closing = 1
            self._memory = _NOWHERE
            self._helper.leave()
            self._place.leave()
        return written and not self._overflow.dropped

    def leave(self) -> None:
        """Note that the process ends in order; entries may still come until it did."""
        self._control.leaving = 1

    def __del__(self) -> None:
        """A log that nobody holds any more is closed, without waiting for the disk."""
        try:
            if self._started and self._limit > _CLOSED:
                self.close(0)
        except Exception:  # noqa: BLE001, S110 - the interpreter is half gone: the drainer sees it
            pass

    def abandon(self) -> None:
        """Leave all to the process this one was forked from."""
        self._lock = threading.RLock()  # another thread may have held it at the fork
        self._limit = _LEFT
        self._memory = _NOWHERE
        self._helper.forget()
        self._place.leave()

    def _goal(self) -> int:
        """How far the stream reaches; 0 while some of it waits for a place in the spool."""
        with self._lock:
            if self._limit == _SPILLING and not self._unspill(self._overflow.memory):
                return 0
            return self._end

    def _reached(self) -> int:
        control = self._control
        return control.durable if control.sync_ms else control.position

    def _detour(self, now: int, line: bytes, size: int) -> bool:
        """Whatever `put` meets now and then; say whether the line was dealt with."""
        if self._limit <= _CLOSED:
            return self._refuse()
        if self._busy:
            return self._squeeze(line)
        if now >= self._until:
            self._busy = True
            try:
                self._turn_second(now)
            finally:
                self._busy = False
        elif self._limit == _SPILLING:
            return not self._unspill() and self._spill(line)
        elif self._end + size > self._limit:
            self._busy = True
            try:
                self._roll(self._day)
            finally:
                self._busy = False
        return False

    def _turn_second(self, now: int) -> None:
        """Prepare the stamps of another second, and on a new day the segment of a new file."""
        second = now // 1_000_000
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        if text[:10] != self._day and self._limit != _SPILLING:
            self._roll(text[:10])
        self._look_after(now)
        prefix, first = MARK + text.encode(), second * 1_000_000
        self._prefix = prefix  # no call
        self._second = first
        self._until = first + 1_000_000
        if self._last < first:
            self._last = first - 1

    def _roll(self, day: str) -> bool:
        """Go on in a new segment; where there is no memory for it, in the overflow."""
        try:
            fresh = self._new_segment(day)
        except OSError:
            self._limit = _SPILLING
            return False
        words = memoryview(fresh).cast("Q")
        room = len(fresh) - HEADER
        soft = room - max(_RESERVE, len(fresh) // 16)
        start = self._end  # no call
        self._shift = start - HEADER
        self._hard = start + room
        self._soft = start + soft
        if self._limit != _SPILLING:
            self._limit = self._soft
        self._memory = fresh
        self._day = day
        self._number += 1
        words[0] = start
        words.release()
        return True

    def _new_segment(self, day: str) -> mmap.mmap:
        place, number, control = self._place, self._number, self._control
        if (number + 1 - control.released) * place.segment > place.capacity:
            raise OSError(errno.ENOSPC, "the spool is full")
        path = os.fsencode(self._files.path(day))
        name = segment_name(place.folder, number)
        taken = control.taken
        if taken < control.spares:
            control.taken = taken + 1
            with suppress(OSError):
                return Segment.take(spare_name(place.folder, taken), name, path).memory
        return Segment.create(name, path, place.segment).memory

    def _squeeze(self, line: bytes) -> bool:
        """Take a line while a segment is being changed: `put` was interrupted there.

        It takes the reserve at the end of the segment, and time stands still for it, so that it
        is of the same second.
        """
        now = self._last + 1
        text = self._stamped(now, line)
        start = self._end
        end = start + len(text)
        room = end <= self._hard and now < self._until
        if room and self._limit != _SPILLING and start == self._end:  # no call
            self._end = end
            self._last = now
            self._emitted += 1
            self._memory[start - self._shift : end - self._shift] = text
            return True
        self._limit = _SPILLING
        return self._spill(line)

    def _spill(self, line: bytes) -> bool:
        """Keep a line in the process's own memory, or give it up and count it."""
        overflow, size = self._overflow, len(line) + _STAMP
        if not overflow.takes(size):
            self._emitted += 1
            overflow.give_up(self._stamped(self._last + 1, b"")[_WHEN], size)
            return True
        append = overflow.lines.append
        while True:
            seen = self._emitted
            now = max(time.time_ns() // 1000, self._last + 1)
            text = self._stamped(now, line)
            if seen == self._emitted and now > self._last:  # no call
                self._emitted = seen + 1
                self._last = now
                overflow.bytes += size
                append(text)
                break
        if not self._moving:
            self._moving = True
            _in_thread(self._move)
        return True

    def _stamped(self, now: int, line: bytes) -> bytes:
        """The whole line, at any time."""
        if self._second <= now < self._until:
            return b'%b%06dZ",%b' % (self._prefix, now - self._second, line)
        second, micros = divmod(now, 1_000_000)
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()
        return b'%b%b%06dZ",%b' % (MARK, text, micros, line)

    def _unspill(self, most: int = _BATCH) -> bool:
        """Bring what overflowed into the spool, oldest first; say whether nothing is left."""
        released, now = self._control.released, time.monotonic_ns()
        if self._busy or (released == self._released and now < self._retry):
            return False
        self._released, self._retry = released, now + _RETRY_NS
        self._busy = True
        try:
            return self._bring(most)
        finally:
            self._busy = False

    def _bring(self, most: int) -> bool:
        overflow = self._overflow
        for _ in range(most):
            if overflow.lines and not self._bring_one(overflow):
                return False
            if not overflow.lines and overflow.account is not None:
                account, overflow.account = overflow.account, None
                self._spill(account.line())
            if not overflow.lines and overflow.account is None:  # no call
                self._limit = self._soft
                return True
        self._retry = 0
        return False

    def _bring_one(self, overflow: Overflow) -> bool:
        text, pop = overflow.lines[0], overflow.lines.popleft
        day, size = text[DAY].decode(), len(text)
        while day != self._day or self._end + size > self._soft:
            if not self._roll(day):
                return False
        start = self._end  # no call, before the last
        self._end = start + size
        self._memory[start - self._shift : start + size - self._shift] = text
        overflow.bytes -= size
        pop()
        return True

    def _move(self) -> None:
        """Bring the overflow into the spool also when nothing is emitted any more."""
        while True:
            time.sleep(_RETRY_NS / 1e9 if self._retry else 0.001)
            with self._lock:
                if self._limit != _SPILLING or self._unspill():
                    self._moving = False
                    return

    def _give_up_overflow(self) -> None:
        """Count what has no place in the spool, in the reserve of the last segment."""
        overflow = self._overflow
        overflow.give_up_all()
        if overflow.account is None:
            return
        text = self._stamped(self._last + 1, overflow.account.line())
        start, end = self._end, self._end + len(text)
        if end <= self._hard:
            self._end = end
            self._emitted += 1
            self._memory[start - self._shift : end - self._shift] = text

    def _refuse(self) -> bool:
        if self._limit == _CLOSED:  # else it is one of the process this one was forked from
            self._emitted += 1
            self._overflow.dropped += 1
        return True

    def _look_after(self, now: int, *, waiting: bool = False) -> None:
        """Now and then, see whether the drainer is there and what it says of the disk."""
        pause = _WAITING_US if waiting else _TEND_US
        if (
            not self._started
            or now - self._tended < pause
            or not self._lock.acquire(blocking=False)
        ):
            return
        try:
            self._tended = now
            self._helper.tend()
        finally:
            self._lock.release()
        error, busy = self._control.error, self._control.busy
        hung = busy and time.monotonic_ns() - busy > _HUNG_NS
        if (error or hung) and not self._trouble:
            told = os.strerror(error) if error else "the disk does not answer"
            # In a thread: what the user made of logging may write to the same disk
            _in_thread(
                _logger.warning,
                "cannot write %s: %s; entries wait in memory and the training goes on",
                self.path,
                told,
            )
        self._trouble = bool(error or hung)


def _in_thread(function: Callable[..., object], *arguments: object) -> None:
    """Call a function in a thread. No `threading`: its locks may be held where this is called."""
    with suppress(RuntimeError):  # the interpreter is shutting down
        _thread.start_new_thread(function, arguments)
