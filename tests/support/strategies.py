"""What a framework, or a careless caller, may hand over as a metric."""

import enum
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NoReturn

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mllog_callbacks.schema import masked


class Colour(enum.Enum):
    """An enum of values of several kinds."""

    RED = "red"
    NOTHING = None
    FAR = math.inf


_TEMPTING = {"shape", "tolist", "item", "items", "dtype", "value", "__qualname__", "__float__"}


class Hostile:
    """Raises the given error from whatever an encoder may ask for."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"Hostile({self.error.__name__})"  # a failing test shows it

    def _raise(self, *_: object) -> NoReturn:
        raise self.error

    __str__ = __iter__ = __len__ = __float__ = __int__ = __bool__ = __index__ = __format__ = _raise

    def __getattribute__(self, name: str) -> Any:
        if name in _TEMPTING:
            raise self.error
        return object.__getattribute__(self, name)


class HostileMapping(Mapping[str, object]):
    """A mapping of which one method raises, or says what is not so."""

    def __init__(self, broken: str) -> None:
        self.broken = broken

    def __len__(self) -> int:
        if self.broken == "len":
            raise OSError
        return 10**9

    def __iter__(self) -> Iterator[str]:
        if self.broken == "iter":
            raise RuntimeError
        return iter(["a"])

    def __getitem__(self, name: str) -> object:
        raise KeyError(name)

    def items(self) -> Any:
        """Something else than pairs, without end."""
        if self.broken == "pairs":
            return iter(int, 1)
        return iter(lambda: ("k", 1), None) if self.broken == "endless" else super().items()


class HostileNumber(float):
    """A number that is not what it says."""

    def __float__(self) -> float:
        raise ArithmeticError

    def __str__(self) -> str:
        return str(self)  # for ever


class Long(int):
    """An integer that Python would not write in decimal, which a failing test would have to."""

    def __repr__(self) -> str:
        return f"Long of {self.bit_length()} bits"


class HostileText(str):
    """A text whose own methods lie."""

    __slots__ = ()

    def __len__(self) -> int:
        return -1  # noqa: PLE0303 - the lie meant

    def __str__(self) -> str:
        raise UnicodeError


class WrongTypes:
    """Claims to be an array, and answers with wrong types."""

    def __init__(self, shape: object) -> None:
        self.shape = shape
        self.tolist = 5

    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307 - the defect meant


def hostile() -> st.SearchStrategy[object]:
    """Objects that raise, recurse or lie when read."""
    errors: list[type[Exception]] = [ValueError, RecursionError, MemoryError, AttributeError]
    return st.one_of(
        st.sampled_from(errors).map(Hostile),
        st.sampled_from(["len", "iter", "pairs", "endless", "get"]).map(HostileMapping),
        st.sampled_from([(), (2,), (10**9,), ("x",), 7, None]).map(WrongTypes),
        st.builds(HostileNumber, st.floats()),
        st.builds(HostileText, st.text(max_size=5)),
    )


def texts(max_size: int = 30) -> st.SearchStrategy[str]:
    """Any text, lone surrogates and line separators among it."""
    awkward = st.sampled_from('\x85\u2028\u2029\r\n\x00\x1c\x7f\\"\ud800\udfff\U0001f600\ufeff')
    return st.text(st.one_of(st.characters(exclude_categories=()), awkward), max_size=max_size)


def scalars() -> st.SearchStrategy[object]:
    """One value, of Python's own types or others."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**310, Long(10**5000), Long(-(10**5000))]),
        st.floats(),
        texts(),
        st.binary(max_size=10),
        st.datetimes(timezones=st.none() | st.timezones()),
        st.timedeltas(),
        st.decimals(),
        st.fractions(),
        st.complex_numbers(),
        st.sampled_from(Colour),
        st.sampled_from([int, len, math, object, Ellipsis, timedelta.max, range(3), iter([1])]),
        _numpy(),
        _torch(),
        hostile(),
    )


def _numpy() -> st.SearchStrategy[object]:
    dtypes = st.one_of(npst.scalar_dtypes(), st.just(np.dtype(np.longdouble)))
    shapes = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6)
    arrays = npst.arrays(dtypes, shapes)
    return arrays | arrays.filter(lambda array: array.size > 0).map(lambda array: array.flat[0])


def _torch() -> st.SearchStrategy[object]:
    dtypes = [torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.bool]
    shapes = st.sampled_from([(), (1,), (0,), (3,), (2, 2), (20, 20)])
    return st.builds(
        lambda shape, number, dtype: torch.full(shape, number).to(dtype),
        shapes,
        st.floats(width=32),
        st.sampled_from(dtypes),
    )


def keys() -> st.SearchStrategy[Any]:
    """Names of values; some are no text, some collide with others."""
    colliding = st.sampled_from(["a", "A", "a#2", "A#2", "ß", "ss", "SS", "", "1", "None", "true"])
    odd = st.sampled_from([1, 1.0, None, True, math.nan, (1, 2), Colour.RED, b"a", Long(10**5000)])
    return st.one_of(colliding, odd, texts(8))


def anything(max_leaves: int = 15) -> st.SearchStrategy[object]:
    """Any of these, nested."""
    return st.recursive(scalars(), _containers, max_leaves=max_leaves)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(st.integers() | texts(5), max_size=4),
        st.dictionaries(keys(), inner, max_size=5),
    )


def plain_numbers() -> st.SearchStrategy[float]:
    """Numbers that JSON and 64 bits hold."""
    return st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def plain(depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Snapshots that are JSON already, in sizes and forms that are written as they are."""
    # Hypothesis tries words of the source itself, names of secrets among them
    text = st.text(max_size=20).filter(lambda each: masked({each: each}) == {each: each})
    values: st.SearchStrategy[Any] = st.one_of(
        st.none(),
        st.booleans(),
        plain_numbers(),
        text,
        st.lists(plain_numbers(), max_size=10),
        st.lists(text, max_size=10),
    )
    if depth:
        values |= plain(depth - 1)
    names: Callable[[str], str] = str.casefold
    pairs = st.lists(st.tuples(text, values), max_size=5, unique_by=lambda pair: names(pair[0]))
    return pairs.map(dict)
