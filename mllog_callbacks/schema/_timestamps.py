"""Timestamps: UTC with microseconds, strictly increasing within a session."""

import re
from datetime import UTC, datetime
from time import gmtime, strftime, time_ns

from mllog_callbacks._lazy import pattern

__all__ = ["PATTERN", "Clock", "format_timestamp", "parse_timestamp"]

PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$"
)
_FORM = pattern(PATTERN.removesuffix("$") + r"\Z", re.ASCII)


def format_timestamp(moment: datetime) -> str:
    """Write an aware datetime the one way entries write it: ``2025-01-30T10:42:11.123456Z``."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def parse_timestamp(text: str) -> datetime:
    """Read what `format_timestamp` writes, and nothing else.

    Raises:
        ValueError: The text has another form, another zone, or is no date of the calendar.
    """
    if not _FORM.match(text):
        msg = f"expected UTC with microseconds like 2025-01-30T10:42:11.123456Z, got {text[:60]!r}"
        raise ValueError(msg)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text} is no day of the calendar"
        raise ValueError(msg) from None


class Clock:
    """Strictly increasing UTC microseconds, as ASCII bytes ready for a line.

    A system clock that stands still or jumps back yields the last value plus one microsecond.
    Callers hold their own lock: a clock is part of what that lock protects.
    """

    def __init__(self) -> None:
        self._last = 0
        self._second = -1
        self._prefix = b""

    def stamp(self) -> bytes:
        """Return the next timestamp, 27 bytes."""
        now = time_ns() // 1000
        self._last = now = max(now, self._last + 1)
        second, micros = divmod(now, 1_000_000)
        if second != self._second:
            self._second = second
            self._prefix = strftime("%Y-%m-%dT%H:%M:%S.", gmtime(second)).encode()
        return b"%b%06dZ" % (self._prefix, micros)
