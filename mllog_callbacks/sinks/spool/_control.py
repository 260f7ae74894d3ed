"""The page of counters that a session's log and its drainer share."""

import mmap
import os

__all__ = ["FIRST", "Control"]

FIRST = 1
"""Where the stream of a session begins; 0 is "not known yet"."""


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
    been sealed, and `unsigned`: whether the chain should be signed and the key cannot be used.
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

    def __getattr__(self, name: str) -> int:
        return self._words[self._NAMES.index(name)]

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, int):
            self._words[self._NAMES.index(name)] = value
        else:
            super().__setattr__(name, value)
