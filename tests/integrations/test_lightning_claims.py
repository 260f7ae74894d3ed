"""What an entry of a Lightning training claims is so: who chose, what was under way, and why."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from lightning_training import VERSION, loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from mllog_lightning import MLAuditCallback
from told import Entries, of, the_end


def test_callbacks_that_lightning_adds_are_not_the_callers(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Lightning puts its own into the caller's list; a path is told as a path."""
    trainer = pl.Trainer(
        callbacks=[MLAuditCallback(log)],
        accelerator="cpu",
        default_root_dir=tmp_path,
        max_epochs=1,
        logger=False,
        enable_progress_bar=False,
    )
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    numbers = snapshot(of(entries(), EventType.HYPERPARAMETERS_SET)[0])
    given = numbers["set_by_caller"]["Trainer"]
    assert "callbacks" not in given
    assert given["default_root_dir"] == str(tmp_path)
    assert {"MLAuditCallback", "ModelCheckpoint"} <= set(numbers["callbacks"])


@pytest.mark.parametrize("stops_at", [1, 2])
def test_a_rule_of_an_own_early_stopping_is_told_as_such(
    log: AuditLog, entries: Entries, tmp_path: Path, stops_at: int
) -> None:
    """Also in the first epoch; nothing is said of other processes where there are none."""

    class Own(pl.callbacks.EarlyStopping):
        def _evaluate_stopping_criteria(self, _current: Any) -> tuple[bool, str | None]:
            self.checked = getattr(self, "checked", 0) + 1
            return self.checked >= stops_at, "enough of it"

    trainer = make_trainer(pl, log, tmp_path, Own("val_loss"), max_epochs=5)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    told = str(end.reasoning)
    if not VERSION.startswith("2.4."):  # where it does not say why, nor in the first epoch that
        assert told.startswith("Own(monitor='val_loss', mode='min', patience=3, ")
        assert told.endswith("stopped it by a rule of its own: enough of it")
    assert "process" not in told


def test_an_epochs_learning_rate_is_the_one_it_was_trained_with(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Schedulers have stepped by the time the epoch is told."""

    class Decayed(regression(pl)):  # type: ignore[misc]  # a class made by a function
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.05)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.1)]

    make_trainer(pl, log, tmp_path, max_epochs=2).fit(Decayed(), loader(), loader(seed=1))
    first, second = of(entries(), EventType.TRAINING_PROGRESS)
    assert str(first.reasoning).endswith("The learning rate is 0.05.")
    assert str(second.reasoning).endswith(
        "The learning rate was 0.05 when it began, and is 0.005 now."
    )


def test_which_of_two_schedulers_set_a_rate_is_not_claimed(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Both are named."""

    class Both(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.05)
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
            step = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)
            return [optimizer], [{"scheduler": plateau, "monitor": "val_loss"}, step]

    make_trainer(pl, log, tmp_path, max_epochs=1).fit(Both(), loader(), loader(seed=1))
    told = of(entries(), EventType.HYPERPARAMETERS_SET)[1]
    assert told.decision == "The learning rate of SGD was set from 0.05 to 0.005."
    assert str(told.reasoning).startswith("Its schedulers step by turns: ReduceLROnPlateau(")
    assert "StepLR(step_size=1, gamma=0.1) each epoch" in str(told.reasoning)


def test_rates_that_a_callback_adds_to_the_metrics_are_no_metrics(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Nobody asks whether more or less of a learning rate is better."""
    logger = pl.loggers.CSVLogger(tmp_path)
    monitor = pl.callbacks.LearningRateMonitor(log_momentum=True)
    trainer = make_trainer(pl, log, tmp_path, monitor, logger=logger, log_every_n_steps=1)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    told = entries()
    assert "lr-SGD" in trainer.callback_metrics
    assert not of(told, EventType.ISSUE_DETECTED)
    assert "lr-SGD" not in str([each.reasoning for each in told])


def test_what_fails_before_the_training_was_no_training(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It is told as its preparation."""

    class Failing(regression(pl)):  # type: ignore[misc]  # likewise
        def on_fit_start(self) -> None:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        make_trainer(pl, log, tmp_path, max_epochs=1).fit(Failing(), loader(), loader(seed=1))
    told = entries()
    assert told[0].decision == "Training of at most 1 epoch started."
    assert "was raised while the training was prepared (in on_fit_start" in str(
        the_end(told).reasoning
    )
