"""Which sessions live, and in which processes, seen from another one on this machine."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["living", "note_exit", "session_of_process"]


def session_of_process(directory: Path, pids: Sequence[int]) -> str | None:
    """The session that the first of some processes has open in a log directory.

    Asks memory, and no disk. Where a process has several, it is one of them; where none has one,
    or there is no spool here, None.
    """
    found = {pid: session for session, pid in living(directory).items()}
    return next((found[pid] for pid in pids if pid in found), None)


def living(directory: Path) -> dict[str, int]:
    """The sessions of a log directory whose processes live, and these processes.

    Those that can be seen here: of this user and this machine, with a spool. Asks memory, and no
    disk, but for a spool that is in the directory itself.
    """
    found: dict[str, int] = {}
    for folder in _spools(directory):
        with suppress(OSError, ValueError, KeyError):  # one that is removed just now, say
            found.update(_process_of(folder, os.fsencode(directory)))
    return found


def note_exit(directory: Path, pid: int, status: int) -> None:
    """Note how a process ended, for whoever records the ends of its runs; called by its parent.

    Args:
        directory: A log directory that the process may have used.
        pid: The process; its parent has not waited for it yet.
        status: Its wait status, as of `os.waitpid`.
    """
    for folder in _spools(directory):
        from mllog_callbacks.sinks.spool._control import Control, born  # noqa: PLC0415 - as below

        with suppress(OSError, ValueError):  # one that is removed just now
            control = Control(folder)
            if control.owner == pid and control.born == born(pid):
                control.ended = status + 1


def _spools(directory: Path) -> Iterator[str]:
    """The spools that this user has in memory and in a log directory."""
    if sys.platform != "linux":
        return
    from mllog_callbacks.sinks.spool._roots import roots  # noqa: PLC0415 - not on Windows

    for root in roots(str(directory)):
        with suppress(OSError):
            yield from map(str, Path(root).iterdir())


def _process_of(folder: str, directory: bytes) -> dict[str, int]:
    """The session and the process of a spool, where both live and see the same disks as we."""
    from mllog_callbacks.sinks.spool._about import About, namespace  # noqa: PLC0415 - not on Windows
    from mllog_callbacks.sinks.spool._spools import alive  # noqa: PLC0415 - as above

    about = About.read(folder)
    ours = about.directory == directory and about.place.split()[-1] == namespace()
    if not ours or not alive(folder):
        return {}
    facts = json.loads(about.manifest)
    return {facts["session"]: facts["pid"]}
