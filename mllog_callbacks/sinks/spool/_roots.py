"""Where spools are: in memory, or as files in the log's own folder.

Loaded by the drainer: standard library only, and little of it.
"""

import os
import stat

from mllog_callbacks.files import SIDECARS

__all__ = [
    "VARIABLE",
    "directory_of",
    "in_logs",
    "in_memory",
    "is_own",
    "memory",
    "owners",
    "roots",
]

VARIABLE = "MLLOG_SPOOL"
"""The environment variable that names the file system in memory."""

_PREFIX = ".spool-"  # of a folder of spools in a log directory
_USER = "mllog-"  # of one in memory


def memory() -> str:
    """The file system in memory, absolute: `MLLOG_SPOOL`, or ``/dev/shm``."""
    given = os.environ.get(VARIABLE) or "/dev/shm"  # noqa: S108 - it is what is meant
    return os.path.abspath(os.path.expanduser(given))


def in_memory(user: int | None = None) -> str:
    """The folder of all spools of a user in memory; default this user."""
    return f"{memory()}/{_USER}{os.geteuid() if user is None else user}"


def in_logs(directory: str, user: int | None = None) -> str:
    """The folder of all spools of a user in a log directory; default this user."""
    return f"{directory}/{SIDECARS}/{_PREFIX}{os.geteuid() if user is None else user}"


def directory_of(folder: str) -> bytes:
    """The log directory that a spool is in; empty for one in memory.

    A container and its host have different paths of the same directory, so that the one the
    session wrote down may not be the one it is reached by.
    """
    sidecars, root = os.path.split(os.path.dirname(folder))
    directory, name = os.path.split(sidecars)
    return os.fsencode(directory) if root.startswith(_PREFIX) and name == SIDECARS else b""


def is_own(path: str, user: int | None = None) -> bool:
    """Whether it is a folder of a user, by default this one, that nobody else may read or write."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == (os.geteuid() if user is None else user)
    return own and not status.st_mode & 0o77


def roots(directory: str | bytes) -> list[str]:
    """The folders in which spools of this user for a log directory may be."""
    both = in_memory(), in_logs(os.fsdecode(directory))
    return [each for each in both if is_own(each)]


def owners(directory: bytes) -> dict[int, str]:
    """By user, a folder of spools in memory, or in a log directory, that is there."""
    found = {}
    within = f"{os.fsdecode(directory)}/{SIDECARS}"
    for folder, prefix in ((memory(), _USER), (within, _PREFIX)):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            user, path = name.removeprefix(prefix), f"{folder}/{name}"
            named = name.startswith(prefix) and user.isascii() and user.isdigit()
            if named and is_own(path, int(user)):  # else anybody may have made it
                found[int(user)] = path
    return found
