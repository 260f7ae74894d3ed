"""What writes values as JSON: orjson, or pydantic where orjson cannot be loaded."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, NoReturn

__all__ = ["Serializer", "as_written", "fastest", "of_orjson", "of_pydantic"]


class Serializer(NamedTuple):
    """How values become JSON.

    Attributes:
        to_json: The JSON of a value.
        to_strict: The same of a snapshot, given `options`; may raise where a value is not of a
            plain type.
        add_up: The sum of numbers; raises where it is not known that all are numbers of 53 bits
            or texts.
        options: The third argument of `to_strict`.
    """

    to_json: Callable[[object], bytes]
    to_strict: Callable[[object, None, int], bytes]
    add_up: Callable[[Iterable[Any]], Any]
    options: int


def of_orjson() -> Serializer:
    """Orjson, which takes a third of the time, and checks the types as well.

    Raises:
        ImportError: It cannot be loaded.
    """
    import orjson  # noqa: PLC0415 - it may be missing

    strict: Final = (
        orjson.OPT_PASSTHROUGH_SUBCLASS
        | orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_STRICT_INTEGER
    )
    return Serializer(orjson.dumps, orjson.dumps, sum, strict)


def of_pydantic() -> Serializer:
    """Pydantic's own serializer, and not its `to_json`, which makes one at each call."""
    from pydantic_core import SchemaSerializer, core_schema  # noqa: PLC0415 - slow to import

    to_json = SchemaSerializer(core_schema.any_schema()).to_json

    def to_strict(snapshot: object, _default: None, _option: int) -> bytes:
        return to_json(snapshot)

    return Serializer(to_json, to_strict, _refuse, 0)


def fastest() -> Serializer:
    """The faster one of those that can be loaded here."""
    try:
        return of_orjson()
    except ImportError:
        return of_pydantic()


def as_written() -> Callable[[bytes], Any]:
    """What reads JSON that is exactly as we write it, and raises ValueError of any other.

    What is written again as it was has no name twice, no space, and no number that a reader would
    take for another; integers are of 53 bits. Without orjson all JSON counts as other.
    """
    try:
        import orjson  # noqa: PLC0415 - it may be missing
    except ImportError:
        return _other
    loads, dumps, strict = orjson.loads, orjson.dumps, orjson.OPT_STRICT_INTEGER

    def read(raw: bytes) -> Any:  # noqa: ANN401 - any value of JSON
        found = loads(raw)
        if dumps(found, None, strict) != raw:
            raise ValueError
        return found

    return read


def _other(_: bytes) -> NoReturn:
    raise ValueError


def _refuse(_: Iterable[object]) -> NoReturn:
    raise TypeError
