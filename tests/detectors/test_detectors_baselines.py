"""What a metric is worth: by the data at hand, its rows, its features; and by the caller's word."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from mllog_callbacks import Auditor
from mllog_callbacks.detectors import DetectorSet, Facts, Issue, Observation, StatedDirections
from mllog_callbacks.facts import DataSet, Range

KEPT = {"stop": {"by": "rule", "rule": {"name": "stop"}}, "kept": {"at": 3, "chosen_by": "stop"}}
NUMBERS = Range(least=0.0, largest=9.0, mean=4.5, deviation=2.0, absolute_deviation=1.5)


def held_out(rows: int | None = 400, **more: Any) -> Facts:
    """Facts of a validation set."""
    return Facts(sets={"validation": DataSet(role="validation", rows=rows, **more)})


def found(
    metric: str,
    best: float,
    facts: Facts,
    *,
    higher: bool = False,
    importance: Mapping[str, float] | None = None,
) -> dict[str, Issue]:
    """What the end of a run with this best value shows."""
    detectors = DetectorSet(facts=facts)
    start = best - 0.3 if higher else best + 0.3
    for step, value in enumerate([start, best, best, best, best, best], 1):
        detectors.observe(
            Observation(step, "epoch", metric, validation=value, higher_is_better=higher)
        )
    end = KEPT | ({"importance": importance} if importance else {})
    return {each.name: each for each in detectors.finish(end)}


@pytest.mark.parametrize(
    ("metric", "facts", "no_better", "better"),
    [
        ("l2", held_out(labels=NUMBERS), 4.0, 3.8),
        ("rmse", held_out(labels=NUMBERS), 2.0, 1.95),
        ("mean_absolute_error", held_out(labels=NUMBERS), 1.5, 1.4),
        ("r2", held_out(), 0.01, 0.1),
        ("auc", held_out(classes={"no": 200, "yes": 200}), 0.57, 0.6),
        ("multi_logloss", held_out(classes={"a": 100, "b": 100, "c": 200}), 1.03, 1.0),
        ("acc", held_out(classes={"a": 100, "b": 100, "c": 200}), 0.55, 0.6),
        ("merror", held_out(classes={"a": 100, "b": 100, "c": 200}), 0.45, 0.4),
        ("loss", Facts(baselines={"loss": (math.log(27), "ln 27")}), 3.28, 3.2),
        ("score", Facts(known_as={"score": "r2"}), 0.005, 0.2),
    ],
)
def test_no_better_than_without_features(
    metric: str, facts: Facts, no_better: float, better: float
) -> None:
    """What chance brings on so few rows is no gain; more is."""
    higher = no_better < better
    assert {*found(metric, no_better, facts, higher=higher)} == {"no_better_than_baseline"}
    assert not found(metric, better, facts, higher=higher)


def test_weights_change_what_a_log_loss_is_without_features() -> None:
    """The class shares say nothing about it then."""
    facts = held_out(classes={"no": 300, "yes": 100})
    assert found("logloss", 0.6, facts)
    weighted = Facts(sets=facts.sets, weighted=True)
    assert not found("logloss", 0.6, weighted)


def test_one_metric_that_learns_is_enough() -> None:
    """An accuracy at the largest class says little where the order of rows is right."""
    detectors = DetectorSet(facts=held_out(classes={"no": 360, "yes": 40}))
    for step in range(1, 7):
        for metric, value in (("accuracy", 0.9), ("auc", 0.6 + step / 20)):
            detectors.observe(
                Observation(step, "epoch", metric, validation=value, higher_is_better=True)
            )
    assert not detectors.finish(KEPT)


def test_a_feature_that_may_contain_the_target() -> None:
    """It has nearly all gain, and the score is near-perfect; neither alone is enough."""
    facts = Facts(
        features=5,
        sets={"validation": DataSet(role="validation", rows=400, classes={"0": 200, "1": 200})},
    )
    leak = {"paid_back": 0.99, "age": 0.01}
    seen = found("auc", 0.9999, facts, higher=True, importance=leak)
    assert seen["possible_leak"].metrics["feature"] == "paid_back"
    assert not found("auc", 0.95, facts, higher=True, importance=leak)
    assert not found("auc", 0.9999, facts, higher=True, importance={"a": 0.6, "b": 0.4})
    alone = Facts(features=1, sets=facts.sets)
    assert not found("auc", 0.9999, alone, higher=True, importance={"paid_back": 1.0})


def test_a_rule_that_decided_by_a_few_rows() -> None:
    """Where nothing decided by them, they are no issue; and no baseline is judged by them."""
    few = held_out(8, labels=NUMBERS)
    assert {*found("rmse", 2.5, few)} == {"small_validation_set"}
    detectors = DetectorSet(facts=few)
    for step in range(1, 9):
        detectors.observe(Observation(step, "epoch", "rmse", validation=2 + 0.5**step))
    assert not detectors.finish({"stop": {"by": "plan"}, "kept": {"at": 8}})


def test_a_copy_of_the_training_data_is_watched() -> None:
    """Early stopping never ends the training then."""
    copies = {
        "training": DataSet(role="training", rows=400),
        "valid": DataSet(role="training", same_as="training"),
    }
    facts = Facts(sets=copies, early_stopping=True)
    assert {*found("speed_loss", 0.5, facts)} == {"monitored_training_data"}
    other = copies | {"other": DataSet(role="validation", rows=200)}
    assert not found("speed_loss", 0.5, Facts(sets=other, early_stopping=True))


def test_the_caller_states_a_direction() -> None:
    """By its name as recorded, or without its stage; it goes before what observations say."""
    detectors = DetectorSet()
    detectors.stated = StatedDirections({"my_score": "max"})
    for step in range(1, 9):
        seen = Observation(step, "epoch", "my_score", validation=1 - step / 10)
        assert not detectors.observe(seen._replace(higher_is_better=None))
    assert {each.name for each in detectors.finish(KEPT)} == {"best_at_start"}
    assert detectors.stated("val_my_score") is True
    assert detectors.stated("loss") is None


@pytest.mark.parametrize(
    ("directions", "error", "words"),
    [("max", TypeError, "takes a mapping"), ({"a": "up"}, ValueError, "'min' or 'max', not 'up'")],
)
def test_directions_that_cannot_be_used(
    directions: Any, error: type[Exception], words: str
) -> None:
    """They are refused where they are given."""
    with pytest.raises(error, match=words):
        Auditor(directions=directions)
