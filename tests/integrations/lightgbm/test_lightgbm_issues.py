"""The detectors watch every metric of a LightGBM training and say what goes wrong, and why."""

import math
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.datasets import load_wine

from lightgbm_training import PARAMS, data, train
from mllog_callbacks import AuditLog, DetectorSet, EventType, Issue
from mllog_lightgbm import MLAuditCallback
from recorded import Entries, issues, of, the_end

ISSUE = EventType.ISSUE_DETECTED


def overfit(*callbacks: Any, **kwargs: Any) -> None:
    """Large trees on 120 rows whose labels are half noise: training loss falls, the other rises."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 20))
    labels = (features[:, 0] + rng.normal(scale=2.0, size=400) > 0).astype(int)
    data = lgb.Dataset(features[:120], labels[:120])
    params = PARAMS | {"num_leaves": 63, "min_data_in_leaf": 2, "metric": "binary_logloss"}
    lgb.train(
        params | kwargs,
        data,
        num_boost_round=200,
        valid_sets=[data, data.create_valid(features[120:], labels[120:])],
        valid_names=["fit", "held_out"],
        callbacks=list(callbacks),
    )


def test_overfitting_is_recorded_with_its_evidence_and_probable_cause(
    log: AuditLog, entries: Entries
) -> None:
    """The cause is made of the caller's parameters and the rows; the consequence of the call."""
    overfit(MLAuditCallback(log, dataset="noise"))
    recorded = entries()
    first = issues(recorded, "overfitting")[0]
    assert first.dataset == "noise"
    assert first.metrics_snapshot is not None
    assert first.metrics_snapshot["code"] == "MLA001"
    reasoning = str(first.reasoning)
    assert "held_out binary_logloss" in reasoning
    assert "Probable cause: up to num_leaves=63 leaves for 120 training rows" in reasoning
    assert "(min_data_in_leaf=2)" in reasoning
    assert "Early stopping is off; the training will run to its planned end." in reasoning
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED


def test_a_cause_in_a_cross_validation_counts_the_rows_of_a_fold(
    log: AuditLog, entries: Entries
) -> None:
    """Each model is grown on four of five parts."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 20))
    labels = features[:, 0] + rng.normal(scale=3.0, size=100)
    lgb.cv(
        {"verbosity": -1, "num_leaves": 31, "min_data_in_leaf": 2, "num_threads": 1},
        lgb.Dataset(features, labels),
        num_boost_round=60,
        stratified=False,
        callbacks=[MLAuditCallback(log, detectors=["overfitting"])],
    )
    reasoning = str(issues(entries(), "overfitting")[0].reasoning)
    assert "Probable cause: up to num_leaves=31 leaves for 80 training rows" in reasoning


def test_an_issue_says_what_early_stopping_will_do(log: AuditLog, entries: Entries) -> None:
    """With its patience."""
    overfit(MLAuditCallback(log), lgb.early_stopping(150, verbose=False))
    reasoning = str(issues(entries(), "overfitting")[0].reasoning)
    assert "it ends the training after 150 checks without improvement" in reasoning


@pytest.mark.parametrize("direction", [False, True])
def test_a_metric_that_is_no_number_is_recorded_at_its_own_iteration(
    log: AuditLog, entries: Entries, *, direction: bool
) -> None:
    """Whatever the metric's direction; and the line stays strict JSON."""
    calls = iter(range(1_000))

    def metric(_predicted: Any, _data: lgb.Dataset) -> tuple[str, float, bool]:
        return "odd", math.nan if next(calls) == 6 else 1.0, direction

    train(log, feval=metric, num_boost_round=12)
    recorded, over = issues(entries(), "non_finite")
    assert (over.metrics_snapshot or {})["state"] == "closed"
    assert recorded.metrics_snapshot is not None
    assert recorded.metrics_snapshot["iteration"] == 7
    assert "odd" in str(recorded.reasoning)


def test_which_detectors_watch_is_the_callers_choice(log: AuditLog, entries: Entries) -> None:
    """By name, or none at all; a name that does not exist is an error where it is given."""
    overfit(MLAuditCallback(log, detectors=[]))
    overfit(MLAuditCallback(log, detectors=["non_finite"]))
    assert not of(entries(), ISSUE)
    overfit(MLAuditCallback(log, detectors=["overfitting"]))
    assert {(each.metrics_snapshot or {})["name"] for each in of(entries(), ISSUE)} == {
        "overfitting"
    }
    before = len(of(entries(), ISSUE))
    overfit(MLAuditCallback(log, detectors=DetectorSet(ignore=["MLA001"])))
    recorded = of(entries(), ISSUE)[before:]
    assert recorded
    assert "overfitting" not in {(each.metrics_snapshot or {})["name"] for each in recorded}
    with pytest.raises(ValueError, match="there is no detector 'overfiting'"):
        MLAuditCallback(log, detectors=["overfiting"])


def test_on_issue_is_called_with_each_issue(log: AuditLog, entries: Entries) -> None:
    """In the order of the log."""
    seen: list[Issue] = []
    overfit(MLAuditCallback(log, on_issue=seen.append))
    recorded = of(entries(), ISSUE)
    assert [each.decision for each in seen] == [each.decision for each in recorded]
    assert seen


@pytest.mark.production_guards
def test_what_on_issue_raises_does_not_reach_the_training(
    log: AuditLog, entries: Entries, caplog: pytest.LogCaptureFixture
) -> None:
    """It is reported once."""

    def broken(_issue: Issue) -> None:
        msg = "no such pager"
        raise RuntimeError(msg)

    overfit(MLAuditCallback(log, on_issue=broken))
    assert the_end(entries()).event is EventType.TRAINING_COMPLETED
    assert caplog.text.count("no such pager") == 1


def test_each_training_of_a_callback_is_watched_anew(log: AuditLog, entries: Entries) -> None:
    """Nothing of the first is left in the second."""
    callback = MLAuditCallback(log)
    overfit(callback)
    first = [each.decision for each in of(entries(), ISSUE)]
    overfit(callback)
    assert [each.decision for each in of(entries(), ISSUE)] == first * 2


def test_the_level_error_keeps_issues(tmp_path: Path) -> None:
    """Issues and failures are what it is for."""
    with AuditLog(tmp_path, level="ERROR") as log:
        overfit(MLAuditCallback(log))
        assert log.stats.emitted > 0


def test_a_healthy_training_raises_no_alarm(log: AuditLog, entries: Entries) -> None:
    """Breast-cancer data, stopped early: at most remarks for information."""
    train(log, lgb.early_stopping(20, verbose=False), num_boost_round=500)
    severities = {(each.metrics_snapshot or {})["severity"] for each in of(entries(), ISSUE)}
    assert severities <= {"info"}


def test_the_learning_rate_is_read_as_it_changes(log: AuditLog, entries: Entries) -> None:
    """A rate that rises and breaks the training is named as the probable cause."""
    schedule = [0.05] * 40 + [40.0] * 160
    overfit(
        MLAuditCallback(log, detectors=["divergence", "spike"]),
        lgb.reset_parameter(learning_rate=schedule),
    )
    recorded = of(entries(), ISSUE)
    assert recorded
    assert "Probable cause: the learning rate rose from 0.05 to 40" in str(recorded[0].reasoning)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([0.5] * 20, "The last finite value was 1 at iteration 15."),
        ([0.5] * 10 + [1e-4] * 10, "The learning rate was 0.0001 by then, down from 0.5."),
        ([0.1] * 14 + [0.4] * 6, "cause: the learning rate rose from 0.1 to 0.4 at iteration 15."),
    ],
)
def test_a_cause_names_the_learning_rate_of_its_iteration(
    log: AuditLog, entries: Entries, rates: list[float], expected: str
) -> None:
    """Not the parameter's, where `reset_parameter` has changed it, before the first one too.

    That a rate is too high is not said of values on validation data alone.
    """

    def metric(_scores: Any, _data: Any) -> tuple[str, float, bool]:
        place = len(seen)
        seen.append(place)
        return "own", math.nan if place == 15 else 1.0, False

    seen: list[int] = []
    schedule = lgb.reset_parameter(learning_rate=rates)
    train(log, schedule, params={"learning_rate": 0.5}, feval=metric)
    assert str(issues(entries(), "non_finite")[0].reasoning).endswith(expected)


@pytest.mark.parametrize("seed", [5, 7, 8, 11])
def test_one_wrong_row_of_fifteen_is_no_overfitting(
    log: AuditLog, entries: Entries, seed: int
) -> None:
    """An error on so few rows takes few values: one step of it is noise, after any time at zero."""
    features, labels = load_wine(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    features, labels = features[order], labels[order]
    data = lgb.Dataset(features[15:], labels[15:])
    params = PARAMS | {"objective": "multiclass", "num_class": 3, "metric": "multi_error"}
    lgb.train(
        params | {"bagging_fraction": 0.5, "bagging_freq": 1},
        data,
        num_boost_round=60,
        valid_sets=[data, data.create_valid(features[:15], labels[:15])],
        valid_names=["fit", "few"],
        callbacks=[MLAuditCallback(log)],
    )
    names = {(each.metrics_snapshot or {})["name"] for each in of(entries(), ISSUE)}
    assert not names & {"overfitting", "spike", "oscillation"}


@pytest.mark.parametrize("detectors", [None, ["no_convergence", "plateau"]])
def test_a_forest_that_gains_nothing_with_more_trees_is_no_issue(
    log: AuditLog, entries: Entries, detectors: list[str] | None
) -> None:
    """Its trees do not build on each other; but the caller's choice of detectors stands."""
    forest = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5, "num_leaves": 15}
    training, valid = data()
    audit = MLAuditCallback(log, detectors=detectors)
    lgb.train(PARAMS | forest, training, 80, valid_sets=[valid], callbacks=[audit])
    recorded = {str((each.metrics_snapshot or {})["name"]) for each in of(entries(), ISSUE)}
    # a metric without any convergence has no plateau beside that
    assert recorded == ({"no_convergence"} if detectors else set())
