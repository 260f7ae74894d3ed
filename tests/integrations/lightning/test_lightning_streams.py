"""Values count when they are new, and each stage of a Lightning training by itself."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import torchmetrics

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import RUN_ENDS, AuditLog, EventType
from recorded import Entries, issues, of, one, the_end


class Scripted(regression(pl)):  # type: ignore[misc]  # a class made by a function
    """Logs the next of some values at each validation, and notes when that was."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values, self.seen = iter(values), 0
        self.when: list[tuple[int, int]] = []

    def validation_step(self, *_given: Any) -> None:
        """Nothing is logged by step."""

    def on_validation_epoch_end(self) -> None:
        """Log the next value."""
        self.when.append((self.current_epoch + 1, self.global_step))
        self.log("val_loss", next(self.values))


def _curve(
    recorded: list[Any], stage: str, metric: str, unit: str = "epoch"
) -> list[tuple[float, float]]:
    """The points of a metric: in the curves of a run, and in the entries themselves."""
    found: dict[float, float] = {}
    for entry in of(recorded, EventType.TRAINING_PROGRESS, *RUN_ENDS):
        numbers = snapshot(entry)
        for each in (each for name, each in numbers.items() if name.startswith("curve")):
            if (values := each.get("results", {}).get(stage, {}).get(metric)) is not None:
                assert each["unit"] == unit
                found |= dict(zip(each["at"], values, strict=True))
        if metric in (own := numbers.get("results", {}).get(stage, {})):
            found[numbers[unit]] = own[metric]
    return sorted(found.items())


def test_epochs_without_validation_have_no_validation_values(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Neither in the progress, nor at the end, nor to a detector; the curve has each value once."""
    values = [5.0, 3.0, 4.0, 2.0, 3.0, 1.0]
    module = Scripted(values)
    trainer = make_trainer(
        pl, log, tmp_path, check_val_every_n_epoch=10, num_sanity_val_steps=0, max_epochs=61
    )
    trainer.fit(module, loader(16), loader(16, seed=1))
    recorded = entries()
    validated = [epoch for epoch, _ in module.when]
    assert validated == [10, 20, 30, 40, 50, 60]
    for entry in of(recorded, EventType.TRAINING_PROGRESS):
        numbers = snapshot(entry)
        assert ("validation" in numbers["results"]) == (numbers["progress"]["done"] in validated)
    evaluated = snapshot(one(recorded, EventType.MODEL_EVALUATED))
    assert (evaluated["progress"]["done"], evaluated["step"]) == (60, 120)
    curve = _curve(recorded, "validation", "val_loss")
    assert [at for at, _ in curve] == validated
    assert [value for _, value in curve] == values
    assert len(_curve(recorded, "training", "train_loss")) >= 30
    assert issues(recorded, "plateau") == []


def test_validations_within_epochs_have_steps_of_their_own(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Each is recorded, with the step it came after; early stopping is cited on its own checks."""
    stopper = pl.callbacks.EarlyStopping("val_loss", patience=2, check_on_train_epoch_end=True)
    values = [9.0, 1.0, 9.0, 4.0, 9.0, 2.0, 9.0, 3.0, 9.0, 5.0]  # it sees each second one
    module = Scripted(values)
    trainer = make_trainer(
        pl, log, tmp_path, stopper, val_check_interval=0.5, num_sanity_val_steps=0, max_epochs=9
    )
    trainer.fit(module, loader(), loader(seed=1))
    recorded = entries()
    end = the_end(recorded)
    # 1.0 at step 8 is the best that it saw
    assert "val_loss last improved at epoch 1 (1); 2 checks without" in str(end.reasoning)
    assert snapshot(end)["stop"]["rule"]["best_at"] == 1
    curve = _curve(recorded, "validation", "val_loss", "step")
    assert [at for at, _ in curve] == [step for _, step in module.when]
    assert [value for _, value in curve] == values[: len(curve)]


def test_a_better_value_that_no_check_saw_is_no_reason(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """One that it saw and that is within min_delta is."""

    def reason(delta: float, values: list[float], **kwargs: Any) -> str:
        before = len(entries())
        stopper = pl.callbacks.EarlyStopping("val_loss", patience=2, min_delta=delta, **kwargs)
        trainer = make_trainer(
            pl, log, tmp_path, stopper, num_sanity_val_steps=0, max_epochs=9, val_check_interval=0.5
        )
        trainer.fit(Scripted(values), loader(), loader(seed=1))
        return str(the_end(entries()[before:]).reasoning)

    unseen = reason(0.0, [9.0, 4.0, 0.5, 5.0, 9.0, 6.0], check_on_train_epoch_end=True)
    assert "did not count" not in unseen
    seen = reason(0.5, [4.0, 3.8, 3.9])
    assert "A better value, 3.9 at epoch 2, did not count: it is within min_delta=0.5." in seen


def test_a_name_of_both_stages_is_two_streams(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The last of both was what Lightning's own cache holds."""

    class Both(regression(pl)):  # type: ignore[misc]  # likewise
        def training_step(self, batch: Any, _place: int) -> Any:
            loss = self.loss(batch)
            self.log("loss", 1.0, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, *_given: Any) -> None:
            self.log("loss", 2.0 + self.current_epoch)

    make_trainer(pl, log, tmp_path).fit(Both(), loader(), loader(seed=1))
    recorded = of(entries(), EventType.TRAINING_PROGRESS)
    for n, entry in enumerate(recorded):
        numbers = snapshot(entry)
        assert numbers["results"]["training"]["loss"] == 1.0
        assert numbers["results"]["validation"] == {"loss": 2.0 + n}


def test_old_training_values_are_not_new_ones(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Of what is logged now and then."""

    class Seldom(regression(pl)):  # type: ignore[misc]  # likewise
        def on_train_epoch_end(self) -> None:
            if self.current_epoch == 1:
                self.log("seldom_loss", 7.0)

    trainer = make_trainer(pl, log, tmp_path, max_epochs=5)
    trainer.fit(Seldom(), loader(), loader(seed=1))
    recorded = of(entries(), EventType.TRAINING_PROGRESS)
    values = [snapshot(each)["results"]["training"] for each in recorded]
    assert [n for n, each in enumerate(values) if "seldom_loss" in each] == [1]


def test_a_missing_monitor_stops_nothing(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """Where user code stops, that is not for a value that nobody has logged."""

    class Stops(regression(pl)):  # type: ignore[misc]  # likewise
        def on_train_epoch_end(self) -> None:
            self.trainer.should_stop = True

    stopper = pl.callbacks.EarlyStopping("no_such", strict=False)
    trainer = make_trainer(pl, log, tmp_path, stopper)
    trainer.fit(Stops(), loader(), loader(seed=1))
    end = the_end(entries())
    assert snapshot(end)["stop"] == {"by": "request"}
    assert "finite" not in str(end.reasoning)


def test_a_suffixed_monitor_is_found(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """As Lightning finds it; the facts of both are those of the one metric."""

    class Forked(regression(pl)):  # type: ignore[misc]  # likewise
        def validation_step(self, batch: Any, _place: int) -> None:
            self.log("val_loss", self.loss(batch), on_step=True, on_epoch=True)

    stopper = pl.callbacks.EarlyStopping("val_loss_epoch", patience=1)
    trainer = make_trainer(pl, log, tmp_path, stopper, max_epochs=9)
    trainer.fit(Forked(rate=0.0), loader(), loader(seed=1))
    recorded = entries()
    rule = snapshot(the_end(recorded))["stop"]["rule"]
    assert (rule["metric"], rule["best_at"], rule["waited"]) == ("val_loss_epoch", 1, 1)
    results = snapshot(one(recorded, EventType.MODEL_EVALUATED))["results"]
    assert set(results["validation"]) == {"val_loss"}


def test_metric_objects_say_their_direction(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """By `higher_is_better`, under whatever name they are logged."""

    class Objects(regression(pl)):  # type: ignore[misc]  # likewise
        def __init__(self) -> None:
            super().__init__()
            self.fit = torchmetrics.R2Score()
            self.off = torchmetrics.MeanSquaredError()

        def validation_step(self, batch: Any, _place: int) -> None:
            predicted = self.net(batch[0]).flatten()
            for name, each in (("val_fit", self.fit), ("val_off", self.off)):
                each(predicted, batch[1].flatten())
                self.log(name, each)

    make_trainer(pl, log, tmp_path).fit(Objects(), loader(), loader(seed=1))
    recorded = entries()
    assert issues(recorded, "unknown_direction") == []
    last = of(recorded, EventType.TRAINING_PROGRESS)[-1]
    assert "val_fit: " in str(last.reasoning)
    assert "the best so far" in str(last.reasoning).partition("val_off")[0]


@pytest.mark.filterwarnings("ignore:ReduceLROnPlateau conditioned on metric")
def test_a_plateau_scheduler_that_compares_one_validation_again_is_shown(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It steps after each epoch, also after those that were not validated."""

    class Reduced(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.01)
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
            config = {"scheduler": plateau, "monitor": "val_loss", "strict": False}
            return {"optimizer": optimizer, "lr_scheduler": config}

    trainer = make_trainer(pl, log, tmp_path, check_val_every_n_epoch=5, max_epochs=9)
    trainer.fit(Reduced(), loader(), loader(seed=1))
    change = of(entries(), EventType.HYPERPARAMETERS_SET)[-1]
    assert snapshot(change)["compared"] == {"validated_at": 5, "times": 4}
    assert "the value of one validation, after epoch 5, 4 times." in str(change.reasoning)
