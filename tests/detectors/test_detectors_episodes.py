"""One cause is one issue: opened once, closed once, with what it explains left out."""

import math

import pytest

from mllog_callbacks.detectors import DetectorSet, Issue, Observation, Severity, scan


def states(issues: list[Issue]) -> list[tuple[str, str]]:
    """Names and states."""
    return [(issue.name, issue.state) for issue in issues]


def rising(turn: int, checks: int) -> list[float]:
    """A loss that turns."""
    return [0.2 + 0.8 * 0.7 ** min(n, turn) + 0.03 * max(0, n - turn) for n in range(checks)]


def falling(checks: int) -> list[float]:
    """A training loss that falls to the end."""
    return [0.8**n for n in range(checks)]


def test_a_loss_that_is_lost_explains_what_follows() -> None:
    """NaN at epoch 12, and a training that goes on with it: one issue."""
    train = [*falling(12), *[math.nan] * 3, *[9.0] * 40]
    issues = scan(train=train, validation=train)
    assert states(issues)[0] == ("non_finite", "open")
    assert len(issues) <= 3
    lasting = [*falling(12), *[math.nan] * 40]
    assert states(scan(train=lasting, validation=lasting)) == [("non_finite", "open")]


def test_nan_throughout_is_one_issue() -> None:
    """Beside a training loss that is fine."""
    train = [2.3 - 0.01 * n for n in range(40)]
    issues = scan(train=train, validation=[math.nan] * 40)
    assert states(issues) == [("non_finite", "open")]
    assert issues[0].reasoning.endswith("No finite value was seen before.")


def test_an_undefined_value_now_and_then_is_closed_and_hides_nothing() -> None:
    """What comes after it is found."""
    validation = rising(10, 50)
    validation[2] = math.nan
    issues = scan(train=falling(50), validation=validation)
    assert states(issues)[:2] == [("non_finite", "open"), ("non_finite", "closed")]
    assert issues[0].id == issues[1].id == 1
    assert ("overfitting", "open") in states(issues)


def test_overfitting_explains_the_gap_and_the_plateau_of_its_metric() -> None:
    """They are not reported after it."""
    issues = scan(train=falling(80), validation=rising(6, 80))
    found = next(n for n, issue in enumerate(issues) if issue.name == "overfitting")
    assert states(issues)[found:] == [("overfitting", "open")]


def test_metrics_that_show_the_same_are_one_issue() -> None:
    """It lists them, where they show it at one step; later ones are held by the end of the run."""
    detectors = DetectorSet()
    found: list[Issue] = []
    for step, (train, validation) in enumerate(zip(falling(50), rising(6, 50), strict=True)):
        found += detectors.look(
            [
                Observation(step, metric=name, train=train, validation=validation)
                for name in ("log_loss", "other_loss")
            ]
        )
    (issue,) = (each for each in found if each.name == "overfitting")
    assert [each.metric for each in issue.also] == ["other_loss"]
    assert issue.snapshot()["also"] == {"validation": ["other_loss"]}


def test_it_is_closed_where_it_is_over_on_all_of_them() -> None:
    """Not by the first that comes to a new best."""
    detectors = DetectorSet()
    back = [*rising(6, 30), *[0.1] * 10]
    stays = rising(6, 40)
    found: list[Issue] = []
    for step in range(40):
        found += detectors.look(
            [
                Observation(step, metric=name, train=0.8**step, validation=values[step])
                for name, values in (("one", back), ("other", stays))
            ]
        )
    overfitting = [each for each in found if each.name == "overfitting"]
    assert [each.state for each in overfitting] == ["open"]


def test_a_huge_rate_is_one_issue() -> None:
    """The training loss grows by factors, with spikes and swings of all metrics."""
    train = [1.0, *[2.0 * 1.7**n for n in range(30)]]
    detectors = DetectorSet()
    found: list[Issue] = []
    for step, value in enumerate(train):
        swings = value * (1.5 if step % 2 else 0.5)
        found += detectors.look(
            [
                Observation(step, metric="loss", train=value, validation=2 * value),
                Observation(step, metric="mae", validation=swings),
            ]
        )
    assert [issue.name for issue in found if issue.severity is not Severity.INFO] == ["divergence"]


def test_a_lasting_collapse_is_found_and_closed() -> None:
    """It got worse and stayed so; then it came back."""
    values = [*[0.9**n for n in range(30)], *[0.9] * 25, *[0.9**n for n in range(30, 60)]]
    found = [each for each in scan(train=values) if each.name == "collapse"]
    assert [(each.state, each.since) for each in found] == [("open", 30), ("closed", 30)]
    assert found[1].closed_by == "a return to its best"


def test_a_later_spike_is_found_after_a_larger_one() -> None:
    """The range that a spike is measured by leaves earlier spikes out."""
    losses = [0.2 + 0.8 * 0.9**n for n in range(120)]
    losses[30], losses[90] = 50.0, 2.0
    detectors = DetectorSet(["spike"])
    for step, value in enumerate(losses):
        detectors.observe(Observation(step, train=value))
    issues = detectors.outcome({})["issues"]
    assert isinstance(issues, dict)
    assert issues["1"]["times"] == 2


def test_one_outlier_is_no_oscillation() -> None:
    """It is a spike."""
    losses = [0.2 + 0.8 * 0.9**n + 0.002 * (n % 2) for n in range(60)]
    losses[40] = 9.0
    assert {issue.name for issue in scan(train=losses)} <= {"spike", "plateau"}


@pytest.mark.parametrize("level", [0.0, 0.7])
def test_a_constant_loss_is_said_in_words(level: float) -> None:
    """Once; and its first other value closes it."""
    issues = scan(train=[level] * 40)
    assert states(issues) == [("constant_metric", "open")]
    assert issues[0].decision == (
        f"Constant metric: training loss is {level:g} at each of its first 10 checks."
    )
    assert states(scan(train=[level] * 40 + [level + 1]))[:2] == [
        ("constant_metric", "open"),
        ("constant_metric", "closed"),
    ]


def test_a_rate_of_zero_explains_that_nothing_is_learned() -> None:
    """A warm-up from zero is none."""
    losses = [1 + 0.01 * (n % 3) for n in range(40)]
    assert states(scan(train=losses, learning_rate=0.0)) == [("zero_learning_rate", "open")]
    warm_up = [0.0, 0.0, *[0.1] * 38]
    found = scan(train=falling(40), learning_rate=warm_up)
    assert "zero_learning_rate" not in {issue.name for issue in found}


def test_a_loss_that_rises_from_its_first_step() -> None:
    """It is no lower once, and not within its noise."""
    names = {issue.name for issue in scan(train=[1 + 0.02 * n for n in range(20)])}
    assert names == {"rising_from_start"}
    noisy = [1 + 0.05 * (n % 2) for n in range(20)]
    assert "rising_from_start" not in {issue.name for issue in scan(train=noisy)}
