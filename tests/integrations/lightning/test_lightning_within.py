"""Validations within an epoch: the best may stand in one of them, and so may what is no number."""

import math
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from recorded import Entries, issues, of, the_end


class Validated(regression(pl)):  # type: ignore[misc]  # a class made by a function
    """Logs a value of its own for each validation."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = iter(values)

    def validation_step(self, *_given: Any) -> None:
        """Nothing is logged by step."""

    def on_validation_epoch_end(self) -> None:
        """Log the next value."""
        self.log("val_loss", next(self.values))


def test_the_best_of_a_validation_within_an_epoch_is_known(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """By the progress, and by the reason of the stop."""
    stopper = pl.callbacks.EarlyStopping("val_loss", patience=2)
    trainer = make_trainer(
        pl, log, tmp_path, stopper, val_check_interval=0.5, num_sanity_val_steps=0, max_epochs=9
    )
    trainer.fit(Validated([0.9, 0.8, 0.4, 0.7, 0.6]), loader(), loader(seed=1))
    recorded = entries()
    progress = of(recorded, EventType.TRAINING_PROGRESS)
    (second,) = [each for each in progress if snapshot(each)["step"] == 16]
    assert "val_loss: 0.7 (best 0.4 at 12)." in str(second.reasoning)
    assert the_end(recorded).reasoning == (
        "val_loss last improved at epoch 2 (0.4); 2 checks without improvement reached the "
        "patience of EarlyStopping (2 checks, mode min)."
    )


def test_a_validation_within_an_epoch_that_is_no_number_is_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """With its step, though the epoch's last one is finite."""
    trainer = make_trainer(
        pl, log, tmp_path, val_check_interval=0.5, num_sanity_val_steps=0, max_epochs=2
    )
    trainer.fit(Validated([0.9, 0.8, math.nan, 0.7]), loader(), loader(seed=1))
    (recorded,) = issues(entries(), "non_finite")
    assert snapshot(recorded)["step"] == 12
    assert recorded.decision == "Non-finite value: validation loss is NaN at step 12."
