"""What holds for every detector, whatever the values: by hypothesis."""

import math
import pickle
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllog_callbacks.detectors import DEFAULTS, KINDS, DetectorSet, Issue, Observation, scan

Values = list[float | None]

ANYTHING = st.lists(st.none() | st.floats(), max_size=60)
LOSSES = st.lists(st.floats(0.0625, 64.0, width=32), min_size=2, max_size=80)


def fired(issues: list[Issue]) -> list[tuple[str, str, int]]:
    """What was recorded when, without the numbers."""
    return [(issue.code, issue.severity, issue.step) for issue in issues]


def observed(train: Values, validation: Values) -> list[Observation]:
    """The observations of a curve."""
    pairs = zip_longest(train, validation)
    return [
        Observation(step, train=seen, validation=held_out, higher_is_better=False)
        for step, (seen, held_out) in enumerate(pairs)
    ]


@given(ANYTHING, ANYTHING, ANYTHING, st.sampled_from([True, False, None]))
def test_no_values_raise(
    train: Values, validation: Values, rates: Values, higher_is_better: bool | None
) -> None:
    """NaN, infinities, huge, tiny and missing values, in any order and any direction."""
    rates += [None] * max(len(train), len(validation))
    issues = scan(
        train=train,
        validation=validation,
        higher_is_better=higher_is_better,
        learning_rate=rates,
    )
    codes = {each.code: each.name for each in KINDS}
    for issue in issues:
        assert codes[issue.code] == issue.name
        assert issue.decision
        assert issue.reasoning


@given(LOSSES, LOSSES, st.integers(-20, 20))
def test_the_scale_of_a_loss_changes_nothing(
    train: list[float], validation: list[float], power: int
) -> None:
    """Times 2 to the -20 until 20, about 1e-6 to 1e6: powers of two, so that nothing is rounded."""
    scale = 2.0**power
    scaled = scan(
        train=[scale * value for value in train], validation=[scale * value for value in validation]
    )
    assert fired(scaled) == fired(scan(train=train, validation=validation))


@given(ANYTHING, ANYTHING)
def test_a_metric_to_maximise_is_a_negated_loss(train: Values, validation: Values) -> None:
    """The same decisions at the same steps."""

    def negated(values: Values) -> Values:
        return [None if value is None else -value for value in values]

    turned = scan(train=negated(train), validation=negated(validation), higher_is_better=True)
    assert fired(turned) == fired(scan(train=train, validation=validation))


@given(LOSSES, LOSSES, st.data())
def test_a_pickle_goes_on_where_it_was(
    train: list[float], validation: list[float], data: st.DataObject
) -> None:
    """A set that is pickled at any point records what one records that never was."""
    observations = observed([*train], [*validation])
    cut = data.draw(st.integers(0, len(observations)))
    detectors = DetectorSet()
    recorded = [issue for each in observations[:cut] for issue in detectors.observe(each)]
    resumed = pickle.loads(pickle.dumps(detectors))
    recorded += [issue for each in observations[cut:] for issue in resumed.observe(each)]
    assert recorded == scan(train=train, validation=validation)


@given(LOSSES, LOSSES, st.data())
def test_steps_seen_again_change_nothing(
    train: list[float], validation: list[float], data: st.DataObject
) -> None:
    """A resume from an earlier step is passed over until there is news."""
    observations = observed([*train], [*validation])
    back = data.draw(st.integers(0, len(observations)))
    again = observations[:back] + observations[back // 2 :]
    detectors = DetectorSet()
    recorded = [issue for each in again for issue in detectors.observe(each)]
    assert recorded == scan(train=train, validation=validation)


@given(ANYTHING, ANYTHING)
def test_online_is_as_scanned(train: Values, validation: Values) -> None:
    """`scan` records what a set records that is fed one observation at a time."""
    detectors = DetectorSet()
    recorded = [issue for each in observed(train, validation) for issue in detectors.observe(each)]
    assert recorded == scan(train=train, validation=validation)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_constant_loss_is_that_alone(name: str) -> None:
    """At any level, zero and below included."""
    for level in (-3.0, 0.0, 1e-30, 0.7):
        names = {issue.name for issue in scan(train=[level] * 100, validation=[level] * 100)}
        assert name not in names or name == "constant_metric"


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 0.5], [0.5, 1.0], [None, 1.0], [None, None]])
def test_very_short_runs_say_nothing(values: Values) -> None:
    """Two points are no evidence."""
    assert scan(train=values, validation=values) == []
    assert scan(train=values) == scan(validation=values) == scan() == []


def test_the_state_does_not_grow() -> None:
    """Over fifty thousand steps of noise; also the number of issues stays small."""
    detectors = DetectorSet()
    sizes, recorded = [], 0
    for step in range(50_000):
        noise = math.sin(step * step)  # deterministic, and as good as noise
        seen = Observation(
            step,
            "step",
            train=2 + noise + 50 * (step % 997 == 0),
            validation=2 - noise,
            learning_rate=0.1,
            seconds=float(step),
        )
        recorded += len(detectors.observe(seen))
        if step % 10_000 == 9_999:
            sizes.append(len(pickle.dumps(detectors)))
    assert max(sizes) < 10_240
    assert max(sizes[1:]) - min(sizes[1:]) < 1_024
    assert recorded < 10
