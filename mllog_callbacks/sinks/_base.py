"""The interface every sink has."""

import os
from _thread import RLock
from pathlib import Path
from typing import Protocol

from mllog_callbacks._record import Record

__all__ = ["NullSink", "Sink", "SinkStats"]


class SinkStats(Record):
    """What became of the entries of a session so far.

    Attributes:
        emitted: Entries taken from the caller.
        written: Entries handed to the operating system for the file.
        pending: Entries held, to be written as soon as the disk takes them.
        dropped: Entries given up, because memory for pending ones had run out or the log was
            closed; the log itself has an account of them.
    """

    emitted: int
    written: int
    pending: int
    dropped: int


class Sink(Protocol):
    """Takes lines from any thread at any time; never blocks on a disk and never raises.

    Attributes:
        lock: Held by `put`; a handler or finalizer that interrupts it may call it again.
    """

    lock: RLock

    @property
    def path(self) -> Path:
        """The file that is written now."""
        ...

    @property
    def session(self) -> str:
        """The session the files belong to."""
        ...

    @property
    def stats(self) -> SinkStats:
        """What became of the entries so far."""
        ...

    def put(self, line: bytes) -> None:
        """Take a line from its second field on, stamp it, and keep it.

        The timestamp is given here, under the lock that also gives the line its place: in a file
        the order of lines is the order of their timestamps.
        """

    def flush(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds until all taken so far is written; say whether it is."""
        ...

    def close(self, timeout: float) -> bool:
        """Write what is pending, for at most `timeout` seconds; say whether all got there."""
        ...

    def wake(self) -> None:
        """Have what was taken written at once, not within the next milliseconds."""

    def leave(self, timeout: float) -> bool:
        """Note that the process ends in order; entries may still come until it did.

        Waits up to `timeout` seconds until the session's chain is sealed. Say whether what is
        pending outlives the process.
        """
        ...

    def abandon(self) -> None:
        """Called in a forked child: leave everything to the process it was forked from."""


class NullSink:
    """Keeps nothing: for `MLLOG_DISABLED`."""

    path = Path(os.devnull)
    lock = RLock()
    session = "disabled"
    stats = SinkStats(emitted=0, written=0, pending=0, dropped=0)

    def put(self, line: bytes) -> None:
        """Keep nothing."""

    def flush(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - nothing to wait for
        """Nothing is pending."""
        return True

    def close(self, timeout: float) -> bool:  # noqa: ARG002 - nothing to wait for
        """Nothing is pending."""
        return True

    def wake(self) -> None:
        """Nothing is pending."""

    def leave(self, timeout: float) -> bool:  # noqa: ARG002 - nothing to wait for
        """Nothing is noted, and nothing pending."""
        return True

    def abandon(self) -> None:
        """Nothing is held."""
