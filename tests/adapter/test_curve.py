"""The curve that entries carry: the steps since the entry before, thinned, each of them true."""

import json
import math
import random
from typing import Any

from mllog_callbacks import AuditLog, EventType, Reason
from mllog_callbacks.adapter import CurveKeeper, Run
from mllog_callbacks.facts import thinned
from recorded import Entries

NOTHING: dict[str, object] = {}


def _noisy(count: int, seed: int = 0) -> list[float]:
    draw = random.Random(seed)  # noqa: S311 - a curve
    return [math.exp(-each / 100) + draw.gauss(0, 0.1) for each in range(count)]


def _columns(fact: Any) -> list[list[float]]:
    return [values for metrics in fact["results"].values() for values in metrics.values()]


def test_a_long_passage_keeps_its_extremes_its_end_and_marked_steps() -> None:
    """Each point is one that was measured; of each curve some thirty."""
    keeper, curves = CurveKeeper("iteration"), [_noisy(2_000, seed) for seed in range(4)]
    for at, values in enumerate(zip(*curves, strict=True), 1):
        keeper.add(at, {("valid", f"m{place}"): value for place, value in enumerate(values)})
    keeper.mark(777)
    fact: Any = keeper.take(NOTHING)["curve"]
    assert fact["unit"] == "iteration"
    assert 25 <= len(fact["at"]) <= 33
    assert fact["at"][-1] == 2_000
    assert 777 in fact["at"]
    for whole, kept in zip(curves, _columns(fact), strict=True):
        assert kept == [whole[at - 1] for at in fact["at"]]
        assert {min(whole), max(whole)} <= set(kept)


def test_many_curves_have_fewer_points_each() -> None:
    """So that a line stays below 8 KiB."""
    keeper = CurveKeeper("epoch")
    for place in range(30):
        keeper.extend(("valid", f"metric_{place}"), range(500), _noisy(500, place))
    assert len(json.dumps(keeper.take(NOTHING))) < 8_192


def test_a_smooth_curve_needs_few_points() -> None:
    """A straight line needs its ends."""
    assert thinned(range(1_000), [[float(each) for each in range(1_000)]], 30) == [0, 999]
    bend = [abs(each - 300.0) for each in range(1_000)]
    assert thinned(range(1_000), [bend], 30) == [0, 300, 999]


def test_what_is_not_finite_is_null_and_its_ends_are_kept() -> None:
    """The values beside it too, where there is room."""
    keeper = CurveKeeper("iteration")
    values = [1.0] * 100 + [math.nan] * 100 + [1.0, math.inf, 1.0] + [1.0] * 100
    keeper.extend(("valid", "loss"), range(1, len(values) + 1), values)
    fact: Any = keeper.take(NOTHING)["curve"]
    kept = dict(zip(fact["at"], fact["results"]["valid"]["loss"], strict=True))
    expected = {100: 1.0, 101: None, 200: None, 201: 1.0, 202: None, 203: 1.0}
    assert expected.items() <= kept.items()


def test_what_was_measured_elsewhere_has_positions_of_its_own() -> None:
    """As validation in every third epoch, or in another unit; parameters are apart."""
    keeper = CurveKeeper("epoch")
    for epoch in range(1, 10):
        rate = 0.1 if epoch < 5 else 0.05
        keeper.add(epoch, {("train", "loss"): 1 / epoch, ("", "learning_rate"): rate})
        keeper.add(epoch, {("", "dropout"): epoch / 10})
        if epoch % 3 == 0:
            keeper.add(epoch, {("valid", "loss"): 2 / epoch})
        keeper.add(epoch * 100, {("train", "step_loss"): 1.0}, "step")
    facts: Any = keeper.take(NOTHING)
    assert facts["curve"]["learning_rate"][0] == 0.1
    assert facts["curve"]["parameters"]["dropout"][-1] == 0.9
    steps, valid = facts["curve_2"], facts["curve_3"]
    assert valid == {
        "unit": "epoch",
        "at": [3, 6, 9],
        "results": {"valid": {"loss": [2 / 3, 2 / 6, 2 / 9]}},
    }
    assert steps["unit"] == "step"


def test_memory_is_bounded_where_no_entry_comes() -> None:
    """Of a million steps some thousands are kept, the extremes among them."""
    keeper, values = CurveKeeper(), _noisy(100_000)
    for begin in range(0, len(values), 1_000):
        part = values[begin : begin + 1_000]
        keeper.extend(("train", "loss"), range(begin, begin + 1_000), part)
        (line,) = keeper._lines.values()  # noqa: SLF001 - what it keeps
        assert len(line.at) < 10_000
    kept = set(_columns(keeper.take(NOTHING)["curve"])[0])
    assert {min(values), max(values)} <= kept


def test_entries_of_progress_and_the_end_carry_the_steps_between_them(
    log: AuditLog, entries: Entries
) -> None:
    """None twice; what an entry records itself needs no curve."""
    run = Run(log)
    run.curve.unit = "epoch"
    for epoch in range(1, 8):
        run.curve.add(epoch, {("valid", "loss"): 1 / epoch})
        if epoch in {1, 2, 5}:
            progress = {"epoch": epoch, "valid": {"loss": 1 / epoch}}
            run.emit(EventType.TRAINING_PROGRESS, Reason("An epoch is done."), progress)
    run.fail(ValueError("no rows"), "in training", "in epoch 8", "no model was returned")
    found: list[Any] = [(entry.metrics_snapshot or {}).get("curve") for entry in entries()]
    assert [each and each["at"] for each in found[-4:]] == [None, None, [3, 4, 5], [6, 7]]
