"""Facts in words: short enough to read, and never an exception, whatever they are."""

import functools
import math

from hypothesis import given
from hypothesis import strategies as st

from mllog_callbacks.schema import _phrases as phrases


class _Mute:
    def __str__(self) -> str:
        msg = "no words"
        raise RuntimeError(msg)


def test_counts_and_numbers_read_as_a_person_writes_them() -> None:
    """One row, many rows, entries and days; four digits; names up to a number."""
    assert phrases.count(1, "row") == "1 row"
    assert phrases.count(1_234, "row") == "1,234 rows"
    assert phrases.count(1.0, "entry") == "1 entry"
    assert phrases.count(1_234.0, "entry") == "1,234 entries"
    assert phrases.count(0, "day") == "0 days"
    assert [phrases.count(2, each) for each in ("batch", "epoch")] == ["2 batches", "2 epochs"]
    assert [phrases.number(each) for each in (1 / 3, 1234.56, 1e20)] == ["0.3333", "1,235", "1e+20"]
    assert phrases.listed("abc") == "a, b, c"
    assert phrases.listed("abc", most=1) == "a and 2 more"
    assert phrases.number(math.nan) == "NaN"
    assert phrases.by_label({"no": 300, "yes": 100}) == "no: 300 (75.0%), yes: 100 (25.0%)"
    assert phrases.by_label({"none": 0}) == "none: 0 (0.0%)"


class _Loss:
    """Can be called, and is no function."""

    def __call__(self) -> float:
        return 0.0


def test_settings_are_shown_on_one_line_and_without_addresses() -> None:
    """So that two runs of the same training say the same."""
    shown = phrases.shown(_Loss())
    assert shown.startswith("<") and shown.endswith("_Loss object>")  # noqa: PT018 - one text
    assert " at 0x" not in phrases.shown(functools.partial(math.pow, 2))
    assert phrases.shown("a\n   b") == "a b"


def test_settings_are_shown_with_the_name_they_were_given_under() -> None:
    """Functions and classes by name, long values cut, mute ones said to be so."""
    shown = phrases.assigned(
        {
            "depth": 8,
            "rounds": 5,
            "loss": math.sin,
            "base": dict,
            "grid": "x" * 200,
            "odd": _Mute(),
        },
        {"rounds": "num_trees"},
    )
    assert shown.startswith("depth=8, rounds=5 (given as num_trees), loss=the function sin, ")
    assert "base=the class dict" in shown
    assert "grid=" + "x" * 80 + "…" in shown
    assert shown.endswith("odd=(a _Mute that cannot be shown)")


def test_an_error_is_recorded_with_its_place() -> None:
    """The innermost line of the traceback."""

    def compute() -> None:
        msg = "labels are strings"
        raise TypeError(msg)

    try:
        compute()
    except TypeError as error:
        recorded = phrases.failed(error, "in the objective", "in step 1", "no model was returned")
    assert recorded.decision == "Training failed in step 1 with TypeError; no model was returned."
    assert recorded.reasoning.startswith(
        "TypeError: labels are strings was raised in the objective (in compute, "
    )


@given(st.text(max_size=3_000))
def test_any_message_is_said_and_cut(message: str) -> None:
    """With the type first."""
    said = phrases.said(ValueError(message))
    assert said.startswith("ValueError")
    assert len(said) <= 900
    assert message[:800] in said


def test_an_error_that_cannot_say_its_message_is_recorded_all_the_same() -> None:
    """A foreign class may be broken."""

    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert phrases.said(BrokenError()) == "BrokenError: (its message cannot be read)"
