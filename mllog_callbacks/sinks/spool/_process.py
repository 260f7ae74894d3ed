"""The drainer's process, small and of its own, and the life and death of spools.

The process outlives the training, so that a killed one's file is complete in a moment. Where
that was killed too, whoever comes next finishes the file: `finish`.
"""

import os
import select
import time

from mllog_callbacks.sinks.spool._drainer import Drainer
from mllog_callbacks.sinks.spool._layout import About, Control, lock
from mllog_callbacks.sinks.spool._roots import directory_of, roots

__all__ = ["alive", "finish", "finish_dead", "is_removed", "main", "remove", "run", "spools"]

_ACTIVE_S = 0.005  # how long lines gather while there are any
_IDLE_S = 0.05  # the longest wait; issues, ends, saves, a flush and the session's end wake
_RETRY_S = 0.25  # how often a disk that failed is asked again
_LOCK_S = 5.0  # how long another drainer of the same spool is given to go
_GIVE_UP_S = 600.0  # how long a dead session's failing disk is asked; then its spool waits
_STALE_S = 60.0  # the age of a spool that nobody finished making


def run(folder: str, wake: int) -> None:
    """Drain a session until its log was closed or its process is gone, and all is written."""
    drainer = Drainer(folder)
    wait, lives, since = _ACTIVE_S, True, time.monotonic()
    while True:
        ended = bool(drainer.control.closing) or not lives
        try:
            moved = drainer.drain(final=ended)
            if ended:
                drainer.end()
                break
            if drainer.control.leaving and not (moved and drainer.control.sealed):
                drainer.seal()
        except OSError:
            wait = _RETRY_S
            if not lives and time.monotonic() - since > _GIVE_UP_S:
                return
        else:
            wait, since = _ACTIVE_S if moved else min(_IDLE_S, wait * 2), time.monotonic()
        lives = _sleep(wake, wait, folder, lives=lives)
    drainer.close()
    remove(folder)


def _sleep(wake: int, seconds: float, folder: str, *, lives: bool) -> bool:
    """Wait, or be woken; say whether the session's process still lives."""
    if not lives:
        time.sleep(seconds)
        return False
    if not select.select([wake], [], [], seconds)[0]:
        return True
    try:
        woken = os.read(wake, 4096)
    except OSError:
        woken = b""
    if woken:
        return True
    # All ends are closed; a fork made behind Python's back may still hold the lock
    if alive(folder):
        time.sleep(seconds)
        return True
    return False


def alive(folder: str) -> bool:
    """Whether the process of a session still lives."""
    try:
        file = lock(folder, "owner", shared=True)
    except OSError:
        return False
    if file is None:
        return True
    os.close(file)
    return _mapped(folder)


def _mapped(folder: str) -> bool:
    """Whether the session's process still logs there: it may have closed all its files."""
    try:
        control = Control(folder)
        owner, closing = control.owner, control.closing
        del control  # its mapping: the owner may be of this process's number, in a container
        with open(f"/proc/{owner}/maps", "rb") as stream:
            return not closing and os.fsencode(f"{folder}/control") in stream.read()
    except (OSError, ValueError):  # ended; or it ended while its spool was being made
        return False


def finish(folder: str) -> int | None:
    """Write the rest of a dead session's lines to its file and remove its spool.

    Returns:
        How many entries were written; None where the session lives or is being finished.

    Raises:
        OSError: The disk does not take them; they are kept.
    """
    try:
        held = lock(folder, "drain", create=True)
    except FileNotFoundError:
        return None
    if held is None:
        return None
    try:
        if alive(folder):
            return None
        try:
            drainer = Drainer(folder, counting=True)
        except FileNotFoundError:
            return None
        try:
            if not drainer.control.done:
                drainer.end()
        finally:
            drainer.close()
        remove(folder)
        return drainer.entries
    finally:
        os.close(held)


def spools(directory: bytes) -> list[str]:
    """The spools that this user has, for whichever directories, in memory and in this one."""
    found = []
    for root in roots(directory):
        try:
            found += [f"{root}/{name}" for name in sorted(os.listdir(root))]
        except OSError:  # it was removed just now
            continue
    return found


def finish_dead(directory: bytes) -> None:
    """Finish what killed sessions left for this directory; what fails is left for the next."""
    for folder in spools(directory):
        name = os.path.basename(folder)
        try:
            if name.startswith("."):
                _remove_stale(folder)
            elif About.read(folder).here(directory) and not alive(folder):
                finish(folder)
        except (OSError, ValueError):
            continue


def _remove_stale(folder: str) -> None:
    if time.time() - os.stat(folder).st_mtime > _STALE_S and not alive(folder):
        remove(folder)


def remove(folder: str) -> None:
    """Remove a spool; first its name, so that nobody opens what is half gone."""
    parent, gone = os.path.dirname(folder), _removed(folder)
    try:
        os.rename(folder, gone)
        for each in os.listdir(gone):
            os.unlink(f"{gone}/{each}")
        os.rmdir(gone)
        if directory_of(folder):
            os.rmdir(parent)  # the last one leaves nothing in the log directory
    except OSError:  # another does the same just now; or there are others
        return


def is_removed(folder: str) -> bool:
    """Whether nothing of a spool is left that a session's drainer removes."""
    if os.path.exists(folder) or os.path.exists(_removed(folder)):
        return False
    if directory_of(folder):
        try:
            os.rmdir(os.path.dirname(folder))
        except OSError:  # gone already; or there are others
            return True
    return True


def _removed(folder: str) -> str:
    """The name of a spool that is being removed."""
    parent, name = os.path.split(folder)
    return f"{parent}/.{name.removeprefix('.')}"


def main(folder: str, *, detached: bool) -> None:
    """Drain a session as a process of its own; standard input wakes it, and ends with the log.

    Args:
        folder: The session's spool.
        detached: Whether this process is nobody's child already.
    """
    if not detached:
        if not _detach():
            os._exit(0)
        os.setsid()
    os.closerange(3, 65_536)
    os.chdir("/")
    deadline = time.monotonic() + _LOCK_S
    while (held := lock(folder, "drain", create=True)) is None:
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)
    directory = About.read(folder).directory
    if len(spools(directory)) > 1 and _detach():
        os.close(held)
        os.close(0)
        finish_dead(directory)
        return
    run(folder, 0)
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
