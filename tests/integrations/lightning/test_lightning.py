"""A Lightning training leaves its story: start, choices, data, progress, evaluation, one end."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.tuner.tuning import Tuner

from lightning_training import DISTRIBUTIONS, VERSION, loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from mllog_callbacks.schema import number
from recorded import Entries, of, the_end


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda each: each.__name__)
def test_a_training_records_its_story_in_order(
    distribution: Any, log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Of either distribution, by the same callback; every entry with dataset and model."""
    trainer = make_trainer(distribution, log, tmp_path)
    trainer.fit(regression(distribution)(), loader(), loader(seed=1))
    recorded = entries()
    assert [entry.event for entry in recorded] == [
        EventType.TRAINING_STARTED,
        EventType.ALGORITHM_SELECTED,
        EventType.HYPERPARAMETERS_SET,
        EventType.DATASET_VALIDATED,
        *[EventType.TRAINING_PROGRESS] * 3,
        EventType.MODEL_EVALUATED,
        EventType.TRAINING_COMPLETED,
    ]
    assert {entry.dataset for entry in recorded} == {"plane"}
    assert {entry.model for entry in recorded} == {"Regression"}
    assert all(entry.decision for entry in recorded)
    assert "max_epochs=3 was reached" in str(recorded[-1].reasoning)


def test_who_set_which_hyperparameter(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """Of the trainer, as it was asked; of the optimiser; of the module, with its signature."""
    trainer = make_trainer(pl, log, tmp_path, max_epochs=1, gradient_clip_val=0.5, precision="64")
    trainer.fit(regression(pl)(hidden=7), loader(), loader(seed=1))
    (recorded,) = of(entries(), EventType.HYPERPARAMETERS_SET)
    numbers = snapshot(recorded)
    given, defaults = numbers["parameters"]["given"], numbers["parameters"]["defaults"]
    assert given["Regression"] == {"hidden": 7}
    assert defaults["Regression"] == {"rate": 0.05}
    assert given["SGD"] == {"lr": 0.05}
    assert defaults["SGD"]["momentum"] == 0
    assert given["Trainer"]["precision"] == "64"
    assert given["Trainer"]["accelerator"] == "cpu"
    assert given["Trainer"]["gradient_clip_val"] == 0.5
    assert defaults["Trainer"]["log_every_n_steps"] == 50
    assert not given["Trainer"].keys() & defaults["Trainer"].keys()
    assert numbers["resolved"] == {
        "accelerator": "CPUAccelerator",
        "strategy": "SingleDeviceStrategy",
        "devices": 1,
        "num_nodes": 1,
        "precision": "64-true",
    }
    assert numbers["callbacks"] == ["MLAuditCallback"]
    assert f"Lightning {VERSION}" in str(recorded.reasoning)


def test_model_and_data_are_recorded(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """From what they say of themselves; several loaders by number."""
    trainer = make_trainer(pl, log, tmp_path, max_epochs=1, limit_val_batches=2)
    trainer.fit(regression(pl)(), loader(64), loader(32, batch_size=4))
    recorded = entries()
    (algorithm,) = of(recorded, EventType.ALGORITHM_SELECTED)
    assert "25 parameters, 25 of them trainable (100%)." in str(algorithm.reasoning)
    (data,) = of(recorded, EventType.DATASET_VALIDATED)
    training = snapshot(data)["data"]["training"]
    fingerprint = training.pop("fingerprint")
    assert (fingerprint["rows"], fingerprint["columns"]) == (64, 5)
    assert training == {
        "role": "training",
        "loader": "DataLoader",
        "dataset": "TensorDataset",
        "rows": 64,
        "batch_size": 8,
        "batches": 8,
    }
    assert data.decision == "Data loaded. Training data: 64 rows. Validation set: 32 rows."
    assert "training: TensorDataset in batches of 8, 8 batches an epoch." in str(data.reasoning)
    assert "validation: TensorDataset in batches of 4, 2 batches an epoch." in str(data.reasoning)


def test_early_stopping_says_which_metric_when_and_by_which_rule(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As its state says."""
    stopper = pl.callbacks.EarlyStopping("val_loss", patience=2)
    trainer = make_trainer(pl, log, tmp_path, stopper, max_epochs=20)
    trainer.fit(regression(pl)(rate=0.0), loader(), loader(seed=1))
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    best = number(float(stopper.best_score))
    assert str(end.reasoning).startswith(
        f"val_loss last improved at epoch 1 ({best}); 2 checks without improvement reached the "
        "patience of EarlyStopping (2 checks, mode min)."
    )
    assert snapshot(end)["stop"]["rule"]["condition"] == "patience"


def test_a_second_fit_does_not_show_the_stop_of_the_first(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Though EarlyStopping's state still does."""
    stopper = pl.callbacks.EarlyStopping("val_loss", patience=1)
    trainer = make_trainer(pl, log, tmp_path, stopper, max_epochs=20)
    module = regression(pl)(rate=0.0)
    trainer.fit(module, loader(), loader(seed=1))
    first = len(entries())
    trainer.fit_loop.max_epochs = trainer.current_epoch
    trainer.should_stop = False  # which Lightning 2.4 leaves as it is
    trainer.fit(module, loader(), loader(seed=1))
    second = the_end(entries()[first:])
    assert second.event is EventType.TRAINING_COMPLETED
    assert "EarlyStopping" not in str(second.reasoning)


def test_a_lower_learning_rate_is_a_decision_with_its_reason(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Of ReduceLROnPlateau each time; a schedule's when it comes to a factor of two."""

    class Reduced(regression(pl)):  # type: ignore[misc]  # a class made by a function
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=1e-4)
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, factor=0.7, patience=1, threshold=0.1
            )
            return {"optimizer": optimizer, "lr_scheduler": plateau, "monitor": "val_loss"}

    class Decayed(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.05)
            return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)]

    make_trainer(pl, log, tmp_path, max_epochs=6).fit(Reduced(), loader(), loader(seed=1))
    recorded = of(entries(), EventType.HYPERPARAMETERS_SET)[1:]
    assert [snapshot(each)["learning_rate"] for each in recorded] == pytest.approx([7e-5, 4.9e-5])
    assert recorded[0].decision == (
        "The learning rate of SGD was set from 0.0001 to 7e-05 by ReduceLROnPlateau."
    )
    assert "val_loss did not improve for more than 1 check;" in str(recorded[0].reasoning)
    before = len(entries())
    make_trainer(pl, log, tmp_path, max_epochs=8).fit(Decayed(), loader(), loader(seed=1))
    recorded = of(entries()[before:], EventType.HYPERPARAMETERS_SET)[1:]
    assert [snapshot(each)["learning_rate"] for each in recorded] == pytest.approx(
        [0.05 * 0.8**4, 0.05 * 0.8**8]
    )


def test_checkpoints_record_where_and_by_what_they_are_the_best(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As the callback that saved them says."""
    checkpoint = pl.callbacks.ModelCheckpoint(tmp_path / "best", monitor="val_loss")
    trainer = make_trainer(pl, log, tmp_path, checkpoint)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    recorded = of(entries(), EventType.MODEL_SAVED)
    assert len(recorded) == 3
    assert snapshot(recorded[-1])["saved"]["path"] == checkpoint.best_model_path
    score = float(checkpoint.best_model_score or 0.0)
    assert snapshot(recorded[-1])["best_model_score"] == score
    assert f"val_loss {number(score)}, better than " in str(recorded[-1].reasoning)
    assert "ModelCheckpoint(monitor=val_loss, mode=min, save_top_k=1)" in str(
        recorded[-1].reasoning
    )


def test_manual_optimisation_and_several_loaders_are_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Validation metrics of each loader by Lightning's own names."""

    class Manual(regression(pl)):  # type: ignore[misc]  # likewise
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch: Any, _place: int) -> None:
            optimizer = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(self.loss(batch))
            optimizer.step()

        def validation_step(self, batch: Any, _place: int, dataloader_idx: int) -> None:
            assert dataloader_idx in {0, 1}
            self.log("val_loss", self.loss(batch))

    trainer = make_trainer(pl, log, tmp_path, max_epochs=2)
    trainer.fit(Manual(), loader(), [loader(seed=1), loader(seed=2)])
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED
    (evaluated,) = of(recorded, EventType.MODEL_EVALUATED)
    assert set(snapshot(evaluated)["results"]["validation"]) == {
        "val_loss/dataloader_idx_0",
        "val_loss/dataloader_idx_1",
    }


def test_a_tuner_that_tries_rates_is_no_training(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It leaves before the training begins; the training after it is one."""
    trainer = make_trainer(pl, log, tmp_path, max_epochs=1)
    module = regression(pl)()
    Tuner(trainer).lr_find(module, loader(640), loader(seed=1), num_training=8, attr_name="rate")
    assert entries() == []
    trainer.fit(module, loader(), loader(seed=1))
    the_end(entries())


def test_training_without_a_limit_of_epochs_can_be_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Until its steps are done."""
    trainer = make_trainer(pl, log, tmp_path, max_epochs=-1, max_steps=20)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    recorded = entries()
    assert recorded[0].decision == "Training of at most 20 steps started."
    assert the_end(recorded).reasoning == "max_steps=20 was reached."
