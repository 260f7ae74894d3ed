"""A callback that is given to every Lightning trainer disturbs none, however it was made."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch

from lightning_injected import injected
from lightning_training import loader, regression
from mllog_callbacks import RUN_ENDS, AuditLog, EventType
from mllog_lightning import MLAuditCallback
from recorded import Entries, of


@pytest.mark.filterwarnings("ignore:.*barebones=True")  # that it ignores what the module logs
@pytest.mark.parametrize(
    "kwargs",
    [
        {"barebones": True},
        {"fast_dev_run": True},
        {"callbacks": pl.callbacks.EarlyStopping("val_loss")},
        {"callbacks": Mock(spec=pl.callbacks.ModelCheckpoint)},
        {"limit_train_batches": 0},
        {"max_time": {"seconds": 0}},
    ],
    ids=lambda each: next(iter(each)),
)
def test_trainers_of_all_kinds_train_as_beside_an_empty_callback(
    log: AuditLog, entries: Entries, tmp_path: Path, kwargs: dict[str, Any]
) -> None:
    """The same steps to the same weights, and one end."""

    def trained(make: Any, folder: Any) -> tuple[int, int, list[float]]:
        with injected(make, pl=pl):
            given = {"default_root_dir": folder, "accelerator": "cpu", "max_epochs": 2} | kwargs
            if "barebones" not in kwargs:
                given |= {"logger": False, "enable_progress_bar": False}
            trainer = pl.Trainer(**given)
            module = regression(pl)()
            torch.manual_seed(0)
            trainer.fit(module, loader(), loader(seed=1))
        weights = torch.cat([each.detach().flatten() for each in module.parameters()])
        return trainer.global_step, trainer.current_epoch, weights.tolist()

    ours = trained(lambda: MLAuditCallback(log), tmp_path / "ours")
    assert ours == trained(pl.Callback, tmp_path / "empty")
    recorded = entries()
    assert len(of(recorded, EventType.TRAINING_STARTED)) == len(of(recorded, *RUN_ENDS)) == 1
