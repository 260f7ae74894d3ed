"""Where lines wait that the spool has no room for: a bounded part of the process's own memory."""

import _thread
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic_ns, sleep, time_ns
from typing import Final

from mllog_callbacks.sinks._account import Account
from mllog_callbacks.sinks._files import DAY
from mllog_callbacks.sinks.spool._segment_writer import FULL, SPILLING, SegmentWriter

__all__ = ["MEMORY", "Overflow", "in_thread"]

MEMORY: Final = 32 * 1024 * 1024
"""Bytes of lines held when the spool is full."""

_RETRY_NS: Final = 50_000_000  # between two tries for a new segment where none was given back
_BATCH: Final = 200  # lines brought back at once, with the lock held
_WHEN: Final = slice(14, 41)  # the timestamp in a line
_CLOSED: Final = "They waited in the process when the log was closed."


class Overflow:
    """Whole lines, oldest first; beyond `memory` bytes the newest are given up and counted.

    What is here is lost when the process is killed: the one place where that is so. Its methods
    are called with the stream's lock held.

    Attributes:
        lines: What waits.
        dropped: How many lines were given up so far.
    """

    def __init__(self, stream: SegmentWriter) -> None:
        self.lines: deque[bytes] = deque()
        self.dropped = 0
        self._stream = stream
        self._memory = MEMORY
        self._bytes = 0
        self._account: Account | None = None
        self._moving = False  # a thread brings the lines back
        self._released = self._retry = 0

    def keep(self, line: bytes) -> bool:
        """Keep a line, or give it up and count it; true, for it was dealt with."""
        stream = self._stream
        size = len(stream.stamped(stream.last + 1, line))
        # Once something was given up, no line is kept before that is in the log
        if self._account is not None or self._bytes + size > self._memory:
            full = f"The {self._memory:,} bytes for entries that wait in the process were full."
            self._give_up(stream.stamped(stream.last + 1, b"")[_WHEN], size, full)
            return True
        append = self.lines.append
        while True:
            now = max(time_ns() // 1000, stream.last + 1)
            text = stream.stamped(now, line)
            if now > stream.last:  # no call, before the last
                stream.last = now
                self._bytes += size
                append(text)
                break
        self._bring_later()
        return True

    def put_back(self, lines: list[bytes]) -> None:
        """Have these lines wait before all others."""
        self.lines.extendleft(reversed(lines))
        self._bytes += sum(map(len, lines))
        self._retry = 0
        self._bring_later()

    def bring(self, most: int = _BATCH) -> bool:
        """Bring what waits into the spool, oldest first; say whether nothing is left."""
        stream = self._stream
        released, now = stream.control.released, monotonic_ns()
        if stream.busy or (released == self._released and now < self._retry):
            return False
        self._released, self._retry = released, now + _RETRY_NS
        stream.busy = True
        try:
            return self._bring(stream, most)
        finally:
            stream.busy = False

    def give_up(self) -> bytes | None:
        """Count what waits as given up; the account of it, where anything was."""
        held, later = self.lines, self._account
        self.lines, self._bytes, self._account = deque(), 0, None
        for line in held:
            self._give_up(line[_WHEN], len(line), _CLOSED)
        account: Account | None = self._account
        if account is not None and later is not None:
            account.merge(later)
        self._account = account or later
        return None if self._account is None else self._account.line()

    def _bring(self, stream: SegmentWriter, most: int) -> bool:
        for _ in range(most):
            if self.lines and not self._bring_one(stream):
                return False
            if not self.lines and self._account is not None:
                account, self._account = self._account, None
                self.keep(account.line())
            if not self.lines and self._account is None:  # no call
                if stream.limit == SPILLING:  # else a handler closed it
                    stream.limit = stream.soft
                return True
        self._retry = 0
        return False

    def _bring_one(self, stream: SegmentWriter) -> bool:
        text, pop = self.lines[0], self.lines.popleft
        day, size = text[DAY].decode(), len(text)
        while day != stream.day or stream.end + size > stream.soft:
            if not stream.roll(day):
                return False
        start = stream.end  # no call, before the last
        stream.end = start + size
        stream.memory[start - stream.shift : start + size - stream.shift] = text
        stream.placed += 1
        self._bytes -= size
        pop()
        return True

    def _bring_later(self) -> None:
        if not self._moving:
            self._moving = True
            in_thread(self._move)

    def _move(self) -> None:
        """Bring what waits into the spool also when nothing is emitted any more."""
        while True:
            sleep(_RETRY_NS / 1e9 if self._retry else 0.001)
            with self._stream.lock:
                if self._stream.limit != SPILLING or self.bring():
                    self._moving = False
                    return

    def _give_up(self, stamp: bytes, size: int, reason: str) -> None:
        self.dropped += 1
        if self._account is None:
            self._account = Account(stamp, self._cause(), reason)
        self._account.add(stamp, size)

    def _cause(self) -> str:
        """Why lines wait here, in a sentence."""
        stream = self._stream
        if stream.failure != FULL:
            return f"No further memory shared with the drainer could be had: {stream.failure}."
        if error := stream.control.error:
            return f"The log's file could not be written: {os.strerror(error)}."
        if stream.control.busy:
            return "The disk did not answer."
        return "The memory shared with the drainer was full."


def in_thread(function: Callable[..., object], *arguments: object) -> None:
    """Call a function in a thread. No `threading`: its locks may be held where this is called."""
    with suppress(RuntimeError):  # the interpreter is shutting down
        _thread.start_new_thread(function, arguments)
