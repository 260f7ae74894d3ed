"""Numbers, times and values as a person reads them."""

import json
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

__all__ = [
    "NOT_RECORDED",
    "cut",
    "duration",
    "moment",
    "number",
    "span",
    "value",
]

NOT_RECORDED: Final = "not recorded"
"""Said of what no entry records."""

_MOST: Final = 1e15


def number(given: float) -> str:
    """A number with six digits at most; whole ones with separators."""
    if not isfinite(given):
        return str(given)
    if given == int(given) and abs(given) < _MOST:
        return f"{int(given):,}"
    return f"{given:.6g}"


def cut(text: str, most: int) -> str:
    """A text of at most so many characters; of a longer one the end is an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def value(given: Any, most: int = 80) -> str:  # noqa: ANN401 - any value of a snapshot
    """A value of a snapshot in one line."""
    if isinstance(given, bool) or given is None:
        return {True: "true", False: "false", None: "none"}[given]
    if isinstance(given, int | float):
        return number(given) if isinstance(given, float) else str(given)
    if isinstance(given, str):
        return cut(given, most)
    if isinstance(given, dict):
        return cut(
            ", ".join(f"{key}: {value(given[key], most)}" for key in list(given)[:most]), most
        )
    return cut(json.dumps(given, ensure_ascii=False), most)


def moment(stamp: str | None) -> str:
    """As in "20 November 2026, 09:14:03 UTC"."""
    if stamp is None:
        return NOT_RECORDED
    at = datetime.fromisoformat(stamp).astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M:%S} UTC"


def duration(first: str | None, last: str | None) -> str:
    """The time between two timestamps; empty where one is missing."""
    if first is None or last is None:
        return ""
    passed = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    return span(max(passed, 0.0))


def span(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 - of a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - of an hour
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"
