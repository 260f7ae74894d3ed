"""What a session does when its spool is taken away from it while it logs.

Shared memory is cleaned up by others at times: systemd-logind removes what a user has there when
the last login ends, and a training may go on after that. Its lines are still mapped.
"""

import mmap
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._segment import HEADER, Segment

__all__ = ["is_drained", "is_lost", "is_out_of_reach", "unwritten"]


def is_lost(folder: str, control: Control) -> bool:
    """Whether a spool is gone, or whoever drained it took the session for dead."""
    try:
        os.stat(f"{folder}/control")  # noqa: PTH116 - a str, as all paths of spools
    except PermissionError:
        return bool(control.done)
    except OSError:
        return True
    return bool(control.done)


def is_out_of_reach(folder: str) -> bool:
    """Whether the program has become a user who may not enter the spool."""
    return not os.access(f"{folder}/control", os.W_OK, effective_ids=True)


def is_drained(folder: str, control: Control) -> bool:
    """Whether nobody writes from a lost spool any more."""
    if control.done or not control.pid:
        return True
    if control.pid == os.getpid():  # a thread: it ends when all is written
        return False
    with suppress(OSError):
        return os.fsencode(folder) not in Path(f"/proc/{control.pid}/cmdline").read_bytes()
    return True


def unwritten(held: Iterable[mmap.mmap], position: int) -> list[bytes]:
    """The lines that no drainer wrote, of the segments still mapped.

    Args:
        held: The segments, oldest first.
        position: How far the file was written.
    """
    lines: list[bytes] = []
    for memory in held:
        segment = Segment(memory)
        if not segment.start:  # given back
            continue
        offset = max(HEADER, min(segment.size, segment.offset(position)))
        begin = memory.rfind(b"\n", HEADER, offset) + 1 or HEADER
        rest = memory[begin : segment.complete(begin)]
        lines += [line + b"\n" for line in rest.split(b"\n")[:-1]]
    return lines
