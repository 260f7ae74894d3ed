"""What Lightning's tuners try is neither training nor evaluation; what they set is in force."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.tuner.tuning import Tuner

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from recorded import Entries, of, one, the_end

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*log_dir")


class Tuned(regression(pl)):  # type: ignore[misc]  # a class made by a function
    """Has what the tuners set, and its own loaders, as they ask for."""

    batch_size = 4

    def made(self) -> Any:
        """A loader of the size that is tried."""
        return loader(batch_size=self.batch_size)

    train_dataloader = val_dataloader = test_dataloader = predict_dataloader = made

    def configure_optimizers(self) -> Any:
        """Descend at the rate that is tried."""
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)


def _rate_finder(**kwargs: Any) -> Any:
    """Tries so few rates that it is done soon, and enough that it has one to suggest."""

    class Finder(pl.callbacks.LearningRateFinder):
        def lr_find(self, trainer: Any, pl_module: Any) -> None:
            pl_module.lr = pl_module.hparams.rate
            super().lr_find(trainer, pl_module)
            pl_module.hparams.rate = pl_module.lr

    return Finder(num_training_steps=40, early_stop_threshold=None, **kwargs)


def test_a_training_whose_rate_was_tuned_first_resumes_nothing(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The tuner puts the model back by a file that it deletes; its rate is in force then."""
    trainer = make_trainer(pl, log, tmp_path, _rate_finder(), max_epochs=1, num_sanity_val_steps=0)
    trainer.fit(Tuned())
    recorded = entries()
    start = recorded[0]
    assert start.reasoning is None
    assert "continues" not in snapshot(start)
    settings = of(recorded, EventType.HYPERPARAMETERS_SET)[0]
    assert "SGD(lr=0.05)" in str(settings.decision)
    found = trainer.lightning_module.hparams.rate
    assert found != 0.05
    in_force = snapshot(settings)["changed"]
    assert in_force["Tuned"] == {"rate": pytest.approx(found)}
    used = trainer.optimizers[0].param_groups[0]["lr"]  # before 2.6 that of the module alone is set
    assert in_force.get("SGD", {"lr": 0.05})["lr"] == pytest.approx(used)
    assert str(the_end(recorded).decision).startswith("Training completed: 1 epoch, ")


def test_a_resumed_training_whose_rate_is_tuned_resumes_what_was_given(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Not the tuner's own file."""
    given = tmp_path / "given.ckpt"
    first = make_trainer(pl, None, tmp_path, audit=pl.Callback(), max_epochs=1)
    first.fit(Tuned())
    first.save_checkpoint(given)
    trainer = make_trainer(pl, log, tmp_path, _rate_finder(), max_epochs=2)
    trainer.fit(Tuned(), ckpt_path=given)
    start = entries()[0]
    assert start.reasoning == f"It continues a model loaded from {given}."
    assert snapshot(start)["continues"] == {"path": str(given)}


@pytest.mark.parametrize("call", ["validate", "test", "predict"])
def test_the_trials_of_a_batch_size_are_no_evaluation(
    log: AuditLog, entries: Entries, tmp_path: Path, call: Any
) -> None:
    """The tuner leaves before the call begins: there is no result."""
    trainer = make_trainer(pl, log, tmp_path)
    Tuner(trainer).scale_batch_size(Tuned(), method=call, max_trials=2, steps_per_trial=1)
    assert entries() == []


def test_an_evaluation_whose_batch_size_was_tuned_first_is_of_the_weights_in_memory(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It is recorded with the size that was found."""
    finder = pl.callbacks.BatchSizeFinder(max_trials=2, steps_per_trial=1)
    make_trainer(pl, log, tmp_path, finder).validate(Tuned(), verbose=False)
    recorded = one(entries(), EventType.MODEL_EVALUATED)
    assert str(recorded.reasoning).endswith("Its weights are in memory.")
    assert "ckpt_path" not in snapshot(recorded)
    assert snapshot(recorded)["data"]["validation"]["batch_size"] == finder.optimal_batch_size
