"""Locks of a spool, and files that are their owner's alone.

Loaded by the drainer: standard library only, and little of it.
"""

import fcntl
import os

__all__ = ["lock", "private"]


def private(path: str, flags: int) -> int:
    """Open a file that is its owner's alone."""
    return os.open(path, flags, 0o600)


def lock(folder: str, name: str, *, create: bool = False, shared: bool = False) -> int | None:
    """Take a lock of a spool; return its file, or None where another process has it.

    Raises:
        OSError: The spool is gone.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (create and os.O_CREAT)
    file = os.open(f"{folder}/{name}", flags, 0o600)
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:
        os.close(file)
        raise
    return file
