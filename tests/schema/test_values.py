"""Values: each kind has one written form, and what is changed has a sentence."""

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]  # it publishes no types
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mllog_callbacks.schema._values import Changes, text, value
from strategies import Colour, Long, WrongTypes, keys


def written(given_value: object) -> tuple[Any, str]:
    """What becomes of a value named `x`, and what is recorded of it."""
    changes = Changes(2_000)
    found = value(given_value, "x", changes)
    return found, changes.recorded(2_000) if changes else ""


EXACT: list[tuple[object, object]] = [
    (None, None),
    (True, True),
    (2**63 - 1, 2**63 - 1),
    (-(2**63), -(2**63)),
    (5e-324, 5e-324),
    (Colour.RED, "red"),
    ((1, 2), [1, 2]),
    (dt.datetime(2025, 1, 30, 10, 42, tzinfo=dt.UTC), "2025-01-30T10:42:00+00:00"),
    (dt.date(2025, 1, 30), "2025-01-30"),
    (dt.timedelta(minutes=1.5), 90.0),
    (Decimal("0.1"), 0.1),
    (Fraction(1, 4), 0.25),
    (b"bytes", "bytes"),
    (bytes(1_001), "<1,001 bytes>"),
    (ValueError, "ValueError"),
    (math.sqrt, "math.sqrt"),
    (np.float32(0.5), 0.5),
    (np.float16(0.5), 0.5),
    (np.longdouble(0.5), 0.5),
    (np.int8(-3), -3),
    (np.uint64(7), 7),
    (np.bool_(1), True),
    (np.str_("text"), "text"),
    (np.datetime64("2025-01-30"), "2025-01-30"),
    (np.array(3), 3),
    (np.array([3]), 3),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.array([0.5, 1], dtype=np.longdouble), [0.5, 1.0]),
    (np.array([]), []),
    (np.ma.masked, None),
    (pd.Series([1.5]), 1.5),
    (pd.Series([1, 2]), [1, 2]),
    (torch.tensor(0.5), 0.5),
    (torch.tensor([[0.5]], requires_grad=True), 0.5),
    (torch.tensor([1, 2]), [1, 2]),
    (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
    (torch.float32, "torch.float32"),
    (torch.Size([1, 2]), [1, 2]),
]


@pytest.mark.parametrize(("given_value", "expected"), EXACT, ids=lambda each: repr(each)[:40])
def test_values_with_an_equal_in_json_are_written_as_it(
    given_value: object, expected: object
) -> None:
    """Of the same type, and without a word about it."""
    found, recorded = written(given_value)
    assert found == expected
    assert type(found) is type(expected)
    assert recorded == ""


CHANGED: list[tuple[object, object, str]] = [
    (math.nan, None, "x was NaN, written as null"),
    (math.inf, None, "x was Infinity, written as null"),
    (-math.inf, None, "x was -Infinity, written as null"),
    (Colour.FAR, None, "x was Infinity, written as null"),
    (np.float32("nan"), None, "x was NaN, written as null"),
    (torch.tensor(math.nan), None, "x was NaN, written as null"),
    (Decimal("NaN"), None, "x was NaN, written as null"),
    (2**63, 2.0**63, "x was an integer beyond 64 bits, written as the nearest float"),
    (-(2**64), -(2.0**64), "x was an integer beyond 64 bits, written as the nearest float"),
    (10**400, None, "x was an integer of 1,329 bits, written as null"),
    (Long(10**5_000), None, "x was an integer of 16,610 bits, written as null"),
    (Fraction(10**400), None, "x was beyond the range of floats, written as null"),
    ("a\ud800", "a\\ud800", "x had lone surrogates, written as \\udXXX"),
    ("é" * 1_001, "é" * 1_000 + "…", "x cut to 1,000 of 1,001 characters"),
    (list(range(101)), list(range(100)), "x cut to the first 100 of 101 items"),
    ([1, "a"], ["1", "a"], "x had items of several kinds, written as text"),
    ({"a": 1, "A": 2}, {"a": 1, "A#2": 2}, "x.A stood twice, written as A#2"),
    ({1: 1, "1": 2}, {"1": 1, "1#2": 2}, "x.1 stood twice, written as 1#2"),
    ([[[[[[[[[1]]]]]]]]], [[[[[[[["list"]]]]]]]], "was nested deeper than 8 levels, written as"),
    (np.zeros((20, 6)), "ndarray of shape (20, 6) float64", "x was an array, described by"),
    (torch.empty(3, device="meta"), None, "x could not be read (NotImplementedError)"),
    (pd.DataFrame({"a": [1]}), "DataFrame of shape (1, 1) ", "x was an array, described by"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given_value", "expected", "sentence"), CHANGED, ids=lambda each: repr(each)[:40]
)
def test_values_without_an_equal_in_json_are_recorded(
    given_value: object, expected: object, sentence: str
) -> None:
    """The nearest that all readers take is written, and a sentence says what was there."""
    found, recorded = written(given_value)
    assert found == expected
    assert sentence in recorded


def test_what_only_looks_like_an_array_is_written_as_text() -> None:
    """A module has a function named shape, a mock has any name, others answer nonsense."""
    assert written(np)[0].startswith("<module 'numpy'")
    assert written(Mock(name="net"))[0].startswith("<Mock name='net'")
    assert written(WrongTypes(7))[0] == "<WrongTypes that cannot be written: TypeError>"


@pytest.mark.parametrize(
    ("given_value", "expected", "change"),
    [
        (Decimal("1e400"), None, "beyond the range of floats"),
        (Decimal("-Infinity"), None, "was -Infinity"),
        (Decimal("1.5"), 1.5, ""),
        (np.datetime64("2025-01-30T10:42:11.123456789"), "2025-01-30T10:42:11.123456789", ""),
        (np.array(["2025-01-30", "NaT"], "datetime64[ns]"), None, "[1] was NaT"),
        (np.timedelta64(1_500, "ms"), 1.5, ""),
        (np.timedelta64("NaT"), None, "was NaT"),
        (np.timedelta64(5), "5 generic time units", ""),
        (np.timedelta64(5, "Y"), "5 years", ""),
        (np.timedelta64(10**12, "D"), 8.64e16, ""),
        (np.longdouble("1e400"), None, "beyond the range of floats"),
        (Decimal("1e-400"), 0.0, "too near to 0"),
        (pd.NaT, None, "was NaT"),
        (pd.NA, None, "was NA,"),
        (pd.Timestamp("2025-01-30", tz="UTC"), "2025-01-30T00:00:00+00:00", ""),
        (pd.array([1, None], "Int64"), [1, None], "[1] was NA,"),
        (pa.scalar(3), 3, ""),
        (pa.scalar(None), None, ""),
        (pa.array([1, None, 3]), [1, None, 3], ""),
        (pa.scalar(dt.datetime(2025, 1, 30, tzinfo=dt.UTC)), "2025-01-30T00:00:00+00:00", ""),
    ],
    ids=str,
)
def test_moments_and_missing_values_are_what_they_mean(
    given_value: object, expected: object, change: str
) -> None:
    """Never a count of nanoseconds, never the name of a missing value as text."""
    changes = Changes(100)
    found = value(given_value, "v", changes)
    if isinstance(given_value, np.ndarray):
        assert found == ["2025-01-30T00:00:00.000000000", None]
    else:
        assert found == expected
    assert change in (changes.recorded(1_000) if changes else "")


class Panic(BaseException):
    """As the panics of extensions written in Rust, which derive from `BaseException`."""


class Panics:
    """Whatever reads it."""

    def __str__(self) -> str:
        raise Panic

    __repr__ = __str__


def test_a_panic_of_a_value_is_noted() -> None:
    """And an interrupt passes."""
    assert written(Panics())[0] == "<Panics that cannot be written: Panic>"

    class Interrupted:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(Interrupted())


def test_a_text_by_its_class_alone_is_described() -> None:
    """A mock of str says it is one, and is none."""
    assert "cannot be written" in text(Mock(spec=str), 100, "dataset", Changes(1))


def test_many_changes_are_counted_not_listed() -> None:
    """The sentence stays short."""
    changes = Changes(2_000)
    value({str(n): math.nan for n in range(500)}, "", changes)
    recorded = changes.recorded(1_000)
    assert len(recorded) < 1_100
    assert recorded.count("was NaN") == 20
    assert "480 more such changes" in recorded


@settings(max_examples=500)
@given(st.dictionaries(keys(), st.integers(0, 9), max_size=30))
def test_no_two_names_are_equal_even_without_case(given_value: dict[Any, int]) -> None:
    """DuckDB's struct fields ignore case; every value is still there, in the order given."""
    found, _ = written(given_value)
    assert len({name.casefold() for name in found}) == len(given_value)
    assert list(found.values()) == list(given_value.values())


@settings(max_examples=500)
@given(st.integers())
def test_integers_are_exact_or_recorded(number: int) -> None:
    """Within 64 bits exactly; beyond, the float is the nearest."""
    for near in (number, number * 2**40, number * 2**61):
        found, recorded = written(near)
        assert (found == near and recorded == "") or (
            found == float(near) and "beyond 64" in recorded
        )


@settings(max_examples=500)
@given(st.floats(width=32), st.sampled_from([np.float32, torch.tensor, float]))
def test_one_number_is_written_the_same_from_every_library(number: float, make: Any) -> None:
    """The double that equals the 32-bit value, sign of zero included, or null."""
    found, recorded = written(make(number))
    if math.isfinite(number):
        assert (found, math.copysign(1, found)) == (number, math.copysign(1, number))
    else:
        assert found is None
        assert recorded != ""
