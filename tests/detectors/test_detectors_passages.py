"""Many observations at once bring what they bring one by one."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllog_callbacks.detectors import (
    Detector,
    DetectorSet,
    Issue,
    Observation,
    Overfitting,
    Passage,
    Plateau,
    Spike,
)

Values = Sequence[float | None]

CURVES: dict[str, Callable[[int, float], float]] = {
    "falls": lambda step, noise: 0.2 + math.exp(-step / 80) + 0.002 * noise,
    "overfits": lambda step, noise: 0.2 + math.exp(-step / 20) + 0.003 * step + 0.002 * noise,
    "recovers": lambda step, noise: 0.5 + 0.3 * math.sin(step / 60) / (1 + step / 300) + 0 * noise,
    "is flat": lambda step, noise: 0.69 + 1e-5 * noise + 0 * step,
    "is noise": lambda step, noise: 1 + 0.4 * noise + 0 * step,
    "spikes": lambda step, noise: math.exp(-step / 90) * (9 if step % 97 == 96 else 1 + noise / 99),
    "explodes": lambda step, noise: 1.01 ** (step - 200) + 0.5 + 0.01 * noise,
    "turns negative": lambda step, noise: 1 - step / 100 + 0.01 * noise,
    "falls fast to zero": lambda step, noise: 0.8**step * (1 + 0.1 * noise),
}


def curve(name: str, seed: int) -> Values:
    """Four hundred values, the noise drawn anew for each seed."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    return [CURVES[name](step, rng.gauss(0, 1)) for step in range(400)]


def observations(first: Observation, train: Values | None, held_out: Values) -> list[Observation]:
    """The observations of a curve, one by one."""
    return [
        first._replace(step=step, train=None if train is None else train[step], validation=value)
        for step, value in enumerate(held_out)
    ]


def one_by_one(detectors: DetectorSet, seen: list[Observation]) -> list[Issue]:
    """What is recorded when each is observed for itself."""
    return [issue for each in seen for issue in detectors.observe(each)]


def followed(
    detectors: DetectorSet,
    first: Observation,
    cuts: list[int],
    train: Values | None,
    held_out: Values,
) -> list[Issue]:
    """What is recorded when they are taken in passages, cut at some steps."""
    recorded = []
    for begin, end in pairwise([0, *sorted(cuts), len(held_out)]):
        taken = None if train is None else train[begin:end]
        recorded += detectors.follow(
            [Passage(first, range(begin, end), taken, held_out[begin:end])]
        )
    return recorded


@pytest.mark.parametrize("unit", ["epoch", "iteration", "step"])
@pytest.mark.parametrize("name", CURVES)
def test_passages_bring_what_observations_bring(name: str, unit: str) -> None:
    """With and without training values, in both directions, whatever the cuts."""
    rng = random.Random(name)  # noqa: S311 - no secret
    held_out = curve(name, 1)
    for train in (None, curve("falls", 2), curve(name, 3), held_out):
        for sign in (1, -1):
            first = Observation(0, unit, higher_is_better=sign < 0, learning_rate=0.1)  # type: ignore[arg-type]  # a unit
            one, other = (
                None if each is None else [sign * (value or 0.0) for value in each]
                for each in (train, held_out)
            )
            assert other is not None
            cuts = rng.sample(range(400), rng.choice([0, 1, 5, 60]))
            whole = one_by_one(DetectorSet(), observations(first, one, other))
            assert followed(DetectorSet(), first, cuts, one, other) == whole


ANYTHING = st.lists(st.none() | st.floats() | st.floats(-1, 1), min_size=1, max_size=60)


@given(ANYTHING, st.floats() | st.none(), st.sampled_from([True, False, None]), st.data())
def test_whatever_the_values(
    values: Values, rate: float | None, better: bool | None, data: st.DataObject
) -> None:
    """Missing, huge, not finite: what cannot be skimmed is looked at one by one."""
    first = Observation(0, higher_is_better=better, learning_rate=rate)
    cuts = data.draw(st.lists(st.integers(0, len(values)), max_size=4))
    whole = one_by_one(DetectorSet(), observations(first, None, values))
    assert repr(followed(DetectorSet(), first, cuts, None, values)) == repr(whole)


def test_issues_of_several_streams_come_by_step() -> None:
    """Each at its step, in the order of the streams; of two metrics, for one would explain both."""
    firsts = [
        Observation(0, "iteration", metric, dataset)
        for metric, dataset in (("l2", "valid_0"), ("l1", "valid_1"), ("auc", "valid_0"))
    ]
    curves = [curve("overfits", 1), curve("spikes", 2), curve("falls", 3)]
    each = [observations(first, None, c) for first, c in zip(firsts, curves, strict=True)]
    whole = one_by_one(DetectorSet(), [seen for step in zip(*each, strict=True) for seen in step])
    passages = [
        Passage(first, range(400), None, c) for first, c in zip(firsts, curves, strict=True)
    ]
    assert DetectorSet().follow(passages) == whole
    assert len({issue.name for issue in whole}) > 1


def test_what_was_seen_can_be_saved_between_passages() -> None:
    """A set that is restored in the middle goes on as the one that was saved."""
    values = curve("overfits", 5)
    first = Observation(0, "iteration")
    whole = one_by_one(DetectorSet(), observations(first, None, values))
    begun, resumed = DetectorSet(), DetectorSet()
    recorded = begun.follow([Passage(first, range(33), None, values[:33])])
    resumed.restore(begun.saved())
    assert recorded + resumed.follow([Passage(first, range(400), None, values)]) == whole


class _Loud(Spike):
    """Derived from one of ours, with its own way to observe."""

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation: ten times as large."""
        assert observation.validation is not None
        return super().observe(observation._replace(validation=10 * observation.validation))


class _Counting:
    """A user's own detector, which knows of no passages."""

    name = "counted"

    def __init__(self) -> None:
        self.steps: list[int] = []

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        self.steps.append(observation.step)
        if observation.step != 150:
            return None
        return Issue("OWN1", "counted", "info", 150, "Seen.", str(self.steps), {})  # type: ignore[arg-type]  # as text


def test_detectors_of_a_user_see_one_observation_after_the_other() -> None:
    """In their own way, also where they are derived from ours; and so do others' thresholds."""
    values = curve("spikes", 4)
    first = Observation(0, "iteration")
    mine: list[Detector | str] = [
        _Loud(),
        _Counting(),
        Overfitting(span=9, rise=0.01),
        Plateau(least=5),
    ]
    whole = one_by_one(DetectorSet(mine), observations(first, None, values))
    assert followed(DetectorSet(mine), first, [7, 200], None, values) == whole
    seen = next(issue for issue in whole if issue.decision == "Seen.")
    assert seen.reasoning == str([*range(151)])
