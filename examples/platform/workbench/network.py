"""A small neural network, trained by Lightning."""

import logging
import tempfile
import warnings
from typing import Any

import numpy as np
import torch

try:
    import lightning.pytorch as pl
except ImportError:
    import pytorch_lightning as pl  # the same under its other name

from torch.utils.data import DataLoader, TensorDataset

from workbench import algorithms


class Network(pl.LightningModule):
    """One hidden layer; standardises its input by the mean and deviation it was made with."""

    def __init__(self, inputs: int, classes: int, hidden: int, rate: float) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.BatchNorm1d(inputs),
            torch.nn.Linear(inputs, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, classes),
        )
        self.rate = rate

    def training_step(self, batch: Any, _index: int) -> torch.Tensor:
        """The cross-entropy of a batch."""
        features, codes = batch
        loss = torch.nn.functional.cross_entropy(self.layers(features), codes)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.Adam(self.parameters(), self.rate)

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Probabilities, a column a class."""
        self.eval()
        with torch.no_grad():
            return torch.softmax(
                self.layers(torch.tensor(features, dtype=torch.float32)), 1
            ).numpy()


def new_trainer(**settings: Any) -> pl.Trainer:
    """Lightning's own."""
    return pl.Trainer(**settings)


class _Reporting(pl.Callback):
    def __init__(self, report: Any, total: int) -> None:
        self._report = report
        self._total = total

    def on_train_epoch_end(self, trainer: pl.Trainer, _module: pl.LightningModule) -> None:
        loss = float(trainer.callback_metrics["train_loss"])
        self._report(trainer.current_epoch + 1, self._total, train_loss=loss)


def fit_network(
    features: np.ndarray, codes: np.ndarray, values: dict[str, Any], report: Any
) -> Network:
    """Train on the CPU, for as many epochs as asked."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    torch.manual_seed(0)
    rows = TensorDataset(
        torch.tensor(features, dtype=torch.float32), torch.tensor(codes, dtype=torch.int64)
    )
    network = Network(
        features.shape[1], len(np.unique(codes)), values["hidden_units"], values["learning_rate"]
    )
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # it advises on loaders and loggers
        trainer = algorithms.make_trainer(
            max_epochs=values["max_epochs"],
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
            callbacks=[_Reporting(report, values["max_epochs"])],
        )
        trainer.fit(
            network, DataLoader(rows, batch_size=64, shuffle=True, drop_last=len(rows) > 64)
        )
    return network
