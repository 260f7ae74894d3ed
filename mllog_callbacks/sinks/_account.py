"""The account of entries that were given up: nothing is dropped silently."""

from mllog_callbacks.schema import EventType, count, encode

__all__ = ["Account", "clock_line", "unrecorded_line"]


class Account:
    """How many entries were given up, how large they were, when and why.

    Args:
        first: The timestamp of the first entry given up.
        *reasons: Why, in sentences.
    """

    def __init__(self, first: bytes, *reasons: str) -> None:
        self._first = self._last = first
        self._reasons = dict.fromkeys(reasons)
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
        self._reasons |= later._reasons  # noqa: SLF001

    def line(self) -> bytes:
        """The account as an entry's line from its second field on."""
        first, last = self._first.decode(), self._last.decode()
        were = "was" if self._entries == 1 else "were"
        return encode(
            EventType.ISSUE_DETECTED,
            decision=f"{count(self._entries, 'entry')} {were} dropped from this log.",
            reasoning=" ".join([*self._reasons, f"They were emitted from {first} to {last}."]),
            metrics_snapshot={
                "dropped_entries": self._entries,
                "dropped_bytes": self._bytes,
                "first_dropped": first,
                "last_dropped": last,
            },
        )


def unrecorded_line(entries: int) -> bytes:
    """An entry about those for which the program's stack had no room, from its second field on."""
    were = "was" if entries == 1 else "were"
    return encode(
        EventType.ISSUE_DETECTED,
        decision=f"{count(entries, 'entry')} {were} dropped from this log.",
        reasoning="The program had reached Python's recursion limit, so they could not be encoded.",
        metrics_snapshot={"dropped_entries": entries},
    )


def clock_line(jumps: int, seconds: float) -> bytes:
    """An entry about a system clock that was set, from its second field on.

    Args:
        jumps: How often it jumped.
        seconds: The largest jump; below 0, it was set back.
    """
    way = "forward" if seconds > 0 else "back"
    return encode(
        EventType.ISSUE_DETECTED,
        decision=f"The system clock jumped {count(jumps, 'time')} during this session.",
        reasoning=f"Compared with the time since the machine was started, it jumped {way} by "
        f"{abs(seconds):,.1f} s (the largest jump). Timestamps follow the system clock and only "
        "ever increase; durations across a jump are not reliable.",
        metrics_snapshot={"clock_jumps": jumps, "largest_clock_jump_seconds": round(seconds, 3)},
    )
