"""Small real Lightning trainings, of either distribution, and what to ask of their trail."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning.pytorch
import pytorch_lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mllog_callbacks import AuditLog, LogEntry
from mllog_lightning import MLAuditCallback

VERSION = version("pytorch-lightning")
torch.set_num_threads(1)  # networks so small are slower with more

DISTRIBUTIONS: tuple[Any, ...] = (pytorch_lightning, lightning.pytorch)


def loader(rows: int = 64, *, seed: int = 0, batch_size: int = 8, **kwargs: Any) -> DataLoader[Any]:
    """Points of a noisy plane."""
    points = torch.randn(rows, 4, generator=torch.Generator().manual_seed(seed))
    target = points.sum(1, keepdim=True)
    return DataLoader(TensorDataset(points, target), batch_size=batch_size, **kwargs)


def regression(pl: Any) -> type[Any]:
    """A module class of a distribution: a small regression, with hooks that a test may override."""

    class Regression(pl.LightningModule):  # type: ignore[misc]  # its base is an argument
        """Fits the plane."""

        def __init__(self, rate: float = 0.05, hidden: int = 4) -> None:
            super().__init__()
            self.save_hyperparameters()
            torch.manual_seed(0)
            self.net = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, 1))
            self.rate = rate

        def loss(self, batch: Any) -> Tensor:
            """The mean squared error of a batch."""
            points, target = batch
            return nn.functional.mse_loss(self.net(points), target)

        def training_step(self, batch: Any, _place: int) -> Tensor:
            """Return the loss, and log it."""
            loss = self.loss(batch)
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, _place: int) -> None:
            """Log the loss."""
            self.log("val_loss", self.loss(batch))

        def test_step(self, *given: Any) -> None:
            """Log the loss."""
            self.log("test_loss", self.loss(given[0]))

        def predict_step(self, batch: Any, _place: int) -> Any:
            """Return the prediction."""
            return self.net(batch[0])

        def configure_optimizers(self) -> Any:
            """Descend."""
            return torch.optim.SGD(self.parameters(), lr=self.rate)

    return Regression


def make_trainer(
    pl: Any, log: AuditLog | None, folder: Path, *callbacks: Any, audit: Any = None, **kwargs: Any
) -> Any:
    """A quiet trainer of a distribution on the CPU, with the audit callback and others."""
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    cheap = {"accelerator": "cpu", "devices": 1, "default_root_dir": folder, "max_epochs": 3}
    used = MLAuditCallback(log, dataset="plane") if audit is None else audit
    checkpoint = {
        "enable_checkpointing": any(
            isinstance(each, pl.callbacks.ModelCheckpoint) for each in callbacks
        )
    }
    return pl.Trainer(callbacks=[used, *callbacks], **quiet | cheap | checkpoint | kwargs)


def snapshot(entry: LogEntry) -> dict[str, Any]:
    """The numbers of an entry."""
    assert entry.metrics_snapshot is not None
    return dict(entry.metrics_snapshot)
