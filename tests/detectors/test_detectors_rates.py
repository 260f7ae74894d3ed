"""What an issue says of the learning rate: that of its step, how it came there, and no more."""

import math
from collections.abc import Sequence

import pytest

from mllog_callbacks.detectors import DetectorSet, Facts, Observation, Passage, scan

SPIKE = [1 + 0.01 * (step % 3) for step in range(20)] + [9.0]


def recorded(
    rates: Sequence[float | None],
    losses: Sequence[float] = SPIKE,
    *,
    start: float | None = None,
    name: str = "spike",
) -> str:
    """The reasoning of the first issue of a name in a curve."""
    detectors = DetectorSet([name], facts=Facts(learning_rate=start))
    found = []
    for step, (loss, rate) in enumerate(zip(losses, rates, strict=True)):
        found += detectors.observe(Observation(step, train=loss, learning_rate=rate))
    return found[0].reasoning


def test_a_rate_that_stayed_is_called_too_high_as_it_is() -> None:
    """One rate from the start to the issue."""
    assert recorded([0.5] * 21).endswith(
        "Probable cause: a learning rate of 0.5 is too high for this training."
    )


def test_a_rate_of_which_only_the_start_is_known_is_recorded_as_that() -> None:
    """What it has come to, nobody has said."""
    assert "a learning rate of 0.5, as it was at the start, is too high" in recorded(
        [None] * 21, start=0.5
    )


def test_a_rate_that_moved_a_little_is_recorded_with_its_start() -> None:
    """By less than to a half: it may still be the cause."""
    rates = [0.1 * 0.98**step for step in range(21)]
    assert "a learning rate of 0.0667608 (0.1 at the start) is too high" in recorded(rates)


@pytest.mark.parametrize("start", [None, 0.1])
def test_a_rate_that_has_come_down_is_no_cause(start: float | None) -> None:
    """The training has stood a rate a hundred times as high."""
    found = recorded([0.1] * 10 + [0.001] * 11, start=start)
    assert found.endswith("The learning rate was 0.001 by then, down from 0.1.")
    assert "robable" not in found


def test_a_rate_that_came_down_before_the_first_value_is_no_cause() -> None:
    """A schedule by step may have lowered it within the first epoch."""
    assert "was 1e-05 by then, down from 0.1." in recorded([1e-5] * 21, start=0.1)


def test_a_rise_is_the_probable_cause_of_what_follows() -> None:
    """It was seen."""
    assert "the learning rate rose from 0.01 to 3 at epoch 20." in recorded([0.01] * 20 + [3.0])


def test_a_rise_in_steps_is_recorded_whole() -> None:
    """A warm-up that ends too high, and what the rate has come to since."""
    rates = [0.01] * 10 + [0.02, 0.05, 0.08, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.09, 0.09]
    assert (
        "the learning rate rose from 0.01 to 0.1 between epoch 10 and epoch 13, and has come to "
        "0.09 since." in recorded(rates)
    )


def test_a_rise_that_was_taken_back_or_lies_long_ago_is_no_cause() -> None:
    """Then it is the rate itself, or nothing."""
    assert "rose" not in recorded([0.01] * 10 + [1.0, 1.0] + [0.01] * 9)
    assert "was 0.01 by then, down from 1." in recorded([0.01] * 10 + [1.0, 1.0] + [0.01] * 9)
    assert "of 1 (0.01 at the start) is too high" in recorded([0.01] + [1.0] * 20)


def test_a_restart_after_a_decay_is_a_rise() -> None:
    """Though the rate was higher before that."""
    rates = [1.0] * 5 + [0.01] * 14 + [0.4, 0.4]
    assert "rose from 0.01 to 0.4 at epoch 19" in recorded(rates)


def test_rates_that_are_no_numbers_or_nothing() -> None:
    """NaN is a cause, infinity a rise, and a rate of zero neither."""
    assert "Probable cause: the learning rate is NaN." in recorded([0.1] * 20 + [math.nan])
    assert "rose from 0.1 to inf at epoch 20" in recorded([0.1] * 20 + [math.inf])
    assert "earning rate" not in recorded([0.0] * 21)


def test_a_metric_that_never_was_a_number_has_no_known_cause() -> None:
    """A learning rate is one where there was a finite value before."""
    assert "earning rate" not in recorded([0.1], [math.nan], name="non_finite")
    assert "a learning rate of 0.1 is too high" in recorded(
        [0.1] * 2, [1, math.nan], name="non_finite"
    )


def test_a_passage_says_the_same() -> None:
    """Each has one rate; an issue in an earlier one does not speak of the later one's."""
    losses, rates = [*SPIKE, *SPIKE[:9]], [0.1] * 25 + [0.001] * 5
    detectors = DetectorSet()
    parts = [
        Passage(Observation(first, train=losses[first], learning_rate=rates[first]), steps, part)
        for first, steps, part in ((0, range(25), losses[:25]), (25, range(25, 30), losses[25:]))
    ]
    assert detectors.follow(parts) == scan(train=losses, learning_rate=rates)
