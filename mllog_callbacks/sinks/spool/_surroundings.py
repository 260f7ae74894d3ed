"""What ends together with this process: whether it runs in a container, and who adopts orphans.

In a container PID 1 is the training or a shell. When it ends, the kernel kills all processes of
the container, a drainer among them, and its ``/dev/shm`` goes with the last one.
"""

import os
from pathlib import Path
from typing import Final

from mllog_callbacks._record import Record

__all__ = ["MAPPABLE", "Surroundings", "file_system", "surroundings"]

# Inodes of the machine's own namespaces, fixed by the kernel (include/linux/proc_ns.h)
_MACHINE: Final = {"pid": 0xEFFFFFFC, "ipc": 0xEFFFFFFF}

_REAPERS: Final = frozenset(
    {
        "ash",
        "bash",
        "busybox",
        "catatonit",
        "conmon",
        "dash",
        "docker-init",
        "dumb-init",
        "init",
        "ksh",
        "pause",
        "runit",
        "s6-svscan",
        "sh",
        "supervisord",
        "systemd",
        "tini",
        "tini-static",
        "zsh",
    }
)
"""Programs that, as PID 1, wait for the processes they adopt."""

_SUBREAPER: Final = 37  # prctl's PR_GET_CHILD_SUBREAPER

MAPPABLE: Final = frozenset({"ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs"})
"""File systems of this machine on which memory that was allocated can be written for sure.

Not those that copy on write (btrfs, zfs): there a full disk is a SIGBUS. Nor those of a network.
"""


class Surroundings(Record):
    """What is known of where this process runs.

    Attributes:
        init: Whether it is PID 1.
        contained: Whether its process namespace is not the machine's own: a container's.
        private: Whether its IPC namespace is not the machine's own, and with it ``/dev/shm``.
        reaper: The name of PID 1's program; empty where it is not known.
        adopting: Whether orphaned processes become its children.
    """

    init: bool
    contained: bool
    private: bool
    reaper: str
    adopting: bool

    @property
    def volatile(self) -> bool:
        """Whether a drainer, or the memory it reads, may end together with this process."""
        return self.init or self.contained or self.private

    @property
    def separate(self) -> bool:
        """Whether the drainer may be a process that nobody here has to wait for."""
        return not self.adopting and (not self.contained or self.reaper in _REAPERS)


def surroundings() -> Surroundings:
    """Look where this process runs; what cannot be seen counts as the machine's own."""
    init = os.getpid() == 1
    return Surroundings(
        init=init,
        contained=_is_apart("pid"),
        private=_is_apart("ipc"),
        reaper=_first_program(),
        adopting=init or _is_subreaper(),
    )


def file_system(path: str) -> str:
    """The type of the file system that a path is on, such as ``ext4``; empty where unknown."""
    real = os.path.realpath(path)
    found, longest = "", -1
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    for line in mounts.splitlines():
        mount, _, rest = line.partition(" - ")
        point = _unescaped(mount.split(" ")[4])
        within = real == point or real.startswith(point.rstrip("/") + "/")
        if within and len(point) >= longest:  # of several on one point the last holds
            found, longest = rest.partition(" ")[0], len(point)
    return found


def _unescaped(point: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, char)
    return point


def _is_apart(kind: str) -> bool:
    try:
        return Path(f"/proc/self/ns/{kind}").stat().st_ino != _MACHINE[kind]
    except OSError:
        return False


def _first_program() -> str:
    try:
        return Path("/proc/1/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _is_subreaper() -> bool:
    try:
        import ctypes  # noqa: PLC0415 - some builds of Python have none

        answer = ctypes.c_int(0)
        failed = ctypes.CDLL(None).prctl(_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return False
    return not failed and bool(answer.value)
