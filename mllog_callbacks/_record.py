"""Frozen values by name: a frozen dataclass, without the code that a dataclass writes for itself.

That code takes a millisecond a class; every program that logs would wait for some fifty of them.
"""

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from dataclasses import Field

__all__ = ["Record", "replace"]


class _Fields:
    """What the functions of `dataclasses` look for; made for the first one that is called."""

    def __get__(self, _: object, record: "type[Record]") -> "dict[str, Field[Any]]":
        from dataclasses import make_dataclass  # noqa: PLC0415 - see above

        made = vars(make_dataclass("_", record.fields_))["__dataclass_fields__"]
        record.__dataclass_fields__ = made
        return record.__dataclass_fields__


@dataclass_transform(frozen_default=True)
class Record:
    """The base of such a class: its annotations are its fields, in order, with their defaults.

    Two are equal where they are of one class and all their values are. `dataclasses.fields`,
    `asdict` and `replace` take them.

    Args:
        values: The values of the first fields.
        named: Those of others, by name.

    Attributes:
        fields_: The names of all fields.

    Raises:
        TypeError: A field without a default has no value, or there is no such field.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    fields_: ClassVar[tuple[str, ...]] = ()
    _known: ClassVar[frozenset[str]] = frozenset()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = dict.fromkeys(cls.__annotations__)
        if not TYPE_CHECKING:
            cls.__dataclass_fields__ = _Fields()
        cls.fields_ = tuple(dict.fromkeys((*cls.fields_, *own)))
        cls._known = frozenset(cls.fields_)
        # A default is an attribute of the class, which its instances have as well
        cls._required = frozenset(name for name in cls.fields_ if not hasattr(cls, name))

    def __init__(self, *values: object, **named: object) -> None:
        if values:
            given = dict(zip(self.fields_, values, strict=False))
            if len(given) < len(values) or not given.keys().isdisjoint(named):
                msg = f"{type(self).__name__}() got too many values"
                raise TypeError(msg)
            named |= given
        if wrong := named.keys() - self._known:
            msg = f"{type(self).__name__}() has no {', '.join(sorted(wrong))}"
            raise TypeError(msg)
        if missing := self._required - named.keys():
            msg = f"{type(self).__name__}() needs {', '.join(sorted(missing))}"
            raise TypeError(msg)
        self.__dict__.update(named)

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.fields_)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.fields_)
        return f"{type(self).__name__}({shown})"

    def __setattr__(self, name: str, value: object) -> None:
        msg = f"{type(self).__name__}.{name} cannot be changed"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> None:
        msg = f"{type(self).__name__}.{name} cannot be removed"
        raise AttributeError(msg)


_Kept = TypeVar("_Kept", bound=Record)


def replace(record: _Kept, **changes: Any) -> _Kept:  # noqa: ANN401 - as `dataclasses.replace` has it
    """A copy of a record with other values for some fields: as `dataclasses.replace`, and sooner.

    Raises:
        TypeError: There is no such field.
    """
    return type(record)(**(record.__dict__ | changes))
