"""Finishing what killed sessions left: their lines are in a spool, their files lack them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from mllog_callbacks._record import Record

__all__ = ["Recovered", "recover"]

_WAIT_S: Final = 2.0
_POLL_S: Final = 0.005


class Recovered(Record):
    """What became of one killed session.

    Attributes:
        session: The session's folder in the spool: its name and a random part; its name alone where
            a restart has taken that away; or the spool of another user, who alone can look into it.
        entries: How many entries were written to its file now; 0 where its own drainer was
            just finishing it.
        error: Why they could not be written; they are kept then.
        ends: Of how many of its runs the end was recorded now: their process was gone before it.
    """

    session: str
    entries: int
    error: str | None = None
    ends: int = 0


def recover(
    directory: str | os.PathLike[str], *, everywhere: bool = False, by: str = "reader"
) -> list[Recovered]:
    """Complete the files of sessions that were killed, from what their spools still hold.

    Runs whose process was gone before they had an end get one, which says how that process ended
    as far as it is known.

    A session that lives is left alone. One that its own drainer is just finishing is waited
    for, at most two seconds. One whose memory is gone with a restart of this machine gets the
    ends as well. May be repeated: it never writes an entry twice. Root completes what
    other users left as well, as these users; others learn in `Recovered.error` of spools that
    they may not read.

    Args:
        directory: The log directory.
        everywhere: Also take spools of a directory of the same path that may be another one, as
            containers see that share their memory but not their disks.
        by: Who does, for the ends that are recorded.

    Raises:
        Nothing: what fails is described in the result.
    """
    if sys.platform != "linux":
        return []
    from mllog_callbacks.sinks.spool._others import Found, recover_others  # noqa: PLC0415 - not on Windows
    from mllog_callbacks.sinks.spool._restarted import finish_restarted  # noqa: PLC0415 - likewise

    wanted = os.fsencode(Path(directory).absolute())

    def own() -> list[Found]:
        found = [_finish(folder, by) for folder in _dead(wanted, everywhere=everywhere)]
        return [*found, *finish_restarted(wanted, by)]

    return [Recovered(*each) for each in own() + recover_others(wanted, own)]


def _dead(directory: bytes, *, everywhere: bool) -> Iterator[str]:
    """The spools of this user that killed sessions of a directory left."""
    from mllog_callbacks.sinks.spool._about import About  # noqa: PLC0415 - on Windows
    from mllog_callbacks.sinks.spool._spools import alive, spools  # noqa: PLC0415 - no fcntl

    for folder in spools(directory):
        try:
            about = About.read(folder)
        except (OSError, ValueError):
            continue
        meant = about.directory == directory if everywhere else about.here(directory)
        hidden = Path(folder).name.startswith(".")
        if meant and not hidden and not alive(folder):
            yield folder


def _finish(folder: str, by: str) -> tuple[str, int, str | None, int]:
    """Complete one session; the fields of `Recovered`."""
    from mllog_callbacks.sinks.spool._finishing import finish  # noqa: PLC0415 - as above

    session = Path(folder).name
    deadline = monotonic() + _WAIT_S
    try:
        while (written := finish(folder, by)) is None:
            if not Path(folder).exists():
                return session, 0, None, 0
            if monotonic() > deadline:
                return session, 0, "its drainer is still waiting for the disk", 0
            sleep(_POLL_S)
    except (OSError, ValueError) as error:
        reason = isinstance(error, OSError) and error.strerror
        return session, 0, reason or str(error), 0
    entries, ends = written
    return session, entries, None, ends
