"""What a fact is: a typed, named value of an entry, with its meaning, an example and a unit.

A class of facts is a record whose fields are annotated with `Fact`. Its dump is what an entry's
``metrics_snapshot`` holds: the fields by name, without those that are not known.
"""

from collections.abc import Mapping
from typing import NamedTuple, dataclass_transform

from mllog_callbacks._record import Record

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


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Group(Record):
    """Facts that belong together, such as those of a stop."""


def dump(group: Group) -> dict[str, object]:
    """The facts as an entry holds them: by name, without those that are not known."""
    values = ((name, getattr(group, name)) for name in group.fields_)
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
