"""Which session a process has, seen from another one on this machine."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["session_of_process"]


def session_of_process(directory: Path, pids: Sequence[int]) -> str | None:
    """The session that the first of some processes has open in a log directory.

    Asks memory, and no disk. Where a process has several, it is one of them; where none has one,
    or there is no spool here, None.
    """
    if sys.platform != "linux":
        return None
    from mllog_callbacks.sinks.spool._roots import roots  # noqa: PLC0415 - not on Windows

    found: dict[int, str] = {}
    for root in roots(str(directory)):
        with suppress(OSError):
            for folder in Path(root).iterdir():
                with suppress(OSError, ValueError, KeyError):  # one that is removed just now, say
                    found.update(_process_of(str(folder), os.fsencode(directory)))
    return next((found[pid] for pid in pids if pid in found), None)


def _process_of(folder: str, directory: bytes) -> dict[int, str]:
    """The process and the session of a spool, where both live and see the same disks as we."""
    from mllog_callbacks.sinks.spool._about import About, namespace  # noqa: PLC0415 - as above
    from mllog_callbacks.sinks.spool._spools import alive  # noqa: PLC0415 - as above

    about = About.read(folder)
    ours = about.directory == directory and about.place.split()[-1] == namespace()
    if not ours or not alive(folder):
        return {}
    facts = json.loads(about.manifest)
    return {facts["pid"]: facts["session"]}
