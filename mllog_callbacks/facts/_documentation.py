"""The facts' documentation and their JSON Schema, made from the classes."""

import types
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from mllog_callbacks.facts._course import Attempt, Batches, Best, Change, Continued, Plan, Progress
from mllog_callbacks.facts._data import DataSet, Fingerprint, GroupSizes, Range
from mllog_callbacks.facts._ending import Checkpoint, Failure, Kept, Stop, Weights
from mllog_callbacks.facts._events import EVENTS, CallFailed
from mllog_callbacks.facts._fact import Fact, Group
from mllog_callbacks.facts._issue import Checks, IssueFacts, Subject
from mllog_callbacks.facts._parameters import (
    Carried,
    Choice,
    Compared,
    Derived,
    Effect,
    GroupsJoined,
    ModelSize,
    ParameterChange,
    Parameters,
    Replaced,
    Scheduler,
)
from mllog_callbacks.facts._rule import Rule
from mllog_callbacks.facts._saved import Saved
from mllog_callbacks.facts._search import Candidates, Method, RunnerUp, Study, Trial
from mllog_callbacks.facts._witness import OutOfMemory, Witness
from mllog_callbacks.schema import EventType

__all__ = ["GROUPS", "OF_EVENTS", "OF_RUNS", "Documented", "documented", "facts_schema"]

GROUPS: Final[tuple[type[Group], ...]] = (
    *(Plan, Continued, Attempt, Progress, Batches, Best, Change),
    *(DataSet, Fingerprint, Range, GroupSizes),
    *(Parameters, Derived, Replaced, Effect, Choice, ModelSize),
    *(Scheduler, ParameterChange, GroupsJoined, Compared, Carried),
    *(Stop, Rule, Kept, Checkpoint, Weights, Failure, CallFailed),
    *(Witness, OutOfMemory),
    *(Saved, Subject, Checks),
    *(Study, Method, Trial, Candidates, RunnerUp),
)
"""The groups of facts within entries."""

OF_RUNS: Final[Mapping[str, Fact]] = {
    "run": Fact("Number of the run in its session, from 1: the key of all its entries", 1),
    "part": Fact("The event that a run within a platform's run had by itself", "TRAINING_STARTED"),
    "context": Fact("What `audit_context` was given", {"job": 17}),
}
"""Names in the snapshots of every entry of a run."""

OF_EVENTS: Final[Mapping[tuple[EventType, ...], type[Group]]] = {
    **{
        tuple(event for event, cls in EVENTS.items() if cls is each): each
        for each in dict.fromkeys(EVENTS.values())
        if each is not CallFailed
    },
    (EventType.ISSUE_DETECTED,): IssueFacts,
}
"""The class whose fields are names in the snapshots of these events."""

_PLAIN: Final[Mapping[Any, str]] = {
    int: "integer",
    float: "number",
    str: "string",
    bool: "boolean",
}


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


def documented(cls: type[Group]) -> Iterator[Documented]:
    """The fields of a class of facts, in order."""
    hints = get_type_hints(cls, include_extras=True)
    for name in cls.fields_:
        kind, fact = get_args(hints[name])
        yield Documented(name, _name(kind), fact)


def facts_schema(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an entry, with the facts of its snapshot described.

    Additional names are allowed: adapters and users record more than these.

    Args:
        entry: The JSON Schema of an entry's seven fields.
    """
    definitions = {cls.__name__: _object(cls) for cls in GROUPS}
    of_runs = {name: {"description": _described(fact)} for name, fact in OF_RUNS.items()}
    return {
        **entry,
        "$defs": {**entry["$defs"], **definitions},
        "allOf": [
            {"properties": {"metrics_snapshot": {"properties": of_runs}}},
            *(
                _where(events, {"properties": _object(cls)["properties"]})
                for events, cls in OF_EVENTS.items()
            ),
        ],
    }


def _where(events: tuple[EventType, ...], snapshot: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"event": {"enum": [str(each) for each in events]}}},
        "then": {"properties": {"metrics_snapshot": snapshot}},
    }


def _described(fact: Fact) -> str:
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"{fact.meaning}{unit}."


def _object(cls: type[Group]) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    properties = {}
    for name in cls.fields_:
        kind, fact = get_args(hints[name])
        properties[name] = {**_schema(kind), "description": _described(fact)}
    return {"type": "object", "description": str(cls.__doc__), "properties": properties}


def _option(kind: Any) -> Any:  # noqa: ANN401 - a type is any object
    """A type, without the None of what is not known."""
    if get_origin(kind) not in {Union, types.UnionType}:
        return kind
    (option,) = (each for each in get_args(kind) if each is not type(None))
    return option


def _schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type is any object
    option = _option(kind)
    if option in _PLAIN:
        return {"type": [_PLAIN[option], "null"]}
    if option is object:
        return {}
    origin, args = get_origin(option), get_args(option)
    if origin is Literal:
        return {"enum": list(args)}
    if origin is Mapping or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return {"type": "object", "additionalProperties": _schema(args[1])}
    if origin is tuple:
        return {"type": "array", "items": _schema(args[0])}
    return {"$ref": f"#/$defs/{option.__name__}"}


def _name(kind: Any) -> str:  # noqa: ANN401 - a type is any object
    option = _option(kind)
    if option in _PLAIN:
        return _PLAIN[option]
    if option is object:
        return "any"
    origin, args = get_origin(option), get_args(option)
    if origin is Literal:
        return ", ".join(map(str, args))
    if origin is tuple:
        return f"list of {_name(args[0])}"
    if isinstance(option, type) and issubclass(option, Group):
        return option.__name__
    return f"object of {_name(args[1])}"
