"""What tests ask of a run's entries."""

from collections.abc import Callable
from typing import Any, TypeAlias

from mllog_callbacks import RUN_ENDS, EventType, LogEntry

Entries: TypeAlias = Callable[[], list[LogEntry]]
"""The fixture of that name: what a log holds so far."""


def of(recorded: list[LogEntry], *events: EventType) -> list[LogEntry]:
    """The entries of some event types."""
    return [entry for entry in recorded if entry.event in events]


def one(recorded: list[LogEntry], event: EventType) -> LogEntry:
    """The one entry of an event type."""
    (entry,) = of(recorded, event)
    return entry


def issues(recorded: list[LogEntry], name: str) -> list[LogEntry]:
    """The issues of a name."""
    found = of(recorded, EventType.ISSUE_DETECTED)
    return [entry for entry in found if (entry.metrics_snapshot or {}).get("name") == name]


def the_end(recorded: list[LogEntry]) -> LogEntry:
    """The one end of the one run; it is the last entry."""
    assert [entry.event for entry in recorded].count(EventType.TRAINING_STARTED) == 1
    ends = of(recorded, *RUN_ENDS)
    assert len(ends) == 1
    assert recorded[-1] is ends[0]
    return ends[0]


def done(entry: LogEntry) -> int:
    """How many iterations, epochs or steps are done, by an entry."""
    return int(facts_of(entry)["progress"]["done"])


def facts_of(entry: LogEntry) -> dict[str, Any]:
    """Its snapshot; empty where it has none."""
    return dict[str, Any](entry.metrics_snapshot or {})
