"""What a session's drainer does where it is a thread: the work that its process would do."""

import os
import socket
from contextlib import suppress

from mllog_callbacks.sinks.spool._finishing import finish_dead
from mllog_callbacks.sinks.spool._locks import lock
from mllog_callbacks.sinks.spool._process import LATER, run

__all__ = ["drain", "finish_others"]


def drain(folder: str, wake: socket.socket) -> None:
    """Write what comes into a spool, until its session ends; nothing where another does."""
    with wake, suppress(OSError):
        held = lock(folder, "drain", create=True)
        if held is not None:
            try:
                run(folder, wake.fileno())
            finally:
                os.close(held)


def finish_others(directory: bytes) -> None:
    """Complete what killed sessions left in a log directory."""
    with suppress(OSError, ValueError):
        finish_dead(directory, LATER)
