"""A sink in this process's memory: a queue, and a thread that writes it to the files.

It keeps a training clear of the disk. What is pending dies with the process when that is killed.
"""

import logging
import threading
from collections import deque
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from time import gmtime, sleep, strftime
from typing import Final

from mllog_callbacks.chain import SEALED, Chain, chain_path
from mllog_callbacks.origin import Request, with_end
from mllog_callbacks.schema import Clock
from mllog_callbacks.sinks._account import Account, clock_line
from mllog_callbacks.sinks._base import SinkStats
from mllog_callbacks.sinks._clock import ClockWatch
from mllog_callbacks.sinks._files import DAY, LogFiles

__all__ = ["QueuedSink"]

MEMORY: Final = 32 * 1024 * 1024
"""Bytes of pending lines held; beyond, the newest are dropped and counted."""

_CHUNK: Final = 1024 * 1024
_COALESCE_S: Final = 0.005
_RETRY_S: Final = 0.25

_logger = logging.getLogger("mllog_callbacks")


class QueuedSink:
    """Holds lines in memory until a thread has written them.

    A disk that is full, read-only or gone is tried again every quarter of a second; meanwhile
    lines wait in memory. An entry in the log itself records how many lines were dropped, and why.

    Args:
        files: The session's files; from now on only the sink's thread uses them.
        memory: Bytes of pending lines held before the newest are dropped.
        sync_ms: If not 0, an entry counts as written when the disk confirmed it.
    """

    def __init__(self, files: LogFiles, memory: int = MEMORY, *, sync_ms: int = 0) -> None:
        self._files = files
        self._sync = sync_ms > 0
        path = chain_path(str(files.sidecar))
        self._chain = Chain(path, files.session, files.manifest.encode())
        self._memory = memory
        self._clock = Clock()
        self.lock = threading.RLock()
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._day = self._clock.stamp()[:10]
        self._emitted = self._written = self._dropped = 0
        self._gap: Account | None = None
        self._closing = self._leaving = False
        self._failing = False
        self._cause = "The disk did not take entries as fast as they came."
        self._clock_watch = ClockWatch()
        self._origin = b""
        self._wake = threading.Event()
        self._idle = threading.Condition(self.lock)
        self._thread = threading.Thread(target=self._run, name="mllog-sink", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file of the last entry; before the first, the file of today."""
        return self._files.path(self._day.decode())

    @property
    def session(self) -> str:
        """The session the files belong to."""
        return self._files.session

    @property
    def stats(self) -> SinkStats:
        """What became of the entries so far."""
        with self.lock:
            pending = self._emitted - self._written - self._dropped
            return SinkStats(self._emitted, self._written, pending, self._dropped)

    def put(self, line: bytes) -> None:
        """Stamp a line and queue it; drop and count it where memory for pending lines is full."""
        with self.lock:
            stamp = self._clock.stamp()
            self._emitted += 1
            if self._closing or self._bytes + len(line) > self._memory:
                self._drop(stamp, line)
                return
            self._append(stamp, line)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds until all taken so far is written; say whether it is."""
        with self._idle:
            target = self._emitted
            self._wake.set()
            return self._idle.wait_for(lambda: self._written + self._dropped >= target, timeout)

    def close(self, timeout: float) -> bool:
        """Write what is pending, for at most `timeout` seconds; say whether all got there."""
        self._remark()
        with self.lock:
            self._closing = True
        self._wake.set()
        self._thread.join(timeout)
        return not self._thread.is_alive() and self.stats.dropped == 0

    def wake(self) -> None:
        """The thread is woken by every line."""

    def leave(self, timeout: float) -> bool:
        """Have the chain sealed now, as the thread ends with the process; more may still come."""
        self._remark()
        with self._idle:
            self._leaving = True
            self._wake.set()
            self._idle.wait_for(lambda: not self._leaving, timeout)
            return self._written + self._dropped == self._emitted

    def abandon(self) -> None:
        """Leave everything to the process this one was forked from: its thread is there."""

    def _remark(self) -> None:
        """Record at the end of the session that the system clock was set meanwhile."""
        with self.lock:
            watch = self._clock_watch
            watch.look()
            if watch.jumps and not self._closing:
                line = clock_line(watch.jumps, watch.largest)
                watch.jumps = 0
                self.put(line)

    def _append(self, stamp: bytes, line: bytes) -> None:
        self._day = stamp[:10]
        self._lines.append(b'{"timestamp":"%b",%b' % (stamp, line))
        self._bytes += len(self._lines[-1])

    def _drop(self, stamp: bytes, line: bytes) -> None:
        self._dropped += 1
        if self._gap is None:
            full = f"The {self._memory:,} bytes for entries that wait in the process were full."
            self._gap = Account(stamp, self._cause, full)
        self._gap.add(stamp, len(line))

    def _collect(self) -> None:
        """Find out about the session's origin, and publish that."""
        try:
            request = Request.unpack(self._files.request)
            self._origin = request.collect(run=False)
            self._publish(self._origin)
            self._files.write_origin(self._origin)
        except Exception as error:  # noqa: BLE001 - the entries are what matters
            _logger.debug("nothing is recorded of the session's origin: %s", error)

    def _publish(self, content: bytes) -> None:
        self._chain.origin = sha256(content).hexdigest()

    def _run(self) -> None:
        if self._files.request:
            self._collect()
        while True:
            self._wake.wait()
            if not self._closing:
                sleep(_COALESCE_S)
            self._wake.clear()
            with self.lock:
                self._clock_watch.look()
            while chunk := self._take():
                self._write(*chunk)
            if self._closing and not self._lines:
                break
            if self._leaving:
                self._seal()
        self._files.close()
        self._seal()

    def _seal(self) -> None:
        ended = b""
        if self._origin:
            ended = with_end(self._origin, strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()))
            self._publish(ended)
        self._chain.end(SEALED)
        if ended:
            with suppress(OSError):  # the chain names it: that it is missing will be seen
                self._files.write_origin(ended)
        with self._idle:
            self._leaving = False
            self._idle.notify_all()

    def _take(self) -> tuple[bytes, list[bytes]] | None:
        """The next lines of one day, at most a chunk of them."""
        with self.lock:
            if self._gap is not None and self._bytes < self._memory // 2:
                self._record_gap(self._gap)
            if not self._lines:
                return None
            day, lines, size = self._lines[0][DAY], [], 0
            while self._lines and self._lines[0][DAY] == day and size < _CHUNK:
                lines.append(self._lines.popleft())
                size += len(lines[-1])
            return day, lines

    def _record_gap(self, gap: Account) -> None:
        self._gap = None
        self._emitted += 1
        self._append(self._clock.stamp(), gap.line())

    def _write(self, day: bytes, lines: list[bytes]) -> None:
        text = b"".join(lines)
        rest, size = memoryview(text), len(text)
        unsynced = self._sync
        while rest or unsynced:
            try:
                if rest:
                    rest = rest[self._files.append(day, rest) :]
                else:
                    self._files.sync()
                    unsynced = False
            except OSError as error:
                self._report(error)
                sleep(_RETRY_S)
        self._failing = False
        self._chain.take(self._files.path(day.decode()).name, text)
        with self._idle:
            self._bytes -= size
            self._written += len(lines)
            self._idle.notify_all()

    def _report(self, error: OSError) -> None:
        self._cause = f"The log's file could not be written: {error.strerror or error}."
        if not self._failing:
            self._failing = True
            _logger.warning(
                "cannot write %s: %s; entries wait in memory and the training goes on",
                self.path,
                error,
            )
