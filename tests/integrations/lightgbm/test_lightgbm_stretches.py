"""Results that wait in a row are read as they came, however they are cut; no best is missed."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mllog_lightgbm.results import Result, Scoreboard
from mllog_lightgbm.stretches import Beginning, Stretch, Stretches

Iteration = tuple[int, tuple[tuple[str, str, float, bool], ...], object]

values = st.floats(-3, 3) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])
sets = st.sampled_from([("train", "auc", True), ("valid", "auc", True), ("valid", "l2", False)])
shapes = st.lists(sets, max_size=3, unique=True)


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
    """What a training puts in a row."""
    items, latest, before = list[object](), Beginning(0, 0, None), -1
    for done, results, rate in made:
        if not results or done != before + 1 or (latest.width, latest.rate) != (len(results), rate):
            latest = Beginning(done, len(results), rate)
            items.append(latest)
        items.extend(results)
        before = done
    return items


def _read(items: list[object], cuts: list[int]) -> list[Stretch]:
    """Read in portions, which end where an iteration does."""
    reader, read, portion, width, seen = Stretches(), list[Stretch](), list[object](), 0, 0
    for item in items:
        portion.append(item)
        if type(item) is Beginning:
            width, seen = item.width, 0
        else:
            seen += 1
        if cuts and (not width or seen % width == 0) and cuts.pop():
            read += reader.read(portion)
            portion = []
    return [*read, *reader.read(portion)]


@st.composite
def readings(draw: st.DrawFn) -> tuple[list[Iteration], list[Stretch]]:
    """Iterations, and what is read of them, in portions of any size."""
    made = draw(trainings())
    items = _waiting(made)
    cuts = draw(st.lists(st.integers(0, 1), min_size=len(items), max_size=len(items)))
    return made, _read(items, cuts)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(reading=readings())
def test_what_is_put_in_a_row_is_read_as_it_came(
    reading: tuple[list[Iteration], list[Stretch]],
) -> None:
    """Numbers of iterations, results and rates; of those alike, the values by column."""
    made, stretches = reading
    read = [
        (done, tuple(results), each.rate) for each in stretches for done, results in each.since()
    ]
    assert repr(read) == repr(made)
    for stretch in stretches:
        columns = stretch.numbers
        if columns is not None:
            rows = [tuple(each[2] for each in results) for _, results in stretch.since()]
            assert repr([*zip(*columns, strict=True)]) == repr(rows if columns else [])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(reading=readings())
def test_a_stretch_without_a_new_best_can_be_passed_over(
    reading: tuple[list[Iteration], list[Stretch]],
) -> None:
    """The bests are those of looking at each iteration."""
    each_by_each, passing = Scoreboard(), Scoreboard()
    for stretch in reading[1]:
        looked_at: dict[int, Any] = dict(stretch.since())
        changes = passing.may_change(stretch)
        if changes:
            for done, results in looked_at.items():
                passing.record(results, done)
        gone = [each_by_each.record(results, done) for done, results in looked_at.items()]
        assert changes or not any(gone)
        for name, metric, value, up in stretch.first:
            result = Result(name, metric, value, up)
            one, other = each_by_each.best(result), passing.best(result)
            if one.iteration or other.iteration:
                assert one == other
