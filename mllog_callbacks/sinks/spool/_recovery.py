"""Finishing what killed sessions left: their lines are in memory, their files lack them."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final

__all__ = ["Recovered", "recover"]

_WAIT_S: Final = 2.0
_POLL_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one killed session.

    Attributes:
        session: The session's folder in the spool: its name and a random part.
        entries: How many entries were written to its file now; 0 where its own drainer was
            just finishing it.
        error: Why they could not be written; they are kept then.
    """

    session: str
    entries: int
    error: str | None = None


def recover(directory: str | os.PathLike[str], *, everywhere: bool = False) -> list[Recovered]:
    """Complete the files of sessions that were killed, from what their spools still hold.

    A session that lives is left alone. One that its own drainer is just finishing is waited
    for, at most two seconds. May be repeated: it never writes an entry twice.

    Args:
        directory: The log directory.
        everywhere: Also take spools of a directory of the same path that may be another one, as
            containers see that share their memory but not their disks.

    Raises:
        Nothing: what fails is told in the result.
    """
    if sys.platform != "linux":
        return []
    wanted = os.fsencode(Path(directory).absolute())
    return [_finish(folder) for folder in _dead(wanted, everywhere=everywhere)]


def _dead(directory: bytes, *, everywhere: bool) -> Iterator[str]:
    from mllog_callbacks.sinks.spool._folder import root  # noqa: PLC0415
    from mllog_callbacks.sinks.spool._layout import About  # noqa: PLC0415 - on Windows
    from mllog_callbacks.sinks.spool._process import alive  # noqa: PLC0415 - there is no fcntl

    try:
        folders = sorted(str(each) for each in root().iterdir() if each.name[:1] != ".")
    except OSError:
        return
    for folder in folders:
        try:
            about = About.read(folder)
        except (OSError, ValueError):
            continue
        meant = about.directory == directory if everywhere else about.here(directory)
        if meant and not alive(folder):
            yield folder


def _finish(folder: str) -> Recovered:
    from mllog_callbacks.sinks.spool._process import finish  # noqa: PLC0415 - as above

    session = Path(folder).name
    deadline = monotonic() + _WAIT_S
    try:
        while (entries := finish(folder)) is None:
            if not Path(folder).exists():
                return Recovered(session, 0)
            if monotonic() > deadline:
                return Recovered(session, 0, "its drainer is still waiting for the disk")
            sleep(_POLL_S)
    except OSError as error:
        return Recovered(session, 0, error.strerror or str(error))
    return Recovered(session, entries)
