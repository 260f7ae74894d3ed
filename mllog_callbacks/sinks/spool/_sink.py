"""A sink in memory that outlives the process: what `put` returned from is kept, come what may.

`put` copies a line into memory shared with a drainer, which writes it to the file (see
`_stream`, `_spools` and `_drainer`). Here is the rest of a session's life: it waits, it ends,
and it sees to it that somebody drains.
"""

import os
import sys
import threading
from pathlib import Path
from time import monotonic, monotonic_ns, sleep
from typing import Final

from mllog_callbacks.sinks._account import clock_line
from mllog_callbacks.sinks._base import SinkStats
from mllog_callbacks.sinks._clock import ClockWatch
from mllog_callbacks.sinks._files import LogFiles
from mllog_callbacks.sinks.spool import _salvage as lost
from mllog_callbacks.sinks.spool._helper import Helper
from mllog_callbacks.sinks.spool._overflow import MEMORY, in_thread
from mllog_callbacks.sinks.spool._place import Place
from mllog_callbacks.sinks.spool._segment_writer import SPILLING
from mllog_callbacks.sinks.spool._spools import is_removed
from mllog_callbacks.sinks.spool._stream import CLOSED, LEFT, Stream
from mllog_callbacks.sinks.spool._troubles import Troubles

__all__ = ["SpoolSink"]

_TEND_NS: Final = 5_000_000_000  # between two looks after the drainer
_WAITING_NS: Final = 100_000_000  # the same, for somebody who waits for it
_SHORTEST_S: Final = 0.0005  # between two looks of somebody who waits, at first
_LONGEST_S: Final = 0.02  # and in the end
_REMOVAL_S: Final = 0.2  # how long the last moment of a process waits for the drainer
_AGAIN_S: Final = 0.05  # between two tries to move to another spool


class SpoolSink(Stream):
    """Keeps lines in a spool, from which a drainer writes them to the session's files.

    Args:
        files: The names of the session's files.
        sync_ms: Milliseconds between two confirmations by the disk; 0 leaves it to the kernel.
        process: Whether the drainer may be a process of its own.

    Raises:
        OSError: There can be no spool here.
    """

    _helper: Helper | None = None

    def __init__(self, files: LogFiles, *, sync_ms: int = 0, process: bool = True) -> None:
        place = Place(files, sync_ms)
        self._tended = monotonic_ns()
        self._clock_watch = ClockWatch()
        self._troubles = Troubles()
        self._moving = False
        try:
            super().__init__(files, place)
            self._helper = Helper(place.folder, process=process)
        except OSError:
            place.remove()
            raise
        files.close()  # the drainer writes

    @property
    def path(self) -> Path:
        """The file of the last entry; before the first, the file of today."""
        return self.files.path(self.day, self.control.copy)

    @property
    def session(self) -> str:
        """The session the files belong to."""
        return self.files.session

    @property
    def stats(self) -> SinkStats:
        """What became of the entries so far."""
        with self.lock:
            dropped, done = self.overflow.dropped, self.written()
            emitted = self.placed + len(self.overflow.lines) + dropped
            return SinkStats(emitted, done, emitted - done - dropped, dropped)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds until all taken so far is written; say whether it is.

        With the durability `machine`, until the disk confirmed it. An entry that was given up
        counts as soon as the account of it is written.
        """
        deadline = None if timeout is None else monotonic() + timeout
        wait, goal = _SHORTEST_S, 0
        while True:
            goal = goal or self._goal()
            if goal and self._reached() >= goal:
                return True
            left = wait if deadline is None else deadline - monotonic()
            if left <= 0 or self.busy:  # busy: a signal handler within `put` waits for itself
                return False
            if self._helper is not None and wait in {_SHORTEST_S, _LONGEST_S}:
                self._helper.wake()
            sleep(min(wait, left))
            wait = min(_LONGEST_S, wait * 1.5)
            try:
                self._look_after(_WAITING_NS)
            except Exception as error:  # noqa: BLE001 - the waiting goes on
                self.failed(error)

    def close(self, timeout: float) -> bool:
        """Write what is pending, for at most `timeout` seconds; say whether all got there.

        Then nobody touches the files any more, and the disk has confirmed them. What is in the
        spool after that time is written as soon as the disk takes it, also after the end of the
        process; what found no place there is given up, and counted in the log.
        """
        deadline = monotonic() + timeout
        self._remark()
        flushed = self.limit > CLOSED and self.flush(timeout)
        with self.lock:
            if self.limit > CLOSED:
                self.limit = CLOSED
                account = self.overflow.give_up()
                if account is not None:
                    self.place_account(account)
                self.end_here(CLOSED)
                self.control.closing = 1
                self._leave()
            elif not flushed:
                flushed = self._reached() >= self.end
            if flushed:
                self.held.clear()
        folder, control = self.place.folder, self.control
        while monotonic() < deadline and not lost.is_drained(folder, control):
            sleep(_SHORTEST_S)
        while monotonic() < deadline and control.done and not is_removed(folder):
            sleep(_SHORTEST_S)  # the drainer may end with this process, and leave it behind
        return flushed and not self.overflow.dropped

    def wake(self) -> None:
        """Have the drainer look at once."""
        if self._helper is not None:
            self._helper.wake()

    def leave(self, timeout: float) -> bool:
        """Note that the process ends in order; entries may still come until it did.

        Waits up to `timeout` seconds until the chain is sealed: where the drainer ends together
        with the process, nobody seals it later. Say whether what is pending outlives the process:
        what is in the spool does.
        """
        self._remark()
        control, deadline = self.control, monotonic() + timeout
        control.leaving = 1
        while self.limit > CLOSED and control.sealed < self.end and monotonic() < deadline:
            self.wake()
            sleep(_SHORTEST_S)
        return self.limit != SPILLING

    def __del__(self) -> None:
        """A log that nobody holds any more is closed, without waiting for the disk.

        At the end of a process that has left it in order it is not closed: a run that is open has
        its end with the process. A spool in the log directory is taken away then.
        """
        try:
            if self._helper is None or self.limit <= CLOSED:
                return
            if sys.is_finalizing() and self.control.leaving:
                self._end_with_process()
            else:
                self.close(0)
        except Exception:  # noqa: BLE001, S110 - the interpreter is half gone: the drainer sees it
            pass

    def _remark(self) -> None:
        """Record at the end of the session that the system clock was set meanwhile."""
        watch = self._clock_watch
        watch.look()
        if watch.jumps and self.limit > CLOSED:
            line = clock_line(watch.jumps, watch.largest)
            watch.jumps = 0
            self.put(line)

    def _end_with_process(self) -> None:
        """Leave it to the drainer; remove a spool in the log directory that is written and sealed.

        No thread of ours runs any more. Where a run is open, the spool stays for whoever records
        its end.
        """
        control = self.control
        if not self.place.is_in_logs or control.unended:
            return
        if control.pid != os.getpid():
            self.close(_REMOVAL_S)
        elif control.sealed == control.position == self.end:
            self.place.remove()

    def abandon(self) -> None:
        """Leave all to the process this one was forked from."""
        self.lock = threading.RLock()  # another thread may have held it at the fork
        self.end_here(LEFT)
        self.held.clear()
        if self._helper is not None:
            self._helper.forget()
        self.place.leave()

    def tend(self) -> None:
        """Now and then, see whether the drainer is there and what it says of the disk."""
        self._clock_watch.look()
        self._look_after(_TEND_NS)

    def failed(self, error: Exception) -> None:
        """Warn once of what failed while the drainer was looked after; all lines are kept."""
        self._troubles.failed(error)

    def _goal(self) -> int:
        """How far the stream reaches; 0 while some of it waits for a place in the spool."""
        with self.lock:
            if self.limit == SPILLING and not self.overflow.bring(MEMORY):
                return 0
            return self.end

    def _reached(self) -> int:
        control = self.control
        return control.durable if control.sync_ms else control.position

    def _leave(self) -> None:
        if self._helper is not None:
            self._helper.leave()
        self.place.leave()

    def _look_after(self, pause: int) -> None:
        now = monotonic_ns()
        if self._helper is None or now - self._tended < pause or self.limit <= CLOSED:
            return
        if not self.lock.acquire(blocking=False):
            return
        try:
            self._tended = now
            if lost.is_lost(self.place.folder, self.control):
                self._move()
            elif lost.is_out_of_reach(self.place.folder):
                # Else the drainer goes on with what room there is, as the user it has always been
                if self.files.may_be_made():
                    self._move()
            else:
                self._helper.tend()
        finally:
            self.lock.release()
        self._troubles.look(self.path, self.control)

    def _move(self) -> None:
        """Go on in another spool as soon as nobody writes from this one any more."""
        self.limit = SPILLING
        if not self._moving:
            self._moving = True
            self.control.closing = 1
            in_thread(self._move_when_drained)

    def _move_when_drained(self) -> None:
        while not (lost.is_drained(self.place.folder, self.control) and self._moved()):
            sleep(_AGAIN_S)

    def _moved(self) -> bool:
        with self.lock:
            if self.limit <= CLOSED:
                return True
            old, files = self.control, self.files
            if os.geteuid() != self.place.user:  # the files are another user's now
                name = f"{files.session[:100]}-{os.getpid()}-{os.urandom(4).hex()}"
                files = files.successor(name)
            try:
                place = Place(files, old.sync_ms, old.position)
                helper = Helper(place.folder)
            except OSError:
                return False
            self._leave()
            self._helper, self.files = helper, files
            lines = lost.unwritten(self.held, old.position)
            self.enter(place)
            self.placed -= len(lines)
            self.overflow.put_back(lines)
            self._moving = False
            return True
