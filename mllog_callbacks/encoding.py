"""From whatever a caller hands over to one strict RFC 8259 line; never an exception.

Every change made on the way (a NaN that became ``null``, a text that was cut) is told at the end
of the entry's own reasoning, so that no reader takes the written value for the given one.
"""

from collections.abc import Mapping
from typing import Final

from pydantic_core import to_json

from mllog_callbacks.events import EventType
from mllog_callbacks.values import Changes, Json, text, value

__all__ = ["HARD_CAP", "encode"]

HARD_CAP: Final = 65_536
"""Bytes a line never exceeds, its timestamp and newline included."""

# Characters kept of each text. Together the texts stay below 8 KiB of ASCII: rsyslog's default
# cuts a message at 8,096 bytes.
NAME_CHARS: Final = 300
DECISION_CHARS: Final = 1_500
REASONING_CHARS: Final = 4_000
CHANGES_CHARS: Final = 1_000

# Values kept of a snapshot, tried in turn until the line is under the cap.
_SNAPSHOT_BUDGETS: Final = (2_000, 500, 100, 10, 0)
_ROOM: Final = HARD_CAP - len('{"timestamp":"2025-01-30T10:42:11.123456Z",')

# Python's `splitlines`, and tools built on it, break a line at these; JSON may escape them.
_LINE_BREAKS: Final = tuple(
    (char.encode(), f"\\u{ord(char):04x}".encode()) for char in "\x85\u2028\u2029"
)


def encode(
    event: EventType,
    dataset: object = None,
    model: object = None,
    decision: object = None,
    reasoning: object = None,
    metrics_snapshot: object = None,
) -> bytes:
    """Return an entry's line from its second field on; the sink puts the timestamp before it.

    The arguments are those of `AuditLog.emit`, of any type: what is not text is written as text,
    what is not a mapping becomes one. Never raises `Exception`: of what cannot be encoded at all,
    the event remains, and the reasoning says why.
    """
    texts = (dataset, model, decision, reasoning)
    try:
        for budget in _SNAPSHOT_BUDGETS:
            line = _encode_within(event, texts, metrics_snapshot, budget)
            if len(line) <= _ROOM:
                return line
    except Exception as error:  # noqa: BLE001 - the promise: whatever a caller's object does
        reason = f"The rest of this entry could not be encoded: {type(error).__name__}."
    else:  # pragma: no cover - the texts alone are below the cap
        reason = "The rest of this entry was too long."
    return _line(event, None, None, None, reason, None)


def _encode_within(
    event: EventType, texts: tuple[object, ...], snapshot: object, budget: int
) -> bytes:
    changes = Changes(budget)
    dataset, model, decision, reasoning = (
        None if given is None else text(given, limit, name, changes)
        for name, limit, given in zip(
            ("dataset", "model", "decision", "reasoning"),
            (NAME_CHARS, NAME_CHARS, DECISION_CHARS, REASONING_CHARS),
            texts,
            strict=True,
        )
    )
    metrics = _snapshot(snapshot, changes)
    if changes:
        told = changes.told(CHANGES_CHARS)
        reasoning = f"{reasoning} {told}" if reasoning else told
    return _line(event, dataset, model, decision, reasoning, metrics)


def _snapshot(given: object, changes: Changes) -> Json:
    if given is None:
        return None
    named = given if isinstance(given, Mapping) else {"value": given}
    return value(named, "", changes)


def _line(
    event: EventType,
    dataset: str | None,
    model: str | None,
    decision: str | None,
    reasoning: str | None,
    metrics: Json,
) -> bytes:
    entry = {
        "event": event.value,
        "dataset": dataset,
        "model": model,
        "decision": decision,
        "reasoning": reasoning,
        "metrics_snapshot": metrics,
    }
    line = to_json(entry)[1:] + b"\n"
    if not line.isascii():
        for char, escaped in _LINE_BREAKS:
            line = line.replace(char, escaped)
    return line
