"""What noise alone must not raise, and must not hide."""

import random

import pytest

from mllog_callbacks.detectors import DetectorSet, Issue, Observation, Unit, scan


def first(issues: list[Issue], name: str) -> Issue | None:
    """The first issue of a name."""
    return next((issue for issue in issues if issue.name == name), None)


def batches(level: float, steps: int, seed: int, falls: float = 0.0) -> list[float]:
    """Losses of single batches about a level that falls by a share, each half as high again."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    return [level * (1 - falls * n / steps) * rng.uniform(0.5, 1.5) for n in range(steps)]


def test_a_training_value_that_wavers_has_not_improved() -> None:
    """Accuracy at chance, from a lucky first epoch on: nothing is learned, nothing overfits."""
    rng = random.Random(3)  # noqa: S311 - no secret
    validation = [0.40, *[0.25 + rng.uniform(-0.01, 0.01) for _ in range(60)]]
    wavering = [0.23, *[0.24 + rng.uniform(-0.03, 0.03) for _ in range(60)]]
    rising = [0.24 + 0.01 * epoch for epoch in range(len(validation))]
    for train, records in ((wavering, False), (rising, True)):
        issues = scan(train=train, validation=validation, higher_is_better=True)
        assert (first(issues, "overfitting") is not None) is records


def test_a_training_error_of_zero_falls_no_further() -> None:
    """Its exponential mean comes down to zero for ever, which is no progress."""
    zero = [0.3, 0.1, 0.02, *[0.0] * 117]
    validation = [0.3, 0.2, 0.15, *[0.1] * 57, *[0.1 + 0.001 * n for n in range(60)]]
    issues = scan(train=zero, validation=validation, unit="iteration")
    assert first(issues, "overfitting") is None


def test_no_plateau_where_nothing_was_gained() -> None:
    """A loss that gets worse from the start on; a share of next to nothing says nothing."""
    rising = [1.0, 0.9995, *[1 + 0.02 * epoch for epoch in range(60)]]
    assert first(scan(validation=rising), "plateau") is None


def test_a_boosting_metric_may_rest_for_some_iterations() -> None:
    """Twenty iterations are sooner over than twenty epochs."""
    resting = [*[1 - 0.03 * n for n in range(20)], *[0.42] * 22]
    assert first(scan(validation=resting), "plateau") is not None
    assert first(scan(validation=resting, unit="iteration"), "plateau") is None


def test_batches_that_differ_are_no_oscillation_once_something_is_learned() -> None:
    """Their losses swing about a low level as about a high one; about the start it is recorded."""
    learned = [*batches(2.0, 100, 1, falls=0.8), *batches(0.4, 900, 2)]
    assert first(scan(train=learned, unit="step"), "oscillation") is None
    stuck = [2.0, *batches(2.0, 900, 2)]
    assert first(scan(train=stuck, unit="step"), "oscillation") is not None


def test_a_lucky_batch_is_no_convergence() -> None:
    """The lowest of many single batches is far below the first, and the mean is not."""
    stuck = [2.0, *batches(2.0, 700, 4)]
    assert min(stuck[:500]) < 0.6 * stuck[0]
    assert [issue.step for issue in converging(stuck)] == [500]
    assert converging([2.0, *batches(2.0, 700, 4, falls=0.5)]) == []


def converging(losses: list[float]) -> list[Issue]:
    """What is found of convergence alone."""
    detectors = DetectorSet(["no_convergence"])
    seen = (Observation(step, "step", train=loss) for step, loss in enumerate(losses))
    return [issue for each in seen for issue in detectors.observe(each)]


@pytest.mark.parametrize("unit", ["epoch", "iteration", "step"])
def test_noise_about_zero_does_not_diverge(unit: Unit) -> None:
    """A signed quantity goes to both sides of its start for ever; ten thousand values, no issue."""
    rng = random.Random(6)  # noqa: S311 - no secret
    names = [
        issue.name for issue in scan(train=[rng.gauss(0, 1) for _ in range(10_000)], unit=unit)
    ]
    assert not {"divergence", "collapse"} & {*names}
    assert len(names) < 5
