"""A learning rate is called too high only where the training has shown next to nothing else."""

import math
import random
from collections.abc import Sequence

import pytest

from mllog_callbacks.detectors import DetectorSet, Facts, Observation

FALLEN = [0.9**step for step in range(20)]
STUCK = [1 + 0.01 * (step % 3) for step in range(20)]


def swings(level: float) -> list[float]:
    """Losses that change by half of their level from epoch to epoch."""
    rng = random.Random(1)  # noqa: S311 - no secret
    return [level * rng.uniform(0.5, 1.5) for _ in range(30)]


def reasons(losses: Sequence[float], name: str, *, validation: bool = False) -> str:
    """The reasoning of the first issue of a name, at a learning rate of 0.1."""
    detectors = DetectorSet([name], facts=Facts(learning_rate=0.1))
    for step, loss in enumerate(losses):
        seen = Observation(step, learning_rate=0.1)
        seen = seen._replace(validation=loss) if validation else seen._replace(train=loss)
        found = detectors.observe(seen)
        if found:
            return found[0].reasoning
    return "none"


@pytest.mark.parametrize(
    ("name", "learned", "stuck"),
    [
        ("spike", [*FALLEN, 9.0], [*STUCK, 9.0]),
        ("non_finite", [*FALLEN, math.nan], [*STUCK, math.inf]),
        ("oscillation", [4.0, *swings(1.0)], [1.0, *swings(1.0)]),
    ],
)
def test_a_rate_at_which_something_was_learned(
    name: str, learned: list[float], stuck: list[float]
) -> None:
    """Bad rows, a logarithm of zero or small batches do the same to it: no cause is named."""
    assert "robable" not in reasons(learned, name)
    assert "Probable cause: a learning rate of 0.1 is too high" in reasons(stuck, name)


def test_a_loss_that_was_about_its_best() -> None:
    """However little that is: it was going well."""
    slow = [1 - 0.005 * step for step in range(20)]
    assert "robable" not in reasons([*slow, 9.0], "spike")


def test_a_validation_loss_that_rises_far_after_it_fell() -> None:
    """A validation loss alone never shows that the rate is too high; the training loss may."""
    rises = [2.0**step for step in range(6)]
    after = [*FALLEN, *rises]
    recorded = reasons(after, "divergence", validation=True)
    assert "above its start" in recorded
    assert "robable" not in recorded
    assert "robable" not in reasons(rises, "divergence", validation=True)
    assert "robable" in reasons(after, "divergence")


def test_an_error_that_started_at_zero() -> None:
    """There was nothing to learn: that one row is wrong for once says nothing of the rate."""
    assert "robable" not in reasons([0.0] * 20 + [0.05], "spike", validation=True)


def test_a_score_that_is_no_number_says_nothing_of_the_rate() -> None:
    """It is undefined where a class is missing, for one."""
    detectors = DetectorSet(["non_finite"], facts=Facts(learning_rate=0.1))
    for step, score in enumerate([0.2, 0.1, math.nan]):
        found = detectors.observe(Observation(step, validation=score, higher_is_better=True))
    assert "robable" not in found[0].reasoning
