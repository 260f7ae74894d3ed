"""The facts' documentation and their JSON Schema, made from the classes."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from mllog_callbacks.facts._ending import Failure, Kept, Rule, Stop
from mllog_callbacks.facts._fact import Fact
from mllog_callbacks.facts._issue import IssueFacts, Subject

__all__ = ["GROUPS", "OF_ENDS", "OF_ISSUES", "OF_RUNS", "Documented", "documented", "facts_schema"]

GROUPS: Final[tuple[type, ...]] = (Stop, Rule, Kept, Failure, IssueFacts, Subject)
"""Every class of facts."""

OF_RUNS: Final[Mapping[str, Fact]] = {
    "run": Fact("Number of the run in its session, from 1: the key of all its entries", 1),
    "part": Fact("The event that a run within a platform's run had by itself", "TRAINING_STARTED"),
    "context": Fact("What `audit_context` was given", {"job": 17}),
}
"""Names in the snapshots of every entry of a run."""

OF_ENDS: Final[Mapping[str, type | Fact]] = {
    "seconds": Fact("From the run's start to its end", 0.975, "s"),
    "stop": Stop,
    "kept": Kept,
    "error": Failure,
}
"""Names in the snapshots of TRAINING_COMPLETED, TRAINING_STOPPED and TRAINING_FAILED."""

OF_ISSUES: Final = IssueFacts
"""Its fields are names in the snapshots of ISSUE_DETECTED."""

_PLAIN: Final = {int: "integer", float: "number", str: "string", bool: "boolean"}
_ENDS: Final = ("TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED")


class Documented(NamedTuple):
    """A field, as documentation shows it.

    Attributes:
        name: Its name.
        type: Its JSON type, its possible values, or the class of facts that it holds.
        fact: Its meaning, example and unit.
    """

    name: str
    type: str
    fact: Fact


def documented(cls: type) -> Iterator[Documented]:
    """The fields of a class of facts, in order."""
    hints = get_type_hints(cls, include_extras=True)
    for each in fields(cls):
        kind, fact = get_args(hints[each.name])
        yield Documented(each.name, " or ".join(map(_name, _options(kind))), fact)


def facts_schema(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an entry, with the facts of its snapshot described.

    Additional names are allowed: adapters and users record more than these.

    Args:
        entry: The JSON Schema of an entry's seven fields.
    """
    definitions = {cls.__name__: _object(cls) for cls in GROUPS}
    of_runs = {name: _described(fact) for name, fact in OF_RUNS.items()}
    of_ends = {
        name: _described(each) if isinstance(each, Fact) else {"$ref": f"#/$defs/{each.__name__}"}
        for name, each in OF_ENDS.items()
    }
    return {
        **entry,
        "$defs": {**entry["$defs"], **definitions},
        "allOf": [
            {"properties": {"metrics_snapshot": {"properties": of_runs}}},
            _where(_ENDS, {"properties": of_ends}),
            _where(("ISSUE_DETECTED",), {"properties": definitions["IssueFacts"]["properties"]}),
        ],
    }


def _where(events: tuple[str, ...], snapshot: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"event": {"enum": list(events)}}},
        "then": {"properties": {"metrics_snapshot": snapshot}},
    }


def _described(fact: Fact) -> dict[str, Any]:
    unit = f" ({fact.unit})" if fact.unit else ""
    return {"description": f"{fact.meaning}{unit}."}


def _object(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    properties = {}
    for each in fields(cls):
        kind, fact = get_args(hints[each.name])
        properties[each.name] = {**_schema(kind), **_described(fact)}
    return {"type": "object", "description": str(cls.__doc__), "properties": properties}


def _options(kind: Any) -> list[Any]:  # noqa: ANN401 - a type is any object
    union = get_origin(kind) in {Union, types.UnionType}
    return [each for each in (get_args(kind) if union else (kind,)) if each is not type(None)]


def _schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type is any object
    (option,) = _options(kind)
    if option in _PLAIN:
        return {"type": [_PLAIN[option], "null"]}
    if get_origin(option) is Literal:
        return {"enum": list(get_args(option))}
    return {"$ref": f"#/$defs/{option.__name__}"}


def _name(kind: Any) -> str:  # noqa: ANN401 - a type is any object
    if kind in _PLAIN:
        return _PLAIN[kind]
    if is_dataclass(kind) and isinstance(kind, type):
        return kind.__name__
    return ", ".join(map(str, get_args(kind)))
