"""From whatever a caller hands over to one strict RFC 8259 line; never an exception.

Every change made on the way (a NaN that became ``null``, a text that was cut) is noted at the end
of the entry's own reasoning, so that no reader takes the written value for the given one.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from mllog_callbacks.schema._event_types import EventType
from mllog_callbacks.schema._interruptions import interruption
from mllog_callbacks.schema._secrets import (
    masked_list,
    masked_text,
    may_hold_secret,
    may_name_secret,
)
from mllog_callbacks.schema._serializers import fastest
from mllog_callbacks.schema._values import (
    DEPTH,
    KEY_CHARS,
    LIST_ITEMS,
    TEXT_CHARS,
    Changes,
    Json,
    text,
    value,
)

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

_to_json, _to_strict, _add_up, _STRICT = fastest()

_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1
_MANY: Final = 100  # values beyond which a snapshot, or one in it, takes the long way
_NESTED: Final = 1_000  # the same for all values of those in it
_REMEMBERED: Final = 10_000  # names, and beginnings of lines
_spellings: dict[str, str] = {}
_heads: dict[tuple[object, ...], bytes] = {}
_known_names: set[object] = set()

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
    *,
    recursion_is_theirs: bool = True,
) -> bytes:
    """Return an entry's line from its second field on; the sink puts the timestamp before it.

    The arguments are those of `AuditLog.emit`, of any type: what is not text is written as text,
    what is not a mapping becomes one. Never raises `Exception`: of what cannot be encoded at all,
    the event remains, and the reasoning says why.

    Args:
        event: The type of the entry.
        dataset: As in `AuditLog.emit`, as are the others.
        model: Likewise.
        decision: Likewise.
        reasoning: Likewise.
        metrics_snapshot: Likewise.
        recursion_is_theirs: Whether a `RecursionError` is the fault of a value, which is noted as
            one that cannot be read; else it is raised, for the caller's stack may be at its limit.

    Raises:
        RecursionError: With `recursion_is_theirs` false.
    """
    try:
        line = _encode_plain(event, dataset, model, decision, reasoning, metrics_snapshot)
    except Exception as error:  # a lone surrogate, say: the long way notes it
        if interruption(error) is not None:
            raise
        line = None
    if line is not None:
        return line
    texts = (dataset, model, decision, reasoning)
    return _encode(event, texts, metrics_snapshot, recursion_is_theirs=recursion_is_theirs)


def _encode_plain(  # noqa: C901 - in one piece: each call would cost a twentieth of it
    event: EventType,
    dataset: object,
    model: object,
    decision: object,
    reasoning: object,
    metrics: object,
) -> bytes | None:
    """Encode what can be written as it is, as almost all can; None of what cannot.

    The same bytes as `_encode` makes, in a sixth of its time: what one entry has in common with
    the last is not made again.
    """
    head = _heads.get((event._value_, dataset, model)) or _head(event, dataset, model)
    if head is None:
        return None
    decided = reasoned = measured = b"null"
    if decision is not None:
        if type(decision) is not str or len(decision) > DECISION_CHARS:
            return None
        decided = _to_json(masked_text(decision))
    if reasoning is not None:
        if type(reasoning) is not str or len(reasoning) > REASONING_CHARS:
            return None
        reasoned = _to_json(masked_text(reasoning))
    if metrics is not None:
        if type(metrics) is not dict or len(metrics) > _MANY:
            return None
        if not _known_names.issuperset(metrics) and not _plain_names(metrics):
            return None
        measured = _to_strict(metrics, None, _STRICT)
        try:
            total = _add_up(metrics.values())
            plain = total - total == 0  # not where a number is NaN or infinite
        except TypeError:  # there are texts, say
            plain = _plain_values(metrics.values())
        if not plain:
            return None
    line = b"".join(
        (head, decided, b',"reasoning":', reasoned, b',"metrics_snapshot":', measured, b"}\n")
    )
    if not line.isascii():
        line = _escaped(line)
    return line if len(line) <= _ROOM else None


def _head(event: EventType, dataset: object, model: object) -> bytes | None:
    """The beginning of a line up to the decision, remembered for the next one."""
    for name in (dataset, model):
        if name is not None and (type(name) is not str or len(name) > NAME_CHARS):
            return None
        if name is not None and may_hold_secret(name):
            return None
    line = _line(event, dataset, model, None, None, None)
    head = line.removesuffix(b'null,"reasoning":null,"metrics_snapshot":null}\n')
    if len(_heads) < _REMEMBERED:
        _heads[event._value_, dataset, model] = head
    return head


def _plain_values(values: Iterable[object]) -> bool:
    """Whether all can be written as they are: those of mappings and lists in them, too."""
    level, many = list(values), 0
    for _ in range(DEPTH - 1):
        nested: list[object] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                if len(item) > _MANY or not _plain_names(item):  # type: ignore[arg-type]  # a dict
                    return False
                nested += item.values()  # type: ignore[attr-defined]  # likewise
            elif kind is list:
                if not _plain_list(item):  # type: ignore[arg-type]  # a list
                    return False
                many += len(item)  # type: ignore[arg-type]  # likewise
            elif not _is_plain(item):
                return False
        many += len(nested)
        if many > _NESTED:
            return False
        if not nested:
            return True
        level = nested
    return False


def _plain_list(items: list[object]) -> bool:
    """Whether these are numbers, or texts, of which none is the flag of a secret."""
    kinds = set(map(type, items)) - {type(None)}
    if len(items) > LIST_ITEMS or not (kinds <= {int, float} or kinds == {str}):
        return False
    return all(map(_is_plain, items)) and masked_list(items) == items


def _is_plain(item: object) -> bool:
    kind = type(item)
    if kind is float:
        return item - item == 0  # type: ignore[operator,no-any-return]  # of what is not finite, NaN
    if kind is int:
        return _LEAST <= item <= _MOST  # type: ignore[operator]  # an int
    if kind is str:
        return len(item) <= TEXT_CHARS and not may_hold_secret(item)  # type: ignore[arg-type]  # a str
    return item is None or kind is bool


def _plain_names(names: Collection[object]) -> bool:
    """Whether no name is another's where readers ignore case, nor a secret's; if so, remembered.

    The same names come with every iteration. Of those remembered no two differ by case alone.
    """
    if _known_names.issuperset(names):
        return True
    for name in names:
        if type(name) is not str or len(name) > KEY_CHARS or len(_spellings) >= _REMEMBERED:
            return False
        if may_name_secret(name) or may_hold_secret(name):
            return False
        if _spellings.setdefault(name.casefold(), name) != name:
            return False
    _known_names.update(names)
    return True


def _encode(
    event: EventType,
    texts: tuple[object, ...],
    metrics_snapshot: object,
    *,
    recursion_is_theirs: bool = True,
) -> bytes:
    """Encode whatever it is, looking at each value."""
    try:
        for budget in _SNAPSHOT_BUDGETS:
            changes = Changes(budget, recursion_is_theirs=recursion_is_theirs)
            line = _encode_within(event, texts, metrics_snapshot, changes)
            if len(line) <= _ROOM:
                return line
    except Exception as error:
        if isinstance(error, RecursionError) and not recursion_is_theirs:
            raise
        if interruption(error) is not None:
            raise
        reason = f"The rest of this entry could not be encoded: {type(error).__name__}."
    else:  # pragma: no cover - the texts alone are below the cap
        reason = "The rest of this entry was too long."
    return _line(event, None, None, None, reason, None)


def _encode_within(
    event: EventType, texts: tuple[object, ...], snapshot: object, changes: Changes
) -> bytes:
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
        recorded = changes.recorded(CHANGES_CHARS)
        reasoning = f"{reasoning} {recorded}" if reasoning else recorded
    return _line(event, dataset, model, decision, reasoning, metrics)


def _snapshot(given: object, changes: Changes) -> Json:
    if given is None:
        return None
    named = given if isinstance(given, Mapping) else {"value": given}
    return value(named, "", changes)


def _line(
    event: EventType,
    dataset: object,
    model: object,
    decision: object,
    reasoning: object,
    metrics: object,
) -> bytes:
    entry = {
        "event": event._value_,  # `value` is a property, and slower than all else here
        "dataset": dataset,
        "model": model,
        "decision": decision,
        "reasoning": reasoning,
        "metrics_snapshot": metrics,
    }
    line = _to_json(entry)[1:] + b"\n"
    return line if line.isascii() else _escaped(line)


def _escaped(line: bytes) -> bytes:
    for char, escaped in _LINE_BREAKS:
        line = line.replace(char, escaped)
    return line
