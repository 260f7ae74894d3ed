"""The account of entries that were given up: nothing is dropped silently."""

from mllog_callbacks.schema import EventType, count, encode

__all__ = ["Account"]


class Account:
    """How many entries were given up, how large they were, and when.

    Args:
        memory: The bytes for pending entries that had run out.
        first: The timestamp of the first entry given up.
    """

    def __init__(self, memory: int, first: bytes) -> None:
        self._memory = memory
        self._first = self._last = first
        self._entries = 0
        self._bytes = 0

    def add(self, stamp: bytes, size: int) -> None:
        """Count an entry."""
        self._last = stamp
        self._entries += 1
        self._bytes += size

    def merge(self, later: "Account") -> None:
        """Count what another account counted after this one."""
        self._last = later._last  # noqa: SLF001 - another of this class, here and below
        self._entries += later._entries  # noqa: SLF001
        self._bytes += later._bytes  # noqa: SLF001

    def line(self) -> bytes:
        """The account as an entry's line from its second field on."""
        first, last = self._first.decode(), self._last.decode()
        were = "was" if self._entries == 1 else "were"
        return encode(
            EventType.ISSUE_DETECTED,
            decision=f"{count(self._entries, 'entry')} {were} dropped from this log.",
            reasoning=f"The disk did not take entries; the {self._memory:,} bytes for pending "
            f"ones were full from {first} to {last}, and the newest were given up.",
            metrics_snapshot={
                "dropped_entries": self._entries,
                "dropped_bytes": self._bytes,
                "first_dropped": first,
                "last_dropped": last,
            },
        )
