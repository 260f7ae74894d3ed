"""A training that is resumed from a checkpoint goes on in its trail where it was."""

import base64
import pickle
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, DetectorSet, EventType, read_trail
from recorded import Entries, of, the_end

VALUES = [1.0, 0.6, 0.4, 0.3, 0.28, 0.3, 0.35, 0.42, 0.5, 0.6, 0.7, 0.8]


class Scripted(regression(pl)):  # type: ignore[misc]  # a class made by a function
    """Logs a value of its own for each epoch."""

    def validation_step(self, _batch: Any, _place: int) -> None:
        """Log the epoch's value."""
        self.log("val_loss", VALUES[self.trainer.current_epoch])


pytestmark = pytest.mark.filterwarnings("ignore:The dirpath has changed")


def _fit(log: AuditLog, folder: Path, epochs: int, resumed: Path | None = None) -> None:
    folder = folder / str(epochs)
    checkpoint = pl.callbacks.ModelCheckpoint(folder)
    trainer = make_trainer(pl, log, folder, checkpoint, max_epochs=epochs)
    trainer.fit(Scripted(), loader(), loader(seed=1), ckpt_path=resumed)


def _overfitting(entries: Entries) -> dict[str, Any]:
    found = [snapshot(each) for each in of(entries(), EventType.ISSUE_DETECTED)]
    (first, *_) = (each for each in found if each["name"] == "overfitting")
    return {name: value for name, value in first.items() if name != "run"}


def test_detectors_and_bests_go_on_where_they_were(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The issue comes at the same epoch, with the same evidence, as without the interruption."""
    with AuditLog(tmp_path / "whole") as whole:
        _fit(whole, tmp_path / "whole", len(VALUES))

        def read() -> list[Any]:
            from mllog_callbacks import read_entries  # noqa: PLC0415 - of the other log

            assert whole.flush(10)
            return list(read_entries(whole.path))

        expected = _overfitting(read)
    _fit(log, tmp_path, 6)
    first = len(entries())
    (saved,) = (tmp_path / "6").glob("*.ckpt")
    _fit(log, tmp_path, len(VALUES), saved)
    recorded = entries()[first:]
    assert _overfitting(lambda: recorded) == expected
    progress = of(recorded, EventType.TRAINING_PROGRESS)
    assert progress[0].decision == "Training continues after 6 epochs and 48 steps."
    assert str(saved) in str(progress[0].reasoning)
    assert "(best 0.28 at 5)" in str(progress[1].reasoning)
    assert f"It continues a model loaded from {saved}." in str(recorded[0].reasoning)
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED


def test_what_was_done_before_is_distinguished(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """At the end, and in the story."""
    _fit(log, tmp_path, 2)
    (saved,) = (tmp_path / "2").glob("*.ckpt")
    with AuditLog(tmp_path / "resumed") as resumed:
        _fit(resumed, tmp_path, 5, saved)
        assert resumed.flush(10)
        trail = read_trail(resumed)
    (recorded,) = trail.summary()
    assert "for 5 epochs, 2 of them before it was resumed" in recorded["what_happened"][0]
    assert recorded["tiles"][1]["detail"] == "5 epochs, 2 of them before it was resumed"
    assert "epochs_before" not in snapshot(the_end(entries()))


def test_the_best_checkpoint_is_what_is_kept(log: AuditLog, tmp_path: Path) -> None:
    """Though the module is left as its last epoch made it; the end names it, by what, and when."""
    best = pl.callbacks.ModelCheckpoint(tmp_path / "best", monitor="val_loss")
    trainer = make_trainer(pl, log, tmp_path, best, max_epochs=7)
    trainer.fit(Scripted(), loader(), loader(seed=1))
    trail = read_trail(log)
    (recorded,) = trail.summary()
    named = f"The best checkpoint by ModelCheckpoint(monitor=val_loss) is {best.best_model_path}"
    assert f"{named} of epoch 5, step 40, with val_loss 0.28." in recorded["what_happened"][0]
    assert [*recorded["tiles"][0].values()] == [
        "validation loss",
        "0.28",
        "at epoch 5 (best checkpoint)",
    ]
    assert recorded["runs"][0]["kept"] == "validation loss 0.28"
    assert "best checkpoint: epoch 5, 0.28" in trail.save(tmp_path / "page.html").read_text()


def test_a_checkpoint_holds_nothing_but_texts_and_numbers(log: AuditLog, tmp_path: Path) -> None:
    """It loads where nothing else is allowed; a small part of it is ours."""
    _fit(log, tmp_path, 3)
    (saved,) = (tmp_path / "3").glob("*.ckpt")
    state = torch.load(saved, weights_only=True)["callbacks"]["MLAuditCallback"]
    assert len(str(state)) < 20_000


@pytest.mark.production_guards
def test_a_state_that_cannot_be_read_costs_the_training_nothing(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """It begins anew."""
    _fit(log, tmp_path, 2)
    (saved,) = (tmp_path / "2").glob("*.ckpt")
    whole = torch.load(saved, weights_only=True)
    whole["callbacks"]["MLAuditCallback"]["detectors"] = "no state"
    torch.save(whole, saved)
    first = len(entries())
    _fit(log, tmp_path, 4, saved)
    assert the_end(entries()[first:]).event is EventType.TRAINING_COMPLETED


def test_a_state_runs_no_code_of_others() -> None:
    """Whoever wrote the checkpoint."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return pytest.fail, ("code of others ran",)

    text = base64.b64encode(pickle.dumps(("0.1.0", Evil()))).decode()
    with pytest.raises(ValueError, match="is not made anew"):
        DetectorSet().restore(text)
