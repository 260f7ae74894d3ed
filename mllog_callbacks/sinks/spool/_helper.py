"""A session's helper: its drainer, as a process or, where that cannot be, as a thread."""

import _thread
import os
import socket
import sys
from contextlib import suppress
from time import monotonic
from typing import Final

from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._locks import lock
from mllog_callbacks.sinks.spool._starting import is_python, start_process
from mllog_callbacks.sinks.spool._surroundings import surroundings

__all__ = ["Helper"]

_STARTING_S: Final = 1.0
_TRIES: Final = 3  # that a drainer ends within a minute; then it becomes a thread
_LASTING_S: Final = 60.0


class Helper:
    """A session's drainer: started, woken, and started again where it was killed.

    Args:
        folder: The session's spool.
        process: Whether it may be a process of its own.

    Raises:
        OSError: No file can be opened.
    """

    def __init__(self, folder: str, *, process: bool = True) -> None:
        self._folder = folder
        self._child = 0
        self._tries = 0 if process and surroundings().separate else _TRIES
        self._started = 0.0
        self._wake: socket.socket | None = None
        self.start()

    def start(self) -> None:
        """Start a drainer."""
        now = monotonic()
        if now - self._started > _LASTING_S and self._tries < _TRIES:
            self._tries = 0
        self._started = now
        self.leave()
        self._wake, theirs = socket.socketpair()
        self._wake.settimeout(0)
        self._tries += 1
        # It fails where there are too many processes or files: the next start may be luckier
        with suppress(OSError):
            if self._tries <= _TRIES and is_python(sys.executable):
                self._child = start_process(self._folder, theirs)
                theirs.close()
                return
        # No `threading`: its locks may be held where this is called
        # Either raises while the interpreter is shutting down: the next start finishes
        with suppress(RuntimeError, OSError, ImportError):
            from mllog_callbacks.sinks.spool._threads import (  # noqa: PLC0415 - else a process does it
                drain,
                finish_others,
            )

            _thread.start_new_thread(drain, (self._folder, theirs))
            directory = About.read(self._folder).directory  # the spool may be gone in a moment
            _thread.start_new_thread(finish_others, (directory,))

    def tend(self) -> None:
        """Start the drainer again if it is gone."""
        self._reap()
        if monotonic() - self._started < _STARTING_S:
            return
        with suppress(OSError):  # no file can be opened now, or the spool was removed
            held = lock(self._folder, "drain", create=True)
            if held is not None:
                os.close(held)
                self.start()

    def wake(self) -> None:
        """Have the drainer look at once."""
        if self._wake is not None:
            # no SIGPIPE: a program may have given that its deadly default back
            with suppress(OSError):
                self._wake.send(b"\0", socket.MSG_NOSIGNAL)

    def leave(self) -> None:
        """Let the drainer know that nobody is here any more."""
        self._reap()
        if self._wake is not None:
            self._wake.close()
            self._wake = None

    def forget(self) -> None:
        """Leave the drainer to the process this one was forked from."""
        self._child = 0
        self.leave()

    def _reap(self) -> None:
        """Take note that the process that started the drainer ended; the drainer is no child."""
        if self._child:
            with suppress(ChildProcessError):
                if os.waitpid(self._child, os.WNOHANG)[0] == 0:
                    return
            self._child = 0
