"""How a process ended, as the kernel says to one that is not its parent.

Loaded by the drainer once the process is gone.
"""

import fcntl
import os
import struct
from pathlib import Path
from time import monotonic, sleep
from typing import Final, NamedTuple

from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._watching import Watch

__all__ = ["Exit", "exit_of"]

# `struct pidfd_info` and its request, of Linux 6.13; the exit status came with 6.15
_INFO: Final = "=QQ12I"
_REQUEST: Final = (3 << 30) | (struct.calcsize(_INFO) << 16) | (0xFF << 8) | 11
_EXIT: Final = 1 << 3

_STARTED, _STATUS = 19, -1  # behind the program's name in ``/proc/<pid>/stat``
_WAIT_S: Final = 1.0  # how long a process takes from closing its files to its end, at most
_POLL_S: Final = 0.002

_NOBODY: Final = "no process that saw its end is left"
_KERNEL: Final = (
    "this kernel keeps no exit status of a process that its parent has waited for (Linux 6.15 does)"
)
_RUNS_ON: Final = "it still runs without the log, as after starting a program in its own place"
_UNSEEN: Final = "its parent has not waited for it, and this user may not see how it ended"
_FORKED: Final = "a process forked from it kept the log open after its end"


class Exit(NamedTuple):
    """How a process ended.

    Attributes:
        status: Its wait status, as of `os.waitpid`; None where that is not known.
        not_known: Why it is not; empty where it is.
        runs_on: Whether it has not ended, and only let go of the session.
    """

    status: int | None
    not_known: str = ""
    runs_on: bool = False


def exit_of(control: Control, watch: Watch | None) -> Exit:
    """How a session's process ended; waits up to a second for its end.

    Args:
        control: The counters of its spool, where what was found is kept.
        watch: What watched it, if anything did.
    """
    if watch is not None and watch.forked:
        return Exit(None, _FORKED)
    deadline = monotonic() + _WAIT_S
    while (found := _look(control, watch)) is None:
        if monotonic() > deadline:
            over = _is_over(_stat(control))
            return Exit(None, _UNSEEN if over else _RUNS_ON, runs_on=not over)
        sleep(_POLL_S)
    if found.status is not None:
        control.ended = found.status + 1
    return found


def _look(control: Control, watch: Watch | None) -> Exit | None:
    """What is known now; None while the process still ends, or its parent has not waited for it."""
    stat = _stat(control)
    status = _status(control, watch, stat)
    if status is not None:
        return Exit(status)
    if stat:
        return None
    status = _status(control, watch, stat)  # its parent may have waited for it in between
    if status is not None:
        return Exit(status)
    if watch is None:
        return Exit(None, _NOBODY)
    return Exit(None, watch.why or _KERNEL)


def _status(control: Control, watch: Watch | None, stat: list[str]) -> int | None:
    """The wait status, from whoever knows it: who noted it, the kernel, the process itself."""
    if control.ended:  # by a drainer before, or by its parent
        return control.ended - 1
    if watch is not None and watch.file >= 0:
        status = _of_descriptor(watch.file)
        if status is not None:
            return status
    if _is_over(stat) and (int(stat[_STATUS]) or _may_be_seen(control.owner)):
        return int(stat[_STATUS])
    return None


def _of_descriptor(file: int) -> int | None:
    """The wait status that the kernel keeps, once the parent has waited for the process."""
    answer = bytearray(struct.pack(_INFO, _EXIT, *[0] * 13))
    try:
        fcntl.ioctl(file, _REQUEST, answer)
    except OSError:
        return None
    mask, *_, status = struct.unpack(_INFO, answer)
    return int(status) if mask & _EXIT else None


def _stat(control: Control) -> list[str]:
    """The state of the process; empty where it is gone, also where its number is another's."""
    try:
        text = Path(f"/proc/{control.owner}/stat").read_text("ascii", "replace")
    except OSError:
        return []
    fields = text.rpartition(")")[2].split()
    return fields if int(fields[_STARTED]) == control.born else []


def _is_over(stat: list[str]) -> bool:
    return stat[:1] in (["Z"], ["X"])


def _may_be_seen(pid: int) -> bool:
    """Whether the kernel shows this user a status of 0 that is one: to others all are 0."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    found = dict(line.partition(":")[::2] for line in lines)
    wanted = {"Uid": os.geteuid(), "Gid": os.getegid()}
    return all(set(found.get(name, "").split()[:3]) == {str(one)} for name, one in wanted.items())
