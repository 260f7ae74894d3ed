"""What the lines of a log say of runs, at the places where every line has it."""

import json
from typing import Final

from mllog_callbacks.runs._run import RUN, RunOf

__all__ = [
    "BEGIN",
    "EVENT",
    "HANDED_OVER",
    "NAMED",
    "REQUEST",
    "STAMP",
    "event_of_line",
    "read_run",
]

BEGIN: Final = b'{"timestamp":"'
"""How every line begins."""

STAMP: Final = slice(14, 41)
"""Where a line's timestamp is."""

NAMED: Final = b'","event":"'
"""What is behind the timestamp of every line."""

EVENT: Final = 52
"""Where a line's event is: behind the timestamp and `NAMED`."""

REQUEST: Final = b'"stop_requested":'
"""A stop may be requested of a training of another process, or of one that has not begun."""

HANDED_OVER: Final = b'"handed_over":'
"""A call has returned before its training is over; what sees the end may be elsewhere."""

_NAMES: Final = ("model", "dataset")


def event_of_line(line: bytes) -> bytes:
    """The event of a line that is an entry by its form."""
    return line[EVENT : line.find(b'"', EVENT)]


def read_run(line: bytes) -> tuple[RunOf, bool]:
    """The run that an entry is of, and whether that had begun."""
    try:
        entry = json.loads(line)
        snapshot = entry["metrics_snapshot"] or {}
        number = snapshot.get(RUN)
        names = [each if isinstance(each, str) else None for each in map(entry.get, _NAMES)]
        numbered = isinstance(number, int) and not isinstance(number, bool)
        run = RunOf(number if numbered else None, (names[0], names[1]))
        return run, snapshot.get("begun") is not False
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return RunOf(None, (None, None)), True
