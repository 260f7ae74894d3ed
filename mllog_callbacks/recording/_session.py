"""A session's life: opened here, opened anew in every process it reaches, ended with each."""

import atexit
import itertools
import logging
import os
import sys
import threading
import weakref
from time import monotonic
from typing import Final, Self

from mllog_callbacks._record import replace
from mllog_callbacks.recording._guards import guarded, report_failure
from mllog_callbacks.recording._places import check_signing, log_directory
from mllog_callbacks.recording._process import ancestors, describe_session, new_session_name
from mllog_callbacks.recording._settings import load_settings, parse_level
from mllog_callbacks.schema import Level
from mllog_callbacks.sinks import (
    NullSink,
    Sink,
    SinkStats,
    check_session,
    open_sink,
    session_of_process,
    unrecorded_line,
)

__all__ = ["CLOSE_TIMEOUT_S", "Session"]

CLOSE_TIMEOUT_S: Final = 2.0
"""Seconds `close`, and with it the exit of the process, waits at most for a disk."""

_SEAL_S: Final = 0.5
"""Seconds of these that the exit of the process waits at most for the end of a session's chain."""

_SYNC_MS: Final = {"process": 0, "machine": 1_000}

_logger = logging.getLogger("mllog_callbacks")


class Session:
    """A sink, opened again under a name of its own in every process it reaches.

    Args:
        directory: Where the files are made; default that of the settings.
        level: Least level recorded; default that of the settings.
        name: Name of the session; default that of the settings, or one made of facts.
        unsigned: Whether a signing key that cannot be used is a warning, and not an error.

    Attributes:
        level: Least level recorded.
        names: The data set and the model that the environment names.
        opened: The sink of this process; None where there is none yet.
        closed: Whether it was closed.
        unrecorded: Entries for which the program's stack had no room, not yet recorded as lost.

    Raises:
        LogDirectoryError: The directory cannot be created or written.
        SettingsError: The level, the name or an environment variable cannot be used.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] | None,
        level: str | Level | None,
        name: str | None,
        *,
        unsigned: bool = False,
    ) -> None:
        given = load_settings()
        self.level = given.level if level is None else parse_level(level)
        self.names = given.dataset, given.model
        self.closed = self._warned = False
        self.unrecorded = self._lost = 0
        self._directory = log_directory(given.dir if directory is None else directory)
        self._name = name or given.session
        self._disabled = given.disabled
        self._sync_ms = _SYNC_MS[given.durability]
        self._parent: str | None = given.parent
        check_signing(required=given.require_signing, unsigned=unsigned)
        self._lock = threading.RLock()
        self.runs = itertools.count(1)
        if self._name is not None:
            check_session(self._name)
        self.opened: Sink | None = self._open()
        _live.add(self)

    @property
    def sink(self) -> Sink:
        """The sink of this process; opened at first use where this is not the first process."""
        return self.opened or self._reopen()

    @property
    def stats(self) -> SinkStats:
        """What became of the entries so far."""
        stats, lost = self.sink.stats, self._lost + self.unrecorded
        return replace(stats, emitted=stats.emitted + lost, dropped=stats.dropped + lost)

    @guarded
    def follow_up(self, *, urgent: bool) -> None:
        """See to what an entry leaves to do: the drainer is to write an urgent one at once."""
        if urgent:
            self.sink.wake()
        if self.unrecorded:
            self._record_unrecorded()

    def _record_unrecorded(self) -> None:
        """Record how many entries were lost because the program's stack had no room for them."""
        lost = self.unrecorded
        if lost:
            line = unrecorded_line(lost)  # first: it may have no room on the stack either
            self.unrecorded -= lost
            self._lost += lost
            self.sink.put(line)

    def close(self, timeout: float = CLOSE_TIMEOUT_S) -> None:
        """Write what is pending, for at most `timeout` seconds; warn where not all got there."""
        if not self.closed and self.opened is not None:
            self._record_unrecorded()
        self.closed = True
        if self.opened is not None and not self.opened.close(timeout):
            _logger.warning(
                "%s: closed with %d entries not written and %d dropped",
                self.opened.path,
                self.opened.stats.pending,
                self.opened.stats.dropped,
            )

    def warn_closed(self) -> None:
        """Say once that entries come too late; they are counted as dropped."""
        if not self._warned:
            self._warned = True
            path = self.sink.path
            _logger.warning("%s: the log is closed; entries emitted now are dropped", path)

    def drain(self, timeout: float) -> None:
        """Wait for what is pending at the exit of the process; threads may still emit after."""
        if self.opened is not None:
            self._record_unrecorded()
            flushed = self.opened.flush(timeout)
            kept = self.opened.leave(min(_SEAL_S, timeout) if flushed else 0)
            if not kept and not flushed:
                self.close(0)

    def forget(self) -> None:
        """Leave the sink to the process this one was forked from."""
        if self.opened is not None:
            self._parent = self.opened.session
            self.opened.abandon()
        self.opened = None
        self.runs = itertools.count(1)
        self._lock = threading.RLock()

    def _starter(self) -> str | None:
        """The session of a process that this one descends from."""
        return session_of_process(self._directory, ancestors())

    def _open(self) -> Sink:
        if self._disabled:
            return NullSink()
        return open_sink(
            self._directory,
            self._name or new_session_name(),
            describe_session(self._parent or self._starter(), self.level),
            sync_ms=self._sync_ms,
        )

    def _open_here(self) -> Sink:
        """Open a session in a process that nobody opened one in: within an `emit`.

        Nothing may block there, so no name is claimed on the disk: the session gets a unique one.
        """
        if self._disabled:
            return NullSink()
        name = f"{self._name[:100]}-{os.getpid()}-{os.urandom(4).hex()}" if self._name else None
        _end_with_multiprocessing()
        return open_sink(
            self._directory,
            name or new_session_name(),
            describe_session(self._parent or self._starter(), self.level),
            sync_ms=self._sync_ms,
            claim=False,
        )

    def _reopen(self) -> Sink:
        with self._lock:
            if self.opened is None:
                try:
                    self.opened = self._open_here()
                except Exception as error:  # noqa: BLE001 - nobody called us to open a log here
                    self.opened = NullSink()
                    report_failure(error, "AuditLog")
                _live.add(self)
            return self.opened

    def __reduce__(self) -> tuple[object, ...]:
        parent = self._parent if self.opened is None else self.opened.session
        fresh = {"opened": None, "closed": False, "_warned": False, "_lock": None}
        return _copied, (self.__dict__ | fresh | {"_parent": parent},)

    @classmethod
    def from_copy(cls, state: dict[str, object]) -> Self:
        """A session that is opened at first use, in the process it was copied to."""
        session = cls.__new__(cls)
        session.__dict__.update(state | {"_lock": threading.RLock()})
        return session

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """A copy in the same process writes to the same session."""
        return self


_live: weakref.WeakSet[Session] = weakref.WeakSet()
_copies: dict[object, Session] = {}


def _copied(state: dict[str, object]) -> Session:
    """The one session of this process for all unpickled copies of a log: a pool's many tasks."""
    origin = state["_directory"], state["_parent"], state["_name"]
    session = _copies.get(origin)
    if session is None or session.closed:
        session = _copies[origin] = Session.from_copy(state)
    return session


def _forget_all() -> None:
    for session in list(_live):
        session.forget()


def _drain_all() -> None:
    deadline = monotonic() + CLOSE_TIMEOUT_S
    for session in list(_live):
        if not session.closed:
            try:
                session.drain(max(0.0, deadline - monotonic()))
            except Exception as error:  # noqa: BLE001 - the next session is not to suffer from it
                report_failure(error, "AuditLog")


def _end_with_multiprocessing() -> None:
    """Children of `multiprocessing` leave by `os._exit`, which knows its own exit handlers only."""
    if (util := sys.modules.get("multiprocessing.util")) is not None:
        util.Finalize(None, _drain_all, exitpriority=0)


atexit.register(_drain_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
