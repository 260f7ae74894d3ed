"""What the detectors say when a run has ended: severity by consequence, and which checks ran."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from mllog_callbacks import AuditLog, EventType, read_entries
from mllog_callbacks.detectors import DetectorSet, Facts, Issue, Observation, Severity
from mllog_lightgbm import MLAuditCallback

LAST = {"stop": {"by": "plan"}, "kept": {"at": 40, "unit": "epoch"}}
CHOSEN = {"stop": {"by": "plan"}, "kept": {"at": 8, "unit": "epoch", "chosen_by": "checkpoint"}}


def overfitted(facts: Facts | None = None) -> DetectorSet:
    """Detectors that have seen a run which overfits from epoch 7 on."""
    detectors = DetectorSet(facts=facts)
    for step in range(1, 41):
        value = 0.2 + 0.8 * 0.6 ** min(step, 7) + 0.02 * max(0, step - 7)
        detectors.observe(Observation(step, train=0.8**step, validation=value))
    return detectors


def issue(detectors: DetectorSet, end: Mapping[str, object], code: str) -> dict[str, Any]:
    """An issue of a run, at its end."""
    detectors.finish(end)
    issues = detectors.outcome(end)["issues"]
    assert isinstance(issues, dict)
    (found,) = (each for each in issues.values() if each["code"] == code)
    return dict(found)


def test_overfitting_is_as_serious_as_the_kept_model() -> None:
    """Information where a rule chose a model from before; an error where the last one is kept."""
    found = issue(overfitted(), CHOSEN, "MLA001")
    assert (found["severity"], found["closed_by"]) == ("info", "checkpoint kept epoch 8")
    found = issue(overfitted(), LAST, "MLA001")
    assert (found["severity"], found["closed_by"]) == ("error", "the end of the run")
    assert issue(overfitted(), {}, "MLA001")["severity"] == "warning"


def test_a_divergence_that_a_checkpoint_was_saved_before() -> None:
    """It has no consequence for that model."""

    def diverged() -> DetectorSet:
        detectors = DetectorSet()
        for step in range(1, 41):
            value = 0.8**step if step < 20 else 0.5 * 1.6 ** (step - 20)
            detectors.observe(Observation(step, train=value, validation=value))
        return detectors

    assert issue(diverged(), CHOSEN, "MLA005")["severity"] == "info"
    assert issue(diverged(), LAST, "MLA005")["severity"] == "error"


def test_the_checks_that_ran_and_those_that_could_not() -> None:
    """Each with its reason."""
    detectors = DetectorSet(ignore=["MLA006"])
    for step in range(6):
        detectors.observe(Observation(step, validation=1 / (step + 1)))
    checks = detectors.outcome(LAST)["checks"]
    assert isinstance(checks, dict)
    assert {"MLA004", "MLA005"} <= {*checks["ran"]}
    assert checks["not_run"]["MLA001"] == "no training values to compare with"
    assert checks["not_run"]["MLA003"] == "6 checks, needs 7"
    assert checks["not_run"]["MLA006"] == "ignored"
    assert checks["not_run"]["MLA016"] == "the learning rate is not known"
    few = DetectorSet(["spike"]).outcome({})["checks"]
    assert isinstance(few, dict)
    assert few["not_run"]["MLA001"] == "not chosen"
    assert few["not_run"]["MLA006"] == "no metric was observed"


def found_at_end(
    values: list[float],
    end: Mapping[str, object],
    *,
    metric: str = "loss",
    train: list[float] | None = None,
    higher: bool = False,
    facts: Facts | None = None,
) -> dict[str, Issue]:
    """What only the whole of a curve shows."""
    detectors = DetectorSet(facts=facts)
    for step, value in enumerate(values, 1):
        trained = None if train is None else train[step - 1]
        detectors.observe(
            Observation(step, "epoch", metric, "valid", trained, value, higher_is_better=higher)
        )
    return {each.name: each for each in detectors.finish(end)}


WORSE = [1.0, 1.02, 1.05, 1.08, 1.1, 1.12, 1.15, 1.18]


def test_the_best_at_the_first_check() -> None:
    """Nothing was gained; which model is kept makes the end of it worse, and is one issue."""
    assert {*found_at_end(WORSE, LAST)} == {"best_at_start"}
    assert {*found_at_end(WORSE[::-1], LAST)} == set()


def test_an_end_worse_than_the_beginning() -> None:
    """Where the last model is kept, and the best was on the way."""
    values = [1.0, 0.9, *WORSE, *[1.3] * 5]
    assert "ended_worse" in found_at_end(values, LAST)
    assert "ended_worse" not in found_at_end(values, CHOSEN)


def test_early_stopping_that_never_stopped() -> None:
    """A loss that still falls when all is done."""
    falling = [math.exp(-step / 8) for step in range(20)]
    facts = Facts(early_stopping=True)
    found = found_at_end(falling, LAST, facts=facts)
    assert {name: each.severity for name, each in found.items()} == {"best_at_end": Severity.INFO}
    assert {*found_at_end(falling, LAST)} == set()


def test_a_training_that_was_too_short() -> None:
    """A loss that falls at the end nearly as at the start needs no rule to be reported."""
    falling = [1 / (1 + 0.05 * step) for step in range(20)]
    (found,) = found_at_end(falling, LAST).values()
    assert (found.name, found.severity) == ("best_at_end", Severity.WARNING)
    assert {*found_at_end(falling, LAST, facts=Facts(early_stopping=True))} == {"best_at_end"}


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ({"name": "EarlyStopping", "metric": "train_loss", "mode": "min"}, "monitored"),
        ({"name": "EarlyStopping", "metric": "val_acc", "mode": "min"}, "mode"),
        ({"name": "EarlyStopping", "metric": "val_loss", "mode": "min"}, ""),
        ({"name": "EarlyStopping", "metric": "policy_loss", "mode": "max"}, ""),
    ],
)
def test_what_a_rule_watches(rule: dict[str, str], name: str) -> None:
    """By its own metric and mode; a metric whose direction is not known is not judged."""
    names = {"monitored": {"monitored_training_data"}, "mode": {"monitor_mode"}, "": set()}
    end = {"stop": {"by": "rule", "rule": rule}}
    assert {*found_at_end([1.0, 0.9, 0.8], end)} == names[name]


def test_what_chose_the_best_checkpoint_watches_its_metric() -> None:
    """As a rule that ends a training does."""
    for monitor, found in (("train_loss", {"monitored_training_data"}), ("val_loss", set())):
        end = LAST | {"best_checkpoint": {"monitor": monitor, "by": "ModelCheckpoint"}}
        assert {*found_at_end([1.0, 0.9, 0.8], end)} == found


def test_a_validation_set_that_is_the_training_set() -> None:
    """The very same values at each check."""
    values = [1 / step for step in range(1, 9)]
    assert {*found_at_end(values, LAST, train=values)} == {"monitored_training_data"}
    near = [*values[:-1], 0.12]
    assert {*found_at_end(values, LAST, train=near)} == set()


def test_a_log_loss_no_better_than_the_class_shares() -> None:
    """Their entropy, by the training rows of each class; an accuracy by the largest class."""
    facts = Facts(classes={"no": 900, "yes": 100})
    losses = [0.4, 0.34, 0.33, 0.326, 0.325, 0.325]
    found = found_at_end(losses, CHOSEN, metric="binary_logloss", facts=facts)
    assert {*found} == {"no_better_than_baseline"}
    assert found["no_better_than_baseline"].metrics["baseline"] == pytest.approx(0.3251, abs=1e-3)
    better = [each - 0.1 for each in losses]
    assert not found_at_end(better, CHOSEN, metric="binary_logloss", facts=facts)
    scores = [0.8, 0.85, 0.88, 0.9, 0.9, 0.9]
    guessed = found_at_end(scores, CHOSEN, metric="accuracy", higher=True, facts=facts)
    assert {*guessed} == {"no_better_than_baseline"}


def test_a_run_of_a_framework_holds_its_issues_and_checks(tmp_path: Path) -> None:
    """LightGBM on noisy labels: early stopping takes care of the overfitting."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 5))
    labels = (features[:, 0] + rng.normal(size=400) > 0).astype(int)
    data = lgb.Dataset(features[:300], labels[:300])
    held_out = lgb.Dataset(features[300:], labels[300:], reference=data)
    log = AuditLog(tmp_path)
    lgb.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1, "learning_rate": 0.3},
        data,
        60,
        valid_sets=[data, held_out],
        valid_names=["train", "valid"],
        callbacks=[lgb.early_stopping(20, verbose=False), MLAuditCallback(log)],
    )
    log.close()
    ends = [each for each in read_entries(log.path) if each.event == EventType.TRAINING_STOPPED]
    snapshot: Any = ends[0].metrics_snapshot
    issues = {each["name"]: each for each in snapshot["issues"].values()}
    assert issues["overfitting"]["severity"] == "info"
    assert issues["overfitting"]["closed_by"].startswith("early_stopping kept iteration")
    assert "MLA001" in snapshot["checks"]["ran"]
    assert snapshot["checks"]["not_run"]["MLA009"] == "observations carry no clock"
