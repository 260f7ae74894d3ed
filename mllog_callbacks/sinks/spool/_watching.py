"""What a drainer notes of a session's process while that lives, to say later how it ended.

Loaded by the drainer: standard library only, and little of it.
"""

import os
import select
from time import time_ns

from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._locks import private
from mllog_callbacks.sinks.spool._memory_counts import cgroup_kills, cgroup_of, machine_kills

__all__ = ["Watch", "cgroup_noted"]


class Watch:
    """Holds on to a session's process, so that the kernel can be asked how it ended.

    Args:
        folder: The session's spool.
        control: Its counters.
        file: A descriptor of the process, which `close` closes; -1 for none.

    Attributes:
        file: The same.
        why: Why there is none; empty where there is one.
        forked: Whether another process kept the session open beyond the end of this one.
    """

    def __init__(self, folder: str, control: Control, file: int) -> None:
        self.file, self.why, self.forked = file, "", False
        self._control = control
        if control.owner == os.getpid():
            self.why = "its drainer was a thread of it"
        elif file < 0:
            self.why = "the kernel gave no descriptor of it (Linux 5.3 and later do)"
        if not control.machine_kills:  # else a drainer before this one has noted them
            _note_counts(folder, control)

    def wait(self, wake: int, seconds: float) -> bool:
        """Wait to be woken, and note whether the process lives then; say whether we were woken.

        Args:
            wake: The file that wakes the drainer.
            seconds: How long to wait at most.
        """
        watched = [self.file] if self.file >= 0 and not self.forked else []
        ready = select.select([wake, *watched], [], [], seconds)[0]
        if watched and self.file in ready:
            # The kernel closes the files of a process before it is gone
            woken = bool(select.select([wake], [], [], 0)[0])
            self.forked = not woken
            return woken
        if watched or not ready:
            self._control.seen = time_ns()
        return wake in ready

    def outlived(self) -> None:
        """See whether the process is gone, though its session is open still."""
        if self.file >= 0 and select.select([self.file], [], [], 0)[0]:
            self.forked = True

    def close(self) -> None:
        """Let go of the process."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def _note_counts(folder: str, control: Control) -> None:
    """Note how many processes the kernel has killed so far for lack of memory."""
    cgroup = cgroup_of(control.owner) or cgroup_of(os.getpid())  # we began in the same one
    try:
        with open(f"{folder}/cgroup", "wb", opener=private) as stream:
            stream.write(os.fsencode(cgroup))
    except OSError:  # the spool was removed
        return
    control.cgroup_kills = cgroup_kills(cgroup) + 1
    control.machine_kills = machine_kills() + 1


def cgroup_noted(folder: str) -> str:
    """The control group that was noted; empty where none was."""
    try:
        with open(f"{folder}/cgroup", "rb") as stream:
            return os.fsdecode(stream.read())
    except OSError:
        return ""
