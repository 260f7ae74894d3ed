"""What was not done, or not to its end, is not recorded as done."""

import math
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from mllog_lightning import MLAuditCallback
from recorded import Entries, of, one, the_end

EVALUATIONS = [
    ("validate", "Validation", "limit_val_batches"),
    ("test", "Test", "limit_test_batches"),
    ("predict", "Prediction", "limit_predict_batches"),
]


@pytest.mark.parametrize(("call", "name", "limit"), EVALUATIONS)
def test_an_evaluation_without_batches_has_no_result(
    log: AuditLog, entries: Entries, tmp_path: Path, call: str, name: str, limit: str
) -> None:
    """Also after a fit that measured."""
    trainer = make_trainer(pl, log, tmp_path, max_epochs=1)
    module = regression(pl)()
    trainer.fit(module, loader(), loader(seed=1))
    before = len(entries())
    setattr(trainer, limit, 0)
    getattr(trainer, call)(module, loader(seed=2))
    (recorded,) = entries()[before:]
    assert recorded.decision == f"{name} had no batches: there is no result."
    assert recorded.reasoning == f"{limit}=0 leaves no batches."


@pytest.mark.parametrize(("call", "name", "limit"), EVALUATIONS)
def test_what_fails_before_an_evaluation_was_its_preparation(
    log: AuditLog, entries: Entries, tmp_path: Path, call: str, name: str, limit: str
) -> None:
    """No batch of it was seen."""

    class Failing(regression(pl)):  # type: ignore[misc]  # a class made by a function
        def setup(self, stage: str) -> None:
            raise RuntimeError(stage)

    with pytest.raises(RuntimeError):
        getattr(make_trainer(pl, log, tmp_path), call)(Failing(), loader())
    recorded = one(entries(), EventType.ISSUE_DETECTED)
    assert f"was raised while the {name.lower()} was prepared (in setup" in str(recorded.reasoning)
    assert limit not in str(recorded.reasoning)


def test_a_prediction_is_recorded_without_metrics(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It cannot log any."""
    make_trainer(pl, log, tmp_path).predict(regression(pl)(), loader())
    assert one(entries(), EventType.MODEL_EVALUATED).decision == "Prediction is done."


def test_an_epoch_that_is_cut_short_is_not_recorded_as_done(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The whole ones before it are."""
    make_trainer(pl, log, tmp_path, max_epochs=2, max_steps=11).fit(
        regression(pl)(), loader(), loader(seed=1)
    )
    recorded = of(entries(), EventType.TRAINING_PROGRESS)
    assert [each.decision for each in recorded] == [
        "Epoch 1 of 2 is done.",
        "Epoch 2 of 2 ended after 3 of 8 batches.",
    ]


def test_a_resumed_training_that_has_nothing_left_to_do_did_nothing(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """What was done before is not its own."""
    first = make_trainer(pl, None, tmp_path, audit=pl.Callback(), max_epochs=1)
    first.fit(regression(pl)(), loader(), loader(seed=1))
    first.save_checkpoint(tmp_path / "done.ckpt")
    trainer = make_trainer(pl, log, tmp_path, max_epochs=1)
    trainer.fit(regression(pl)(), loader(), loader(seed=1), ckpt_path=tmp_path / "done.ckpt")
    end = the_end(entries())
    assert end.decision == "Training completed without a batch."
    assert end.reasoning == "max_epochs=1 had been reached before it began."


def test_a_limit_that_lightning_had_not_made_yet_is_not_recorded_as_none(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It makes 1,000 epochs of no limit when a fit begins."""
    trainer = pl.Trainer(
        callbacks=[MLAuditCallback(log)], logger=False, default_root_dir=tmp_path, accelerator="cpu"
    )
    with pytest.raises(ValueError, match="no HPC checkpoint"):
        trainer.fit(regression(pl)(), loader(), loader(seed=1), ckpt_path="hpc")
    assert entries()[0].decision == "Training started."


@pytest.mark.filterwarnings("ignore:.*could not find the monitored key")
def test_a_last_checkpoint_without_a_best_one_is_recorded_so(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """What it monitors was not measured yet."""
    checkpoint = pl.callbacks.ModelCheckpoint(tmp_path / "kept", monitor="val_loss", save_last=True)
    trainer = make_trainer(pl, log, tmp_path, checkpoint, max_steps=1)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    recorded = one(entries(), EventType.MODEL_SAVED)
    assert "None is the best so far." in str(recorded.reasoning)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_loss_that_is_no_finite_number_is_no_best(
    log: AuditLog, entries: Entries, tmp_path: Path, value: float
) -> None:
    """It is recorded as what it is."""

    class Broken(regression(pl)):  # type: ignore[misc]  # likewise
        def training_step(self, batch: Any, _place: int) -> Any:
            return self.loss(batch) + value

    make_trainer(pl, log, tmp_path, max_epochs=1).fit(Broken(), loader(), loader(seed=1))
    everything = entries()
    recorded = of(everything, EventType.TRAINING_PROGRESS)[0]
    shown = "inf" if math.isinf(value) else "NaN"
    assert f"train_loss (returned by training_step): {shown}." in str(recorded.reasoning)
    assert snapshot(recorded)["results"]["training"] == {
        "train_loss (returned by training_step)": None
    }
    issue = one(everything, EventType.ISSUE_DETECTED)  # of its step, and not again of its epoch
    assert str(issue.decision).endswith("at step 1.")
