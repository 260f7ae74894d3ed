"""The page of counters that a session's log and its drainer share."""

import mmap
import os

__all__ = ["FIRST", "Control", "born"]

FIRST = 1
"""Where the stream of a session begins; 0 is "not known yet"."""

_STARTED = 19  # the place of the start time behind the program's name in ``/proc/<pid>/stat``


class Control:
    """The page both sides read: words of 64 bits, each written by one side only.

    Attributes of the drainer's side: `position` in the stream up to which the file was written,
    `released` segments, `durable` position known to be on the disk, `error`
    (the errno of a failure that lasts, or 0), `busy` (monotonic nanoseconds when a call to the
    disk began that has not returned, or 0), `copy` (which name of the file is used, from 1),
    `done`, its `pid` and how many `spares` it made: empty segments, ready for use. Of the log's
    side: `closing`, `sync_ms` between two confirmations by the disk, how many spares were
    `taken`, the process of its `owner`, and `leaving`: the process ends in order, though entries
    may still come. Of the drainer's side again: `sealed`, the position up to which the chain has
    been finished for a process that ends, `unended`: whether runs had no end then, so that it was
    not sealed, and `unsigned`: whether the chain should be signed and the key cannot be used.

    To say how the owner ended: when it was `born`; when the drainer has `seen` it
    alive last, in nanoseconds of the system clock; its wait status and 1 once it is known to have
    `ended`, which its parent may write as well; how many processes the kernel had killed for lack
    of memory when the session began, and 1: in its control group, `cgroup_kills`, and on the
    machine, `machine_kills`.
    """

    _NAMES = (
        "position",
        "released",
        "durable",
        "error",
        "busy",
        "copy",
        "done",
        "pid",
        "spares",
        "closing",
        "taken",
        "sync_ms",
        "owner",
        "leaving",
        "sealed",
        "unsigned",
        "born",
        "seen",
        "ended",
        "cgroup_kills",
        "machine_kills",
        "unended",
    )

    def __init__(self, folder: str, *, create: bool = False) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(f"{folder}/control", flags | (create and os.O_CREAT | os.O_EXCL), 0o600)
        try:
            if create:
                os.posix_fallocate(file, 0, mmap.PAGESIZE)
            self._words = memoryview(mmap.mmap(file, mmap.PAGESIZE)).cast("Q")
        finally:
            os.close(file)
        if create:
            self.position = self.durable = FIRST
            self.owner = os.getpid()
            self.born = born(self.owner)

    def __getattr__(self, name: str) -> int:
        return self._words[self._NAMES.index(name)]

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, int):
            self._words[self._NAMES.index(name)] = value
        else:
            super().__setattr__(name, value)


def born(pid: int) -> int:
    """When a process was started, in ticks since the machine was; 0 where there is none.

    Together with the number it names a process: the number alone is used again.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return int(stream.read().rpartition(b")")[2].split()[_STARTED])
    except (OSError, ValueError, IndexError):
        return 0
