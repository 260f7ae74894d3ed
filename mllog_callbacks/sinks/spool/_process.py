"""The drainer's process, small and of its own.

It outlives the training, so that a killed one's file is complete in a moment. Where it was killed
too, whoever comes next finishes the file: see `_finishing`.
"""

import os
from time import monotonic, sleep

from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._drainer import Drainer
from mllog_callbacks.sinks.spool._finishing import finish_dead
from mllog_callbacks.sinks.spool._locks import lock
from mllog_callbacks.sinks.spool._spools import alive, remove, spools
from mllog_callbacks.sinks.spool._watching import Watch

__all__ = ["LATER", "main", "run"]

_DRAINER = "drainer"
LATER = "drainer of a later session"
"""Who finishes what sessions before left, where that is not a reader."""

_ACTIVE_S = 0.005  # how long lines gather while there are any
_IDLE_S = 0.05  # the longest wait; issues, ends, saves, a flush and the session's end wake
_RETRY_S = 0.25  # how often a disk that failed is tried again
_LOCK_S = 5.0  # how long another drainer of the same spool is given to go
_GIVE_UP_S = 600.0  # how long a dead session's failing disk is tried; then its spool waits


def run(folder: str, wake: int, owner: int = -1) -> None:
    """Drain a session until its log was closed or its process is gone, and all is written.

    Args:
        folder: The session's spool.
        wake: The file that wakes it, and ends with the session's process.
        owner: A descriptor of that process; -1 for none.
    """
    drainer = Drainer(folder)
    control = drainer.control
    watch = Watch(folder, control, owner)
    wait, lives, since = _ACTIVE_S, True, monotonic()
    while True:
        ended = bool(control.closing) or not lives
        try:
            moved = drainer.drain(final=ended)
            if ended:
                drainer.end(_DRAINER, watch)
                break
            if control.leaving and not (moved and control.sealed):
                drainer.seal()
        except OSError:
            wait = _RETRY_S
            if not lives and monotonic() - since > _GIVE_UP_S:
                return
        else:
            wait, since = _ACTIVE_S if moved else min(_IDLE_S, wait * 2), monotonic()
        lives = _sleep(wake, wait, folder, watch, lives=lives)
    drainer.close()
    watch.close()
    remove(folder)


def _sleep(wake: int, seconds: float, folder: str, watch: Watch, *, lives: bool) -> bool:
    """Wait, or be woken; say whether the session's process still lives."""
    if not lives:
        sleep(seconds)
        return False
    if not watch.wait(wake, seconds):
        return True
    try:
        woken = os.read(wake, 4096)
    except OSError:
        woken = b""
    if woken:
        return True
    # All ends are closed; a fork made behind Python's back may still hold the lock
    if alive(folder):
        watch.outlived()
        sleep(seconds)
        return True
    return False


def main(folder: str, *, detached: bool, owner: int) -> None:
    """Drain a session as a process of its own; standard input wakes it, and ends with the log.

    Args:
        folder: The session's spool.
        detached: Whether this process is nobody's child already.
        owner: A descriptor of the session's process, 3; -1 for none.
    """
    if not detached:
        if not _detach():
            os._exit(0)
        os.setsid()
    os.closerange(max(3, owner + 1), 65_536)
    os.chdir("/")
    deadline = monotonic() + _LOCK_S
    while (held := lock(folder, "drain", create=True)) is None:
        if monotonic() > deadline:
            return
        sleep(0.01)
    directory = About.read(folder).directory
    if len(spools(directory)) > 1 and _detach():
        os.close(held)
        os.close(0)
        if owner >= 0:
            os.close(owner)
        finish_dead(directory, LATER)
        return
    run(folder, 0, owner)
    os.close(held)


def _detach() -> bool:
    """Fork a process that nobody waits for; true in that one, false in the caller."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    if os.fork():
        os._exit(0)
    return True
