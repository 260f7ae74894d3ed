"""Who said which values are better, who set what, and what callbacks change or bring along."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from recorded import Entries, issues, of, one, the_end

RISING = [1.0, 0.6, 0.4, 0.3, 0.28, 0.3, 0.35, 0.42, 0.5, 0.6, 0.7, 0.8]


class Scored(regression(pl)):  # type: ignore[misc]  # a class made by a function
    """Logs an accuracy that rises."""

    def validation_step(self, *_given: Any) -> None:
        """Log it."""
        self.log("val_acc", 0.5 + 0.1 * self.current_epoch)


@pytest.mark.parametrize("stopper", [False, True])
def test_a_default_mode_is_not_the_callers_word(
    log: AuditLog, entries: Entries, tmp_path: Path, *, stopper: bool
) -> None:
    """ModelCheckpoint keeps the lowest where no mode is given: an issue, with what is kept."""
    checkpoint = pl.callbacks.ModelCheckpoint(tmp_path / "kept", monitor="val_acc")
    stop = [pl.callbacks.EarlyStopping("val_acc", mode="max", patience=9)] if stopper else []
    trainer = make_trainer(pl, log, tmp_path, checkpoint, *stop, max_epochs=4)
    trainer.fit(Scored(), loader(), loader(seed=1))
    recorded = entries()
    (issue,) = issues(recorded, "monitor_mode")
    assert snapshot(issue)["severity"] == "error"
    assert str(issue.decision).endswith("keeps the checkpoint with the lowest val_acc.")
    why = "EarlyStopping(monitor='val_acc', mode='max')" if stopper else "By its name, more of"
    assert why in str(issue.reasoning)
    end = the_end(recorded)
    assert snapshot(end)["best"]["validation"]["val_acc"]["at"] == 4
    assert snapshot(end)["best_checkpoint"]["epoch"] == 1
    assert "The best val_acc was 0.8, at epoch 4." in str(end.reasoning)


def test_a_rule_is_cited_for_its_own_metric_alone(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Early stopping of the training loss does not end an overfitting of the validation loss."""

    class Rises(regression(pl)):  # type: ignore[misc]  # likewise
        def validation_step(self, *_given: Any) -> None:
            self.log("val_loss", RISING[self.current_epoch])

    for monitor in ("train_loss", "val_loss"):
        before = len(entries())
        stopper = pl.callbacks.EarlyStopping(monitor, patience=99)
        trainer = make_trainer(pl, log, tmp_path, stopper, max_epochs=len(RISING))
        trainer.fit(Rises(), loader(), loader(seed=1))
        found = issues(entries()[before:], "overfitting")[0]
        assert ("arly stopping" in str(found.reasoning)) == (monitor == "val_loss")


@pytest.mark.filterwarnings("ignore:Checkpoint directory")
def test_callbacks_that_bring_a_state_along_are_shown(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As where the folds of a cross-validation share them."""
    stopper = pl.callbacks.EarlyStopping("val_loss", patience=2)
    checkpoint = pl.callbacks.ModelCheckpoint(tmp_path / "best", monitor="val_loss")
    for _ in range(2):
        before = len(entries())
        trainer = make_trainer(pl, log, tmp_path, stopper, checkpoint, max_epochs=4)
        trainer.fit(regression(pl)(rate=0.0), loader(), loader(seed=1))
    recorded = entries()[before:]
    settings = of(recorded, EventType.HYPERPARAMETERS_SET)[0]
    carried = snapshot(settings)["carried"]
    first, second = carried["EarlyStopping"], carried["ModelCheckpoint"]
    assert (first["waited"], first["metric"]) == (2, "val_loss")
    assert second["path"] == str(tmp_path / "best" / "epoch=0-step=8.ckpt")
    assert "begins with 2 checks without improvement, best val_loss" in str(settings.reasoning)
    assert "left by an earlier fit" in str(settings.reasoning)
    end = the_end(recorded)
    rule = snapshot(end)["stop"]["rule"]
    assert rule["waited"] == 3
    assert "3 checks without improvement reached the patience of" in str(end.reasoning)
    assert "which was not saved in this training" in str(end.reasoning)


def test_what_equals_the_default_is_a_default(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As LightningCLI gives all arguments; what fast_dev_run sets follows from it."""
    trainer = make_trainer(
        pl, log, tmp_path, min_epochs=None, fast_dev_run=True, overfit_batches=0.0, max_epochs=None
    )
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    (recorded,) = of(entries(), EventType.HYPERPARAMETERS_SET)
    parameters = snapshot(recorded)["parameters"]
    given, derived = parameters["given"]["Trainer"], parameters["derived"]
    assert given["fast_dev_run"] is True
    assert not {"min_epochs", "overfit_batches", "max_epochs"} & given.keys()
    assert derived["Trainer.max_epochs"] == {"value": 1, "source": "fast_dev_run"}
    assert derived["Trainer.num_sanity_val_steps"]["source"] == "fast_dev_run"


def test_optimizers_of_one_class_are_distinguished(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """By number and by what they train; schedulers step when code calls them."""

    class Two(regression(pl)):  # type: ignore[misc]  # likewise
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.other = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, _place: int) -> None:
            for optimizer, net in zip(self.optimizers(), (self.net, self.other), strict=True):
                optimizer.zero_grad()
                loss = (net(batch[0]) - batch[1]).square().mean()
                self.manual_backward(loss)
                optimizer.step()
                self.log("g_loss", loss)

        def on_train_epoch_end(self) -> None:
            self.lr_schedulers().step()

        def configure_optimizers(self) -> Any:
            first = torch.optim.Adam(self.net.parameters(), 0.001)
            second = torch.optim.Adam(self.other.parameters(), 0.002)
            return [first, second], [torch.optim.lr_scheduler.StepLR(second, 1, 0.1)]

    make_trainer(pl, log, tmp_path, max_epochs=2).fit(Two(), loader(), loader(seed=1))
    recorded = entries()
    algorithm = one(recorded, EventType.ALGORITHM_SELECTED)
    assert snapshot(algorithm)["optimizers"] == ["Adam 1 for net", "Adam 2 for other"]
    assert "Adam 1 for net (lr 0.001) and Adam 2 for other (lr 0.002)" in str(algorithm.decision)
    settings, change = of(recorded, EventType.HYPERPARAMETERS_SET)[:2]
    assert snapshot(settings)["parameters"]["given"]["Adam 2 for other"] == {"lr": 0.002}
    assert str(change.decision).startswith("The learning rate of Adam 2 for other was set from")
    assert str(change.reasoning).endswith("steps when code of the module calls it.")
    # nobody says whether less of it is better
    assert "g_loss" not in snapshot(the_end(recorded))["best"].get("training", {})


def test_layers_that_become_trainable_are_shown(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """With how many parameters, and by whom."""

    class Fine(regression(pl)):  # type: ignore[misc]  # likewise
        def __init__(self) -> None:
            super().__init__()
            self.backbone = torch.nn.Linear(4, 4)

        def loss(self, batch: Any) -> Any:
            return super().loss((self.backbone(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(filter(lambda each: each.requires_grad, self.parameters()), 0.01)

    finetuning = pl.callbacks.BackboneFinetuning(unfreeze_backbone_at_epoch=1, verbose=False)
    make_trainer(pl, log, tmp_path, finetuning).fit(Fine(), loader(), loader(seed=1))
    recorded = of(entries(), EventType.HYPERPARAMETERS_SET)
    (change,) = [each for each in recorded if "became trainable" in str(each.decision)]
    numbers = snapshot(change)
    assert (numbers["trainable"], numbers["parameters_of_model"], numbers["epoch"]) == (45, 45, 2)
    assert numbers["by"] == "BackboneFinetuning"


@pytest.mark.filterwarnings("ignore:Swapping scheduler")
def test_averaged_weights_are_said_to_be_left(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """And the epoch more that batch normalisation takes is explained."""

    class Normalised(regression(pl)):  # type: ignore[misc]  # likewise
        def __init__(self) -> None:
            super().__init__()
            self.net.insert(1, torch.nn.BatchNorm1d(4))

    averaging = pl.callbacks.StochasticWeightAveraging(0.01, swa_epoch_start=2)
    make_trainer(pl, log, tmp_path, averaging, max_epochs=3).fit(
        Normalised(), loader(), loader(seed=1)
    )
    end = the_end(entries())
    assert snapshot(end)["weights"]["averaged_by"] == "StochasticWeightAveraging"
    assert str(end.decision).startswith("Training completed: 4 epochs")
    assert "and one more epoch by which StochasticWeightAveraging updates" in str(end.reasoning)
