"""Detectors watch a Lightning training by epoch and by step, in the metrics' true directions."""

import sys
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, DetectorSet, EventType, Issue
from mllog_lightning import MLAuditCallback
from recorded import Entries, issues, of


class Scripted(regression(pl)):  # type: ignore[misc]  # a class made by a function
    """Logs a value of its own for each epoch."""

    def __init__(self, values: list[float], name: str = "val_loss") -> None:
        super().__init__()
        self.values, self.named = values, name

    def validation_step(self, _batch: Any, _place: int) -> None:
        """Log the epoch's value."""
        place = min(self.trainer.current_epoch, len(self.values) - 1)
        self.log(self.named, self.values[place])


RISING = [1.0, 0.6, 0.4, 0.3, 0.28, 0.3, 0.35, 0.42, 0.5, 0.6, 0.7, 0.8]


@pytest.mark.parametrize("step", [3, 58])
def test_the_first_step_whose_loss_is_no_number_is_named(
    log: AuditLog, entries: Entries, tmp_path: Path, step: int
) -> None:
    """Though losses are read many at a time; the last finite one stands beside."""

    class Breaking(regression(pl)):  # type: ignore[misc]  # likewise
        def training_step(self, batch: Any, place: int) -> Any:
            loss = super().training_step(batch, place)
            return loss * float("nan") if self.global_step + 1 >= step else loss

    trainer = make_trainer(pl, log, tmp_path, max_epochs=1)
    trainer.fit(Breaking(), loader(640), loader(seed=1))
    recorded = issues(entries(), "non_finite")[0]
    assert snapshot(recorded)["step"] == step
    assert f"training loss is NaN at step {step}." in str(recorded.decision)
    assert "The last finite value was " in str(recorded.reasoning)
    assert f"at step {step - 1}" in str(recorded.reasoning)


def test_overfitting_is_recorded_with_the_training_loss_beside(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """By epoch; that the direction comes from the name is said, for nobody else said it."""
    seen: list[Issue] = []
    audit = MLAuditCallback(log, on_issue=seen.append)
    trainer = make_trainer(pl, log, tmp_path, audit=audit, max_epochs=len(RISING))
    trainer.fit(Scripted(RISING), loader(), loader(seed=1))
    (recorded,) = issues(entries(), "overfitting")
    assert "validation loss was best at epoch 5 (0.28)" in str(recorded.reasoning)
    assert "training loss" in str(recorded.reasoning)
    assert "Assumed lower-is-better from the name val_loss." in str(recorded.reasoning)
    assert "Early stopping is off" in str(recorded.reasoning)
    assert "overfitting" in {each.name for each in seen}


def test_directions_come_from_monitors(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """More is better where EarlyStopping says so; then nothing is assumed."""

    class Scored(Scripted):
        def on_train_epoch_end(self) -> None:
            self.log("train_acc", 0.1 * self.trainer.current_epoch)

    stopper = pl.callbacks.EarlyStopping("val_acc", mode="max", patience=50)
    trainer = make_trainer(pl, log, tmp_path, stopper, max_epochs=len(RISING))
    falling = [1 - value for value in RISING]
    trainer.fit(Scored(falling, "val_acc"), loader(), loader(seed=1))
    recorded = entries()
    (found,) = issues(recorded, "overfitting")
    assert "assumed" not in str(found.reasoning)
    assert "50 checks" in str(found.reasoning)
    assert issues(recorded, "unknown_direction") == []


def test_a_direction_nobody_recorded_is_not_guessed(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It is recorded once; those that the field knows by name are assumed."""

    class Many(Scripted):
        def on_validation_epoch_end(self) -> None:
            self.log_dict({f"val_{each}": 1.0 for each in ("f1", "acc")})

    trainer = make_trainer(pl, log, tmp_path, max_epochs=len(RISING))
    trainer.fit(Many(RISING, "val_fit"), loader(), loader(seed=1))
    recorded = entries()
    (found,) = issues(recorded, "unknown_direction")
    assert snapshot(found)["metrics"] == "fit"
    assert issues(recorded, "overfitting") == []


def test_the_loss_that_is_returned_needs_no_name(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """A training that logs nothing is watched all the same: what is returned is minimised."""

    class Silent(regression(pl)):  # type: ignore[misc]  # likewise
        def training_step(self, batch: Any, _place: int) -> Any:
            return self.loss(batch)

    trainer = make_trainer(pl, log, tmp_path, max_epochs=20, limit_val_batches=0)
    trainer.fit(Silent(rate=1e-12), loader(), loader(seed=1))
    (recorded,) = of(entries(), EventType.ISSUE_DETECTED)
    assert snapshot(recorded)["subject"] == {"set": "training", "metric": "loss"}
    assert "training loss" in str(recorded.reasoning)
    assert "assumed" not in str(recorded.reasoning)


def test_detectors_can_be_chosen(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """None at all, or all but one: of the steps as well."""
    chosen: tuple[Any, ...] = ([], DetectorSet(ignore=["MLA001", "MLA002", "MLA006"]))
    for detectors in chosen:
        audit = MLAuditCallback(log, detectors=detectors)
        trainer = make_trainer(pl, log, tmp_path, audit=audit, max_epochs=len(RISING))
        trainer.fit(Scripted(RISING), loader(), loader(seed=1))
    assert issues(entries(), "overfitting") == []


def test_the_sanity_check_is_no_result(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """What it logs is neither progress nor an issue."""

    class Broken(regression(pl)):  # type: ignore[misc]  # likewise
        def validation_step(self, batch: Any, _place: int) -> None:
            loss = self.loss(batch)
            self.log("val_loss", loss * float("nan") if self.trainer.sanity_checking else loss)

    make_trainer(pl, log, tmp_path).fit(Broken(), loader(), loader(seed=1))
    recorded = entries()
    assert of(recorded, EventType.ISSUE_DETECTED) == []
    assert "NaN" not in str([each.reasoning for each in recorded])


def test_nothing_waits_for_a_device(
    log: AuditLog, entries: Entries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on a device is copied and read when it is there: here the CPU plays the device."""

    class Late:
        """An event that has not happened until it was asked three times."""

        made = 0

        def __init__(self) -> None:
            Late.made += 1
            self.asked = 0

        def record(self) -> None:
            """Begin."""

        def query(self) -> bool:
            """Whether it has happened."""
            self.asked += 1
            return self.asked > 3

        def synchronize(self) -> None:
            """Wait; nobody may before the last epoch is done."""
            assert trainer.current_epoch == 12
            self.asked = 3

    waits: list[str] = []
    for name in ("item", "__float__", "__bool__", "cpu", "numpy"):
        original = getattr(torch.Tensor, name)

        def counted(self: Any, *args: Any, _original: Any = original, _name: str = name) -> Any:
            frame = sys._getframe(1)  # noqa: SLF001 - who reads
            if "mllog_lightning" in frame.f_code.co_filename:
                waits.append(f"{_name} in {frame.f_code.co_name}")
            return _original(self, *args)

        monkeypatch.setattr(torch.Tensor, name, counted)
    monkeypatch.setattr("mllog_lightning.values._AT_HAND", frozenset())
    monkeypatch.setattr("mllog_lightning.values._ASKED", frozenset({"cpu"}))
    monkeypatch.setattr("torch.cuda.Event", Late)
    trainer = make_trainer(pl, log, tmp_path, max_epochs=12, log_every_n_steps=2)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    assert Late.made > 40
    assert waits == []
    recorded = entries()
    assert (
        "val_loss"
        in snapshot(of(recorded, EventType.TRAINING_PROGRESS)[-1])["results"]["validation"]
    )
    assert of(recorded, EventType.MODEL_EVALUATED) != []


@pytest.mark.parametrize(("scale", "name"), [(1e4, "exploding_gradient"), (0.0, "dead_units")])
def test_gradients_are_watched_where_it_is_asked_for(
    log: AuditLog, entries: Entries, tmp_path: Path, scale: float, name: str
) -> None:
    """And only there."""

    class Scaled(regression(pl)):  # type: ignore[misc]  # likewise
        def training_step(self, batch: Any, place: int) -> Any:
            return super().training_step(batch, place) * scale

    for gradients in (False, True):
        assert issues(entries(), name) == []
        audit = MLAuditCallback(log, gradients=gradients)
        trainer = make_trainer(pl, log, tmp_path, audit=audit, log_every_n_steps=1)
        trainer.fit(Scaled(rate=0.0), loader(), loader(seed=1))
    (recorded,) = issues(entries(), name)
    assert snapshot(recorded)["step"] == (1 if name == "exploding_gradient" else 3)
