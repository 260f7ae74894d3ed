"""Results that wait in a queue are read as they came, however they are cut; no best is missed."""

import math
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mllog_callbacks import Steps, Training
from mllog_callbacks.adapter._scores import Scores
from mllog_callbacks.facts import Best
from mllog_lightgbm.batches import Batches, Header

Iteration = tuple[int, tuple[tuple[str, str, float, bool], ...], object]

values = st.floats(-3, 3) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])
sets = st.sampled_from([("train", "auc", True), ("valid", "auc", True), ("valid", "l2", False)])
shapes = st.lists(sets, max_size=3, unique=True)


class Seen(Training):
    """Keeps the steps that it is given, and records nothing."""

    def __init__(self) -> None:
        self.seen: list[Steps] = []

    def steps(self, steps: Steps) -> None:
        """Keep them."""
        self.seen.append(steps)


@st.composite
def trainings(draw: st.DrawFn) -> list[Iteration]:
    """Iterations, of which some follow each other without another shape, rate or gap."""
    done, made = draw(st.integers(0, 5)), list[Iteration]()
    for shape in draw(st.lists(shapes, min_size=1, max_size=4)):
        rate = draw(st.sampled_from([None, 0.1, 0.2]))
        done += draw(st.integers(1, 2))
        for _ in range(draw(st.integers(1, 12))):
            made.append(
                (done, tuple((name, metric, draw(values), up) for name, metric, up in shape), rate)
            )
            done += 1
    return made


def _waiting(made: list[Iteration]) -> list[object]:
    """What a training puts into its queue."""
    items, header, before = list[object](), Header(0, 0, None), -1
    for done, results, rate in made:
        if not results or done != before + 1 or (header.width, header.rate) != (len(results), rate):
            header = Header(done, len(results), rate)
            items.append(header)
        items.extend(results)
        before = done
    return items


def _read(items: list[object], cuts: list[int]) -> list[Steps]:
    """Read in portions, which end where an iteration does."""
    training, portion, width, seen = Seen(), list[object](), 0, 0
    batches = Batches(training, {}, lambda _: None, {})
    for item in items:
        portion.append(item)
        if type(item) is Header:
            width, seen = item.width, 0
        else:
            seen += 1
        if cuts and (not width or seen % width == 0) and cuts.pop():
            batches.take(portion)
            portion = []
    batches.take(portion)
    return training.seen


@st.composite
def readings(draw: st.DrawFn) -> tuple[list[Iteration], list[Steps]]:
    """Iterations, and what is read of them, in portions of any size."""
    made = draw(trainings())
    items = _waiting(made)
    cuts = draw(st.lists(st.integers(0, 1), min_size=len(items), max_size=len(items)))
    return made, _read(items, cuts)


def _one_by_one(steps: Steps) -> list[Steps]:
    return [steps.part(at, at + 1) for at in range(len(steps.at))]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(reading=readings())
def test_what_waits_in_a_queue_is_read_as_it_came(
    reading: tuple[list[Iteration], list[Steps]],
) -> None:
    """Numbers of iterations, results and rates."""
    made, seen = reading
    read = [
        (one.at[0], {key: column[0] for key, column in one.values.items()}, one.learning_rate)
        for steps in seen
        for one in _one_by_one(steps)
    ]
    expected = [
        (done, {(name, metric): value for name, metric, value, _ in results}, rate)
        for done, results, rate in made
    ]
    assert repr(read) == repr(expected)
    assert all(one.at[-1] < other.at[0] for one, other in pairwise(seen))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(reading=readings())
def test_the_bests_are_those_of_looking_at_each_iteration(
    reading: tuple[list[Iteration], list[Steps]],
) -> None:
    """Many steps at once, or one by one: the same values, at the same iterations."""
    together, alone = (Scores({"auc": True, "l2": False}.get) for _ in range(2))
    best: dict[str, dict[str, Any]] = {}
    for steps in reading[1]:
        found = together.improvements(steps)
        together.take(steps, found)
        waits = sorted((steps.at[e.place], e.waited) for each in found.values() for e in each)
        single = []
        for one in _one_by_one(steps):
            found = alone.improvements(one)
            alone.take(one, found)
            single += [(one.at[0], e.waited) for each in found.values() for e in each]
        assert waits == sorted(single)
        assert together.best == alone.best
        assert repr(together.last) == repr(alone.last)
    for done, results, _ in reading[0]:
        for name, metric, value, up in results:
            if not math.isfinite(value):
                continue
            known: Best | None = best.setdefault(name, {}).get(metric)
            if known is None or (value > known.value if up else value < known.value):
                best[name][metric] = Best(value=value, at=done)
    found_bests = {
        name: {metric: (each.value, each.at) for metric, each in metrics.items()}
        for name, metrics in together.best.items()
    }
    assert found_bests == {
        name: {metric: (each.value, each.at) for metric, each in metrics.items()}
        for name, metrics in best.items()
        if metrics
    }
