"""What a fact is: a typed, named value of an entry, with its meaning, an example and a unit.

A class of facts is a dataclass whose fields are annotated with `Fact`. Its dump is what an entry's
``metrics_snapshot`` holds: the fields by name, without those that are not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

__all__ = ["Fact", "Group", "dump"]


class Fact(NamedTuple):
    """What documentation and schema say of a field.

    Attributes:
        meaning: What the value is.
        example: A value, as it appears in an entry.
        unit: What a number counts or is measured in; empty where it needs none.
    """

    meaning: str
    example: object = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Facts that belong together, such as those of a stop."""


def dump(group: Group) -> dict[str, object]:
    """The facts as an entry holds them: by name, without those that are not known."""
    values = ((each.name, getattr(group, each.name)) for each in fields(group))
    return {name: _dumped(value) for name, value in values if not _is_absent(value)}


def _dumped(value: object) -> object:
    if isinstance(value, Group):
        return dump(value)
    if isinstance(value, Mapping):
        return {name: _dumped(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_dumped(each) for each in value]
    return value


def _is_absent(value: object) -> bool:
    """Whether a fact is not known, or a collection that holds none."""
    return value is None or (isinstance(value, Mapping | tuple) and not value)
