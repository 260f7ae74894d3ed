"""Values of any kind, made into JSON that every common reader takes.

What readers accept was tried on json, orjson, polars, pandas, pyarrow, DuckDB and others: no NaN
or infinity, no integer beyond 64 bits, no lone surrogate, no two keys that differ by case alone
(DuckDB), no list of mixed types (pyarrow, polars), no deep nesting (DuckDB stops at 128).
"""

import math
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import islice
from typing import Any, Final, TypeAlias

from mllog_callbacks._lazy import pattern
from mllog_callbacks.schema._interruptions import interruption
from mllog_callbacks.schema._phrases import count
from mllog_callbacks.schema._secrets import masked_items, masked_list, masked_text

__all__ = ["Changes", "Json", "text", "value"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

KEY_CHARS: Final = 120
TEXT_CHARS: Final = 1_000
LIST_ITEMS: Final = 100
NESTED_NAMES: Final = 300  # so that one huge mapping leaves room for what stands beside it
DEPTH: Final = 8
_BEYOND: Final = 2_000  # characters behind a cut by which a secret before it is known as one

_PASSING: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""What passes through although a value's own code is running.

All else that such code raises is the value's, such as the panics of libraries written in Rust,
which derive from `BaseException` alone.
"""

_INT64: Final = range(-(2**63), 2**63)
_SURROGATE = pattern("[\ud800-\udfff]")

_UNIT: Final = pattern(r"\[(\d*)([A-Za-z]+)\]")  # of a numpy type, as in ``timedelta64[5ms]``
_SECONDS: Final[dict[str, tuple[int, int]]] = {
    "W": (604_800, 1),
    "D": (86_400, 1),
    "h": (3_600, 1),
    "m": (60, 1),
    **{
        unit: (1, 1_000**power)
        for power, unit in enumerate(("s", "ms", "us", "ns", "ps", "fs", "as"))
    },
}
"""A unit of time in seconds: so many, divided by so many parts."""


class Changes:
    """What was changed while making JSON of one entry, and how many values may still be taken.

    Args:
        budget: How many values may be taken.
        recursion_is_theirs: Whether a value that raises `RecursionError` is noted as such.
    """

    def __init__(self, budget: int, *, recursion_is_theirs: bool = True) -> None:
        self.recursion_is_theirs = recursion_is_theirs
        self._notes: list[str] = []
        self._unnoted = 0
        self._left_out = 0
        self.budget = budget

    def __bool__(self) -> bool:
        return bool(self._notes or self._left_out)

    def is_of_value(self, error: BaseException) -> bool:
        """Whether what a value's own code raised is to be noted; else it passes."""
        if isinstance(error, RecursionError) and not self.recursion_is_theirs:
            return False
        return not isinstance(error, _PASSING) and interruption(error) is None

    def note(self, where: str, what: str) -> None:
        """Keep one change: the name of the value, and what became of it."""
        if len(self._notes) < 20:  # noqa: PLR2004 - more are counted, not listed
            self._notes.append(f"{where} {what}" if where else what)
        else:
            self._unnoted += 1

    def take(self) -> bool:
        """Whether one more value fits the line; if not, it is counted as left out."""
        if self.budget > 0:
            self.budget -= 1
            return True
        self._left_out += 1
        return False

    def leave_out(self, count: int) -> None:
        """Count values not even looked at."""
        self._left_out += count

    def recorded(self, limit: int) -> str:
        """The changes as one bracketed sentence of at most about `limit` characters."""
        notes, hidden = self._notes, self._unnoted
        if self._left_out:
            notes = [f"{count(self._left_out, 'value')} left out to keep the line short", *notes]
        while len(notes) > 1 and sum(map(len, notes)) > limit:
            notes, hidden = notes[:-1], hidden + 1
        if hidden:
            notes = [*notes, count(hidden, "more such change")]
        return f"[Written with changes: {'; '.join(notes)}.]"


def text(given: object, limit: int, where: str, changes: Changes) -> str:
    """Return `given` as text of at most `limit` characters and a mark, free of surrogates.

    Secrets in it are masked.
    """
    string = given if type(given) is str else _described(given, changes)
    if len(string) > limit + _BEYOND:  # far beyond the cut nothing is looked at
        string, whole = masked_text(string[: limit + _BEYOND]), len(string)
    else:
        string = masked_text(string)
        whole = len(string)
    if len(string) > limit:
        changes.note(where, f"cut to {limit:,} of {whole:,} characters")
        string = string[:limit] + "…"
    if not string.isascii() and _SURROGATE.search(string):
        changes.note(where, "had lone surrogates, written as \\udXXX")
        string = string.encode("utf-8", "backslashreplace").decode()
    return string


def value(given: object, where: str, changes: Changes, depth: int = 0) -> Json:
    """Return `given` as JSON; `where` names it in what `changes` records.

    Scalars of numpy, torch and the like become plain numbers, small arrays lists; what has no
    place in JSON is described as text. Secrets are masked.
    """
    kind = type(given)
    if kind is float and math.isfinite(given):  # type: ignore[arg-type]  # its type is float
        return given  # type: ignore[return-value]  # the common case first
    try:
        return _value(given, where, changes, depth)
    except BaseException as error:  # a caller's object may raise anything when read
        if not changes.is_of_value(error):
            raise
        changes.note(where, f"could not be read ({type(error).__name__})")
        return None


def _value(given: object, where: str, changes: Changes, depth: int) -> Json:
    if given is None or given is True or given is False:
        return given
    if isinstance(given, Enum):
        return _value(given.value, where, changes, depth)
    if isinstance(given, str):
        return text(given, TEXT_CHARS, where, changes)
    if isinstance(given, int):
        return _integer(int(given), where, changes)
    if isinstance(given, float):
        return _real(float(given), where, changes)
    if isinstance(given, Mapping):
        return _object(given, where, changes, depth)
    if isinstance(given, (list, tuple, AbstractSet)):
        return _list(given, len(given), where, changes, depth)
    return _foreign(given, where, changes, depth)


def _integer(number: int, where: str, changes: Changes) -> Json:
    if number in _INT64:
        return number
    try:
        near = float(number)
    except OverflowError:
        changes.note(where, f"was an integer of {number.bit_length():,} bits, written as null")
        return None
    changes.note(where, f"was an integer beyond 64 bits, written as the nearest float {near!r}")
    return near


def _real(number: float, where: str, changes: Changes) -> Json:
    if math.isfinite(number):
        return number
    name = "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    changes.note(where, f"was {name}, written as null")
    return None


def _object(given: Mapping[object, object], where: str, changes: Changes, depth: int) -> Json:
    if depth >= DEPTH:
        return _too_deep(given, where, changes)
    result: dict[str, Json] = {}
    folded: set[str] = set()
    # Copied in one go: another thread may be changing it
    kept = list(islice(given.items(), NESTED_NAMES if depth else changes.budget))
    changes.leave_out(max(0, len(given) - len(kept)))
    for name, item in masked_items(kept):
        if changes.take():
            key = _key(name, folded, where, changes)
            result[key] = value(item, f"{where}.{key}" if where else key, changes, depth + 1)
    return result


def _key(name: object, folded: set[str], where: str, changes: Changes) -> str:
    """A key no other key of the same object equals, also where readers ignore case."""
    if isinstance(name, Enum):
        name = name.value
    key = text(name, KEY_CHARS, f"a key of {where}" if where else "a key", changes)
    unique, copy = key, 2
    while unique.casefold() in folded:
        unique, copy = f"{key}#{copy}", copy + 1
    if unique != key:
        changes.note(f"{where}.{key}" if where else key, f"stood twice, written as {unique}")
    folded.add(unique.casefold())
    return unique


def _list(given: Iterable[object], length: int, where: str, changes: Changes, depth: int) -> Json:
    if depth >= DEPTH:
        return _too_deep(given, where, changes)
    if length > LIST_ITEMS:
        changes.note(where, f"cut to the first {LIST_ITEMS:,} of {length:,} items")
    items: list[Json] = []
    for index, item in enumerate(masked_list(list(islice(given, LIST_ITEMS)))):
        if not changes.take():
            changes.leave_out(max(0, min(length, LIST_ITEMS) - index - 1))
            break
        items.append(value(item, f"{where}[{index}]", changes, depth + 1))
    if _kind(items) is None:
        changes.note(where, "had items of several kinds, written as text")
        return [item if item is None else _plain(item) for item in items]
    return items


def _kind(item: Json) -> str | None:
    """The column type a reader infers; None where it cannot: columns have one type."""
    if item is None:
        return ""
    if isinstance(item, bool):
        return "boolean"
    if isinstance(item, (int, float)):
        return "number"
    if isinstance(item, str):
        return "text"
    if isinstance(item, dict):
        return None
    kinds = {_kind(each) for each in item} - {""}
    if len(kinds) > 1 or None in kinds:
        return None
    return f"list of {kinds.pop() if kinds else 'nothing'}"


def _plain(item: Json) -> str:
    return item if isinstance(item, str) else repr(item)[:TEXT_CHARS]


def _too_deep(given: object, where: str, changes: Changes) -> Json:
    changes.note(where, f"was nested deeper than {DEPTH} levels, written as text")
    return text(type(given).__name__, TEXT_CHARS, where, changes)


def _foreign(given: Any, where: str, changes: Changes, depth: int) -> Json:  # noqa: ANN401 - it is
    """Scalars and arrays of numpy, torch, jax and so on by their common protocol; else text."""
    if isinstance(given, type):
        return _other(given, where, changes)
    library = type(given).__module__.partition(".")[0]
    if library == "pandas" and type(given).__name__ == "NAType":  # a value that is missing
        changes.note(where, "was NA, written as null")
        return None
    if library == "pyarrow":
        for name in ("as_py", "to_pylist"):  # of scalars, of arrays
            if callable(convert := getattr(given, name, None)):
                return _value(convert(), where, changes, depth)
    shape = getattr(given, "shape", None)
    if not isinstance(shape, tuple):
        return _other(given, where, changes)
    if getattr(getattr(given, "dtype", None), "kind", "") in {"M", "m"}:
        return _times(given, where, changes)
    if hasattr(given, "tolist") and math.prod(shape) <= LIST_ITEMS:  # tables have none
        items = given.tolist()
        if math.prod(shape) == 1:
            return _scalar(_only(items), where, changes, depth)
        return _value(items, where, changes, depth)
    dtype = getattr(given, "dtype", "")
    changes.note(where, "was an array, described by its shape")
    return text(
        f"{type(given).__name__} of shape {tuple(shape)} {dtype}", TEXT_CHARS, where, changes
    )


def _times(given: Any, where: str, changes: Changes) -> Json:  # noqa: ANN401 - it is
    """Moments of numpy as text, its durations in seconds; their `tolist` is a count of units."""
    if math.prod(given.shape) > LIST_ITEMS:
        changes.note(where, "was an array, described by its shape")
        return f"{type(given).__name__} of shape {tuple(given.shape)} {given.dtype}"
    if given.dtype.kind == "M":
        return _each(given.astype(str).tolist(), where, changes, _moment)
    unit = _UNIT.search(str(given.dtype))
    if unit is None or unit[2] not in _SECONDS:  # none, or one of no fixed length
        return _each(given.astype(str).tolist(), where, changes, _moment)
    times, parts = _SECONDS[unit[2]]
    times *= int(unit[1] or 1)

    def duration(number: int, where: str, changes: Changes) -> Json:
        if number == _INT64.start:  # as numpy keeps it
            return _moment("NaT", where, changes)
        return number * times / parts

    return _each(given.astype("int64").tolist(), where, changes, duration)


def _each(
    items: object,
    where: str,
    changes: Changes,
    convert: Callable[[Any, str, Changes], Json],
) -> Json:
    """Nested lists with each item converted."""
    if not isinstance(items, list):
        return convert(items, where, changes)
    return [_each(item, f"{where}[{index}]", changes, convert) for index, item in enumerate(items)]


def _moment(text: str, where: str, changes: Changes) -> Json:
    if text == "NaT":
        changes.note(where, "was NaT, written as null")
        return None
    return text


def _only(items: object) -> object:
    """The one item of nested lists."""
    while isinstance(items, list):
        items = items[0]
    return items


def _scalar(item: object, where: str, changes: Changes, depth: int) -> Json:
    if getattr(item, "shape", None) is None:
        return _value(item, where, changes, depth)
    try:  # numpy's long double is its own item: wider than any Python number
        return _near(item, where, changes)
    except OverflowError:
        return _beyond(where, changes)


def _beyond(where: str, changes: Changes) -> Json:
    changes.note(where, "was beyond the range of floats, written as null")
    return None


def _near(given: Any, where: str, changes: Changes) -> Json:  # noqa: ANN401 - it is
    """The nearest float of a number that may be none."""
    near = float(given)
    if math.isinf(near) and given != near:
        raise OverflowError  # as a fraction does by itself
    if near == 0 and given != 0:
        changes.note(where, "was too near to 0 for a float, written as 0")
    return _real(near, where, changes)


def _other(given: Any, where: str, changes: Changes) -> Json:  # noqa: ANN401 - it is
    if isinstance(given, (datetime, date)):
        return _moment(given.isoformat(), where, changes)
    if isinstance(given, timedelta):
        return given.total_seconds()
    if isinstance(given, type) or not hasattr(given, "__float__"):
        return text(given, TEXT_CHARS, where, changes)
    try:  # decimal, fraction
        return _near(given, where, changes)
    except OverflowError:
        return _beyond(where, changes)
    except (TypeError, ValueError):  # it cannot, after all
        return text(given, TEXT_CHARS, where, changes)


def _described(given: object, changes: Changes) -> str:
    """`str(given)`; classes and functions by their names, and what cannot say by its type."""
    try:
        if isinstance(given, str):
            return str.__str__(given)
        if isinstance(given, type) or callable(given):
            name = getattr(given, "__qualname__", None)
            if isinstance(name, str):
                return f"{getattr(given, '__module__', '')}.{name}".removeprefix("builtins.")
        if isinstance(given, (bytes, bytearray, memoryview)):
            many = memoryview(given).nbytes
            short = many <= TEXT_CHARS
            return (
                bytes(given).decode("utf-8", "backslashreplace") if short else f"<{many:,} bytes>"
            )
        return str.__str__(str(given))  # not a subclass with methods of its own
    except BaseException as error:  # a caller's object may raise anything when asked
        if not changes.is_of_value(error):
            raise
        return f"<{type(given).__name__} that cannot be written: {type(error).__name__}>"
