"""What each detector finds, on curves drawn for it and on published ones."""

import math
import random

import pytest

import real_curves as real
from mllog_callbacks.detectors import (
    DeadUnits,
    DetectorSet,
    ExplodingGradient,
    Gradients,
    Issue,
    Observation,
    Severity,
    Stalled,
    VanishingGradient,
    scan,
)


def first(issues: list[Issue], name: str) -> Issue | None:
    """The first issue of a name."""
    return next((issue for issue in issues if issue.name == name), None)


def decaying(checks: int, level: float = 0.2) -> list[float]:
    """A loss that falls from 1 towards a level."""
    return [level + (1 - level) * math.exp(-step / 10) for step in range(checks)]


@pytest.mark.parametrize(
    ("train", "validation", "best"),
    [
        (real.MOVIE_REVIEWS_TRAIN, real.MOVIE_REVIEWS_VALIDATION, 3),
        (real.NEWSWIRES_TRAIN, real.NEWSWIRES_VALIDATION, 8),
    ],
)
def test_published_runs_that_overfit(
    train: tuple[float, ...], validation: tuple[float, ...], best: int
) -> None:
    """Reported after the best epoch, before the end, with the best epoch as evidence."""
    issue = first(scan(train=train, validation=validation), "overfitting")
    assert issue is not None
    assert best < issue.step < len(validation)
    assert abs(float(issue.metrics["best_step"]) - best) <= 2
    assert f"epoch {issue.metrics['best_step']}" in issue.reasoning


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        (real.HOUSING_TRAIN, real.HOUSING_VALIDATION),
        (real.RECURRENT_TRAIN, real.RECURRENT_VALIDATION),
    ],
)
def test_published_runs_that_are_healthy(
    train: tuple[float, ...], validation: tuple[float, ...]
) -> None:
    """No alarm: information at most."""
    issues = scan(train=train, validation=validation)
    assert {issue.severity for issue in issues} <= {Severity.INFO}


def test_overfitting_opens_once_and_is_closed_by_a_new_best() -> None:
    """A warning, then the word that a new best resolved it, both of the same rise."""
    rising = [0.2 + 0.01 * step for step in range(20)]
    validation = [*decaying(40), *rising, *[0.1] * 10]
    train = [1 / (1 + step) for step in range(len(validation))]
    found = [each for each in scan(train=train, validation=validation) if each.code == "MLA001"]
    assert [each.severity for each in found] == ["warning", "info"]
    assert [each.state for each in found] == ["open", "closed"]
    assert [each.since for each in found] == [40, 40]
    assert found[0].id == found[1].id
    assert found[1].closed_by == "a new best"


def test_overfitting_after_a_steep_start_is_found_early() -> None:
    """The first values are no measure of what a rise is worth, and their mean is no best."""
    validation = [4.34, 2.07, 1.75, 1.59, 1.52, 1.50, 1.48, 1.47, 1.48, 1.50]
    validation += [1.51, 1.53, 1.55, 1.58, 1.58, 1.61, 1.64, 1.65, 1.69, 1.70, 1.72]
    train = [4.3, 2.0, 1.6, 1.4, 1.3, 1.2, 1.15, 1.1, *(1.05 - 0.03 * n for n in range(13))]
    found = first(scan(train=train, validation=validation), "overfitting")
    assert found is not None
    assert (found.since, found.step <= 15) == (7, True)


def test_overfitting_of_a_score_is_measured_in_its_own_scale() -> None:
    """A tenth of a percent of accuracy is nothing, however little was gained; six points are."""
    train = [1 - 0.5 * 0.8**epoch for epoch in range(40)]
    for fall, found in ((0.001, False), (0.06, True)):
        scores = [0.9 + min(epoch, 8) * 0.005 for epoch in range(10)]
        scores += [scores[-1] - fall * (epoch + 1) / 30 for epoch in range(30)]
        issues = scan(train=train, validation=scores, higher_is_better=True)
        assert (first(issues, "overfitting") is not None) is found


def test_no_overfitting_where_training_gets_worse_too() -> None:
    """Both rise: that is something else."""
    both = [*decaying(40), *[0.2 + 0.02 * step for step in range(20)]]
    assert first(scan(train=both, validation=both), "overfitting") is None


def test_overfitting_without_training_values() -> None:
    """Only boosting improves the training value by construction; else nothing is said."""
    validation = [*decaying(40), *[0.2 + 0.02 * step for step in range(20)]]
    assert first(scan(validation=validation), "overfitting") is None
    found = first(scan(validation=validation, unit="iteration"), "overfitting")
    assert found is not None
    assert "No training value is available" in found.reasoning


def test_overfitting_of_losses_below_zero() -> None:
    """A log-likelihood: the gain is the measure, as a share of the level would mean nothing."""
    validation = [value - 100 for value in [*decaying(40), *[0.2 + 0.02 * s for s in range(20)]]]
    train = [-100 - 0.02 * step for step in range(60)]
    assert first(scan(train=train, validation=validation), "overfitting") is not None


def test_the_gap_is_information() -> None:
    """Validation half as high again for five checks; silent for values at or below zero."""
    issue = first(scan(train=[1.0] * 5, validation=[1.6] * 5), "generalisation_gap")
    assert issue is not None
    assert (issue.step, issue.severity) == (4, Severity.INFO)
    assert first(scan(train=[-1.0] * 9, validation=[1.6] * 9), "generalisation_gap") is None
    turned = first(
        scan(train=[-1.0] * 5, validation=[-1.6] * 5, higher_is_better=True), "generalisation_gap"
    )
    assert turned is not None
    assert "is 60% below that on the training data" in turned.decision
    assert "validation score is -1.6 and training score -1;" in turned.reasoning
    assert turned.metrics["validation"] == -1.6


FEW = [9, 6, 4, 3, 2, 2, 1, 1, *[0] * 40]
"""Wrong rows of 15."""


@pytest.mark.parametrize("after", [1, 2, 3, 5])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_step_or_a_few_of_a_metric_of_few_values_are_no_spike(after: int, sign: int) -> None:
    """After a long time at zero; neither where no step was seen before, nor by its negation."""
    for wrong in (FEW, [0] * 48):
        values = [sign * each / 15 for each in [*wrong, after, 0, 0, 1, 0, after, after, 0]]
        for unit in ("epoch", "iteration"):
            recorded = scan(train=values, validation=values, higher_is_better=sign < 0, unit=unit)
            names = {issue.name for issue in recorded}
            assert not names & {"spike", "oscillation", "overfitting"}


def test_a_jump_of_many_steps_is_recorded_in_steps() -> None:
    """Not as thousands of times a noise that nearly was zero."""
    issue = first(scan(validation=[each / 15 for each in [*FEW, 12]]), "spike")
    assert issue is not None
    assert issue.reasoning.endswith(", 12.0 times its noise.")


def test_a_metric_that_goes_to_and_fro_by_a_step_does_not_oscillate() -> None:
    """One that does so by many, does."""
    small = [0.6, 0.4, 0.3, *[(n * 7 % 3 > 0) / 15 for n in range(60)]]
    large = [0.6, 0.4, 0.3, *[(n % 2) * 6 / 15 + (n % 8 == 0) / 15 for n in range(60)]]
    assert first(scan(train=small), "oscillation") is None
    assert first(scan(train=large), "oscillation") is not None


def test_a_plateau_is_one_issue() -> None:
    """However long it lasts; after the loss has moved again there may be another."""
    flat = [each for each in scan(validation=decaying(300)) if each.code == "MLA003"]
    assert [each.state for each in flat] == ["open"]
    falls = [0.2 * 0.95**step for step in range(40)]
    again = [*decaying(100), *falls, *[falls[-1]] * 100]
    found = [each for each in scan(validation=again) if each.code == "MLA003"]
    assert [(each.id, each.state) for each in found] == [(1, "open"), (2, "open")]


def test_a_loss_that_falls_by_factors_is_at_no_rest() -> None:
    """Though it gained nearly all in its first steps: its level is the measure as well."""
    falls = [230 * math.exp(-1.4 * min(e, 8)) + 4 * 10 ** (-e * 4.3 / 600) for e in range(600)]
    assert first(scan(train=falls), "plateau") is None
    rests = [*falls, *[falls[-1]] * 200]
    found = first(scan(train=rests), "plateau")
    assert found is not None
    assert found.step > 600


def test_noise_that_may_hide_a_gain_is_no_plateau() -> None:
    """A slow fall within its noise has not come to rest because no value was lower lately."""
    rng = random.Random(5)  # noqa: S311 - no secret
    slow = [1 - 0.1 * step / 60 + rng.gauss(0, 0.05) for step in range(60)]
    assert first(scan(validation=slow), "plateau") is None


def test_a_drop_of_the_learning_rate_ends_a_plateau() -> None:
    """It begins anew: what the drop brings is still to be seen."""

    def fired(rates: list[float]) -> list[int]:
        issues = scan(validation=decaying(90), learning_rate=rates)
        return [issue.step for issue in issues if issue.name == "plateau"]

    assert 55 < fired([0.1] * 90)[0] < 75
    assert fired([0.1] * 60 + [0.01] * 30)[0] >= 75


def test_a_plateau_records_of_a_drop_of_the_learning_rate_where_there_was_one() -> None:
    """That a plateau ended by a gain is no drop."""

    def last(values: list[float], rates: list[float]) -> str:
        found = scan(validation=values, learning_rate=rates)
        opened = [each for each in found if each.name == "plateau" and each.state == "open"]
        return opened[-1].reasoning

    twice = [*decaying(90), *(each / 2 for each in decaying(90))]
    assert last(twice, [0.1] * 180).endswith("The learning rate is 0.1.")
    assert last(decaying(90), [0.1] * 60 + [0.01] * 30).endswith(
        "The learning rate is 0.01, last down to half or less at epoch 60."
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_non_finite_values_are_recorded_at_once(bad: float) -> None:
    """At the same step, with the last finite value of the same series."""
    issue = scan(train=[0.9, 0.8, 0.7], validation=[1.0, 0.95, bad])[0]
    assert (issue.name, issue.step) == ("non_finite", 2)
    assert "0.95 at epoch 1" in issue.reasoning


def test_a_metric_that_starts_at_nan() -> None:
    """It is recorded, and what follows is judged as if it began there."""
    issues = scan(train=[math.nan, *decaying(60)], validation=[math.nan, *decaying(60)])
    assert {issue.name for issue in issues} <= {"non_finite", "plateau"}
    assert "No finite value was seen before." in issues[0].reasoning


def test_divergence() -> None:
    """Above twice the start for three checks; by the training loss, where there is one."""
    wild = [1.0, 0.9, 1.5, 2.5, 3.0, 4.0]
    issue = first(scan(train=wild), "divergence")
    assert issue is not None
    assert issue.step == 5
    assert first(scan(train=[1.0, 0.5, 0.2, 0.1, 0.1, 0.1], validation=wild), "divergence") is None


def test_spike() -> None:
    """One value far above all noise, recorded where it stands."""
    losses = decaying(40)
    losses[30] = 5.0
    recorded = [each for each in scan(train=losses) if each.name == "spike"]
    assert [each.step for each in recorded] == [30]


def test_oscillation_by_epoch_is_noise_by_step() -> None:
    """Epochs and steps have separate windows."""
    rng = random.Random(0)  # noqa: S311 - no secret
    losses = [1.0 + rng.uniform(-0.5, 0.5) for _ in range(40)]
    assert first(scan(train=losses), "oscillation") is not None
    assert first(scan(train=losses, unit="step"), "oscillation") is None


def test_no_convergence() -> None:
    """Hardly any gain after fifteen checks; a loss that falls steadily is none of it."""
    issue = first(scan(train=[0.69 - 1e-4 * step for step in range(30)]), "no_convergence")
    assert issue is not None
    assert issue.step == 15
    assert first(scan(train=decaying(30)), "no_convergence") is None


def test_stalled_by_the_observations_clock_and_by_a_timer() -> None:
    """A gap is recorded once: while it lasts, or when the next observation comes."""
    detector = Stalled(seconds=60)
    assert detector.observe(Observation(0, train=1.0, seconds=0.0)) is None
    assert detector.overdue(60.0) is None
    assert detector.overdue(61.0) is not None
    assert detector.observe(Observation(1, train=1.0, seconds=90.0)) is None
    issue = detector.observe(Observation(2, train=1.0, seconds=151.0))
    assert issue is not None
    assert issue.step == 1
    detectors = DetectorSet()
    detectors.observe(Observation(0, train=1.0, seconds=0.0))
    assert [each.name for each in detectors.overdue(1_801.0)] == ["stalled"]


def test_gradients() -> None:
    """Thresholds of AUTOTRAINER."""
    vanished = Gradients(7, "epoch", first=1e-6, last=1.0)
    vanishing = VanishingGradient()
    assert [vanishing.observe(vanished) is None for _ in range(3)] == [True, True, False]
    exploded = ExplodingGradient().observe(Gradients(7, "epoch", first=math.nan, last=1.0))
    assert exploded is not None
    assert exploded.severity == "error"
    assert ExplodingGradient().observe(Gradients(7, "epoch", first=69.0, last=1.0)) is None
    dead = DeadUnits(checks=1).observe(Gradients(7, "epoch", 1.0, 1.0, zeros=0.7, layer="hidden"))
    assert dead is not None
    assert "70% of the units of hidden" in dead.reasoning


def test_a_unit_may_be_called_otherwise() -> None:
    """Validation checks by step are judged as epochs, and shown at their steps."""
    detectors = DetectorSet()
    seen = [
        Observation(250 * check, validation=value, train=0.9**check, called="step")
        for check, value in enumerate([*decaying(20), *(0.2 + 0.1 * each for each in range(20))])
    ]
    found = [issue for each in seen for issue in detectors.observe(each)]
    assert any("step" in each.reasoning for each in found)
    assert all("epoch" not in each.decision + each.reasoning for each in found)
