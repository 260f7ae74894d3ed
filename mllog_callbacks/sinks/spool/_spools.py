"""Spools: which there are, whether their sessions live, and how they are removed.

A spool is a folder in memory, or in the log's folder, that a log and its drainer share. ``owner``
is locked while the session lives, ``drain`` by whoever writes its file; ``control`` is one page of
counters, ``about`` names the log directory, and ``segment-<n>`` hold the lines.

Loaded by the drainer, which starts in some ten milliseconds because of what is not imported.
"""

import os

from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._locks import lock
from mllog_callbacks.sinks.spool._roots import directory_of, roots

__all__ = ["alive", "is_removed", "remove", "spools"]


def spools(directory: bytes) -> list[str]:
    """The spools that this user has, for whichever directories, in memory and in this one."""
    found = []
    for root in roots(directory):
        try:
            found += [f"{root}/{name}" for name in sorted(os.listdir(root))]
        except OSError:  # it was removed just now
            continue
    return found


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
