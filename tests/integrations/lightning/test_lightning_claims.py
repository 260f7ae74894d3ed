"""What an entry of a Lightning training claims is so: who chose, what was under way, and why."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from lightning_training import VERSION, loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from mllog_lightning import MLAuditCallback
from recorded import Entries, issues, of, the_end


def test_callbacks_that_lightning_adds_are_not_the_callers(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Lightning puts its own into the caller's list; a path is recorded as a path."""
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
    given = numbers["parameters"]["given"]["Trainer"]
    assert "callbacks" not in given
    assert given["default_root_dir"] == str(tmp_path)
    assert {"MLAuditCallback", "ModelCheckpoint"} <= set(numbers["callbacks"])


@pytest.mark.parametrize("stops_at", [1, 2])
def test_a_rule_of_an_own_early_stopping_is_recorded_as_such(
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
    recorded = str(end.reasoning)
    if not VERSION.startswith("2.4."):  # where it does not say why, nor in the first epoch that
        assert recorded.startswith("Own ended it: enough of it.")
        assert snapshot(end)["stop"]["rule"]["condition"] == "a rule of its own"
    assert "process" not in recorded


def test_an_epochs_learning_rate_is_the_one_it_was_trained_with(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Schedulers have stepped by the time the epoch is recorded."""

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


@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_a_cause_names_the_learning_rate_of_its_epoch(
    log: AuditLog, entries: Entries, tmp_path: Path, interval: str
) -> None:
    """Not that of the start, nor the one that the scheduler has set for the next epoch."""

    class Lowered(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.05)
            steps = 4 if interval == "epoch" else 4 * len(loader())
            schedule = torch.optim.lr_scheduler.StepLR(optimizer, steps, gamma=0.01)
            return [optimizer], [{"scheduler": schedule, "interval": interval}]

        def training_step(self, batch: Any, _place: int) -> Any:
            value = float("nan") if self.current_epoch == self.breaks_in else 1.0
            self.log("train_loss", value, on_step=False, on_epoch=True)
            return self.loss(batch)

    def reasoning(breaks_in: int) -> str:
        module = Lowered()
        module.breaks_in = breaks_in
        trainer = make_trainer(pl, log, tmp_path, max_epochs=6, limit_val_batches=0)
        trainer.fit(module, loader(), loader(seed=1))
        return str(issues(entries(), "non_finite")[-1].reasoning)

    assert "Probable cause: a learning rate of 0.05 is too high for this training." in reasoning(3)
    assert "The learning rate was 0.0005 by then, down from 0.05." in reasoning(4)


def test_a_cause_of_exploding_gradients_is_the_rate_of_their_step(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """User code raises it before the epoch in which they explode."""

    class Raised(regression(pl)):  # type: ignore[misc]  # likewise
        def on_train_epoch_start(self) -> None:
            if self.current_epoch == 1:
                self.optimizers().param_groups[0]["lr"] = 5.0

        def training_step(self, batch: Any, place: int) -> Any:
            return super().training_step(batch, place) * (1e6 if self.current_epoch else 1)

    audit = MLAuditCallback(log, gradients=True)
    trainer = make_trainer(
        pl, log, tmp_path, audit=audit, max_epochs=2, log_every_n_steps=1, gradient_clip_val=0.1
    )
    trainer.fit(Raised(), loader(), loader(seed=1))
    recorded = str(issues(entries(), "exploding_gradient")[0].reasoning)
    assert "Probable cause: the learning rate rose from 0.05 to 5 at step 9." in recorded


@pytest.mark.parametrize(
    "hook", ["on_train_batch_start", "on_validation_end", "on_train_epoch_end"]
)
@pytest.mark.parametrize("kind", ["step", "plateau", "epoch"])
def test_a_rate_that_user_code_sets_is_not_recorded_as_the_schedulers(
    log: AuditLog, entries: Entries, tmp_path: Path, kind: str, hook: str
) -> None:
    """Though a scheduler steps it as well, and has the last word."""

    class Set(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.05)
            if kind == "plateau":
                plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=9)
                return {"optimizer": optimizer, "lr_scheduler": plateau, "monitor": "val_loss"}
            schedule = torch.optim.lr_scheduler.StepLR(optimizer, 100)
            return [optimizer], [{"scheduler": schedule, "interval": kind}]

    def change(module: Any, *_: Any) -> None:
        if module.trainer.current_epoch == 1:
            module.optimizers().param_groups[0]["lr"] = 0.01

    setattr(Set, hook, change)
    trainer = make_trainer(pl, log, tmp_path, num_sanity_val_steps=0)
    trainer.fit(Set(), loader(), loader(seed=1))
    recorded = of(entries(), EventType.HYPERPARAMETERS_SET)[1]
    assert recorded.decision == "The learning rate of SGD was set from 0.05 to 0.01."
    assert str(recorded.reasoning).startswith("It went from 0.05 to 0.01 by no step of ")
    assert str(recorded.reasoning).endswith("code of the module or of a callback changed it.")


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize(
    "make",
    [
        lambda it: torch.optim.lr_scheduler.OneCycleLR(it, 0.5, total_steps=40),
        lambda it: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(it, 3),
        lambda it: torch.optim.lr_scheduler.ReduceLROnPlateau(it, "max", 0.3, 0, min_lr=0.01),
        lambda it: torch.optim.lr_scheduler.LambdaLR(it, lambda step: 1 / (step + 1)),
        lambda it: torch.optim.lr_scheduler.SequentialLR(
            it,
            [
                torch.optim.lr_scheduler.ConstantLR(it, 0.1, 2),
                torch.optim.lr_scheduler.ExponentialLR(it, 0.3),
            ],
            [2],
        ),
    ],
    ids=["onecycle", "restarts", "plateau", "lambda", "sequential"],
)
def test_what_a_scheduler_sets_is_not_recorded_as_user_codes(
    log: AuditLog, entries: Entries, tmp_path: Path, interval: str, make: Any
) -> None:
    """Of whatever kind it is, and however often it steps."""

    class Scheduled(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.05)
            config = {"scheduler": make(optimizer), "interval": interval, "monitor": "train_loss"}
            return [optimizer], [config | ({"strict": False} if interval == "step" else {})]

    trainer = make_trainer(pl, log, tmp_path, max_epochs=4)
    with warnings.catch_warnings(action="ignore"):  # of a metric that is not there at each step
        trainer.fit(Scheduled(), loader(), loader(seed=1))
    recorded = [str(each.reasoning) for each in of(entries(), EventType.HYPERPARAMETERS_SET)[1:]]
    assert recorded or interval == "step"
    assert [each for each in recorded if "code of the module" in each] == []


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
    recorded = of(entries(), EventType.HYPERPARAMETERS_SET)[1]
    assert recorded.decision == "The learning rate of SGD was set from 0.05 to 0.005."
    assert str(recorded.reasoning).startswith("Its schedulers step by turns: ReduceLROnPlateau(")
    assert "StepLR(step_size=1, gamma=0.1) each epoch" in str(recorded.reasoning)


def test_rates_that_a_callback_adds_to_the_metrics_are_no_metrics(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Nobody asks whether more or less of a learning rate is better."""
    logger = pl.loggers.CSVLogger(tmp_path)
    monitor = pl.callbacks.LearningRateMonitor(log_momentum=True)
    trainer = make_trainer(pl, log, tmp_path, monitor, logger=logger, log_every_n_steps=1)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    recorded = entries()
    assert "lr-SGD" in trainer.callback_metrics
    assert not of(recorded, EventType.ISSUE_DETECTED)
    assert "lr-SGD" not in str([each.reasoning for each in recorded])


def test_what_fails_before_the_training_was_no_training(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It is recorded as its preparation."""

    class Failing(regression(pl)):  # type: ignore[misc]  # likewise
        def on_fit_start(self) -> None:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        make_trainer(pl, log, tmp_path, max_epochs=1).fit(Failing(), loader(), loader(seed=1))
    recorded = entries()
    assert recorded[0].decision == "Training of at most 1 epoch started."
    assert "was raised while the training was prepared (in on_fit_start" in str(
        the_end(recorded).reasoning
    )
