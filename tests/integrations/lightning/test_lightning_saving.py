"""Each checkpoint of a Lightning training is recorded once, whoever has it saved."""

import hashlib
import math
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType, LogEntry
from mllog_lightning import MLAuditCallback
from recorded import Entries, of, one


def _saved(recorded: list[LogEntry]) -> list[str]:
    """The names of the files that were recorded to be saved."""
    return [
        Path(snapshot(each)["saved"]["path"]).name for each in of(recorded, EventType.MODEL_SAVED)
    ]


def test_each_checkpoint_of_an_epoch_is_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Also those within an epoch, and the copy of the last."""
    checkpoint = pl.callbacks.ModelCheckpoint(
        tmp_path / "best", filename="{step}", every_n_train_steps=3, save_top_k=-1, save_last=True
    )
    make_trainer(pl, log, tmp_path, checkpoint, max_epochs=2).fit(
        regression(pl)(), loader(), loader(seed=1)
    )
    recorded = _saved(entries())
    written = {each.name for each in (tmp_path / "best").iterdir()}
    assert written == {
        "step=3.ckpt",
        "step=6.ckpt",
        *(f"step={n}.ckpt" for n in (9, 12, 15)),
        "last.ckpt",
    }
    assert set(recorded) == written
    assert [each for each in recorded if each != "last.ckpt"] == [
        f"step={n}.ckpt" for n in (3, 6, 9, 12, 15)
    ]


def test_a_checkpoint_that_user_code_saves_is_recorded_with_who_and_when(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """In a hook and after the training; a callback's own is not recorded a second time."""

    class Saving(regression(pl)):  # type: ignore[misc]  # a class made by a function
        def on_train_batch_end(self, *_given: Any) -> None:
            if self.global_step == 4:
                self.trainer.save_checkpoint(tmp_path / "fourth.ckpt")

    checkpoint = pl.callbacks.ModelCheckpoint(tmp_path / "best", filename="{epoch}")
    trainer = make_trainer(pl, log, tmp_path, checkpoint, max_epochs=1)
    trainer.fit(Saving(), loader(), loader(seed=1))
    trainer.save_checkpoint(tmp_path / "final.ckpt")
    recorded = entries()
    assert _saved(recorded) == ["fourth.ckpt", "epoch=0.ckpt", "final.ckpt"]
    fourth, _, final = of(recorded, EventType.MODEL_SAVED)
    by = str(snapshot(fourth)["saved"]["by"])
    assert by.startswith("on_train_batch_end, test_lightning_saving.py line ")
    assert str(fourth.reasoning).endswith(f" Saved by {by} after 0 epochs and 4 steps.")
    written = tmp_path / "final.ckpt"
    facts = snapshot(final)["saved"]
    assert facts.pop("by").startswith(
        "test_a_checkpoint_that_user_code_saves_is_recorded_with_who_and_when, "
    )
    assert facts == {
        "path": str(written),
        "bytes": written.stat().st_size,
        "sha256": hashlib.sha256(written.read_bytes()).hexdigest(),
        "format": "zip archive",
    }
    assert (snapshot(final)["progress"], snapshot(final)["step"]) == (
        {"unit": "epoch", "done": 1},
        8,
    )


@pytest.mark.filterwarnings(
    "ignore:.*fit\\(ckpt_path="
)  # it looks for what an earlier failure left
def test_a_checkpoint_of_a_failure_is_recorded_by_who_saved_it(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """After the end, which stands before it."""

    class Failing(regression(pl)):  # type: ignore[misc]  # likewise
        def on_train_epoch_end(self) -> None:
            raise RuntimeError

    rescue = pl.callbacks.OnExceptionCheckpoint(tmp_path)
    trainer = make_trainer(pl, log, tmp_path, rescue, enable_checkpointing=True)
    with pytest.raises(RuntimeError):
        trainer.fit(Failing(), loader(), loader(seed=1))
    recorded = entries()
    assert of(recorded, EventType.TRAINING_FAILED)
    (saved,) = [
        each for each in of(recorded, EventType.MODEL_SAVED) if "on_exception" in str(each.decision)
    ]
    assert snapshot(saved)["saved"]["by"] == "OnExceptionCheckpoint"
    assert "Saved by OnExceptionCheckpoint after " in str(saved.reasoning)


def test_a_score_that_stands_for_no_number_is_not_recorded_as_the_metric(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """ModelCheckpoint counts NaN as the worst there is."""

    class Late(regression(pl)):  # type: ignore[misc]  # likewise
        def validation_step(self, *_given: Any) -> None:
            self.log("val_loss", math.nan if self.current_epoch == 0 else 0.5)

    checkpoint = pl.callbacks.ModelCheckpoint(tmp_path / "best", monitor="val_loss")
    audit = MLAuditCallback(log, detectors=[])
    trainer = make_trainer(pl, log, tmp_path, checkpoint, audit=audit, max_epochs=2)
    trainer.fit(Late(), loader(), loader(seed=1))
    first, second = of(entries(), EventType.MODEL_SAVED)
    assert "val_loss counts as inf, as what is no number does." in str(first.reasoning)
    assert "score" not in snapshot(first)
    assert "It is the best so far: val_loss 0.5. Saved by Model" in str(second.reasoning)


def test_a_score_that_stands_on_a_device_is_not_recorded_as_no_number(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Reading it would hold the training up: nothing is said of it."""

    class Elsewhere(pl.callbacks.ModelCheckpoint):
        """Keeps its score where it cannot be read, as on a device that computes."""

        @property
        def best_model_score(self) -> torch.Tensor:
            return torch.empty((), device="meta")

        @best_model_score.setter
        def best_model_score(self, score: Any) -> None:
            pass

    checkpoint = Elsewhere(tmp_path / "best", monitor="val_loss")
    make_trainer(pl, log, tmp_path, checkpoint, max_epochs=1).fit(
        regression(pl)(), loader(), loader(seed=1)
    )
    recorded = entries()
    saved = one(recorded, EventType.MODEL_SAVED)
    assert snapshot(saved)["saved"]["best"] is True
    assert "It is the best so far: val_loss " in str(saved.reasoning)
    by = " Saved by Elsewhere(monitor=val_loss, mode=min, save_top_k=1) after 0 epochs and 8 steps."
    assert str(saved.reasoning).endswith(by)
    assert "best_model_score" not in snapshot(saved)
    assert "NaN" not in str(recorded)
