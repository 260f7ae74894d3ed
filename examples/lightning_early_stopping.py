"""Why did this training stop, and which checkpoint is the one to keep? The trail answers.

Run it with ``python examples/lightning_early_stopping.py``; it needs
``mllog-callbacks[lightning]`` and scikit-learn.
"""

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from mllog_callbacks import RUN_ENDS, EventType, get_log, read_entries
from mllog_lightning import MLAuditCallback


class Digits(pl.LightningModule):
    """Reads digits with one hidden layer."""

    def __init__(self, hidden: int = 64, rate: float = 0.003) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))
        self.rate = rate

    def training_step(self, batch: tuple[Tensor, Tensor], _place: int) -> Tensor:
        """Return the loss, and log it."""
        loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _place: int) -> None:
        """Log the loss."""
        self.log("val_loss", nn.functional.cross_entropy(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Descend."""
        return torch.optim.Adam(self.parameters(), lr=self.rate)


def main() -> None:
    """Train on few digits, then ask the trail what was saved and how it ended."""
    torch.set_num_threads(1)  # for so small a network, more would only wait for each other
    pl.seed_everything(0, verbose=False)
    images, labels = load_digits(return_X_y=True)
    data = TensorDataset(torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels))
    few, held_out, _ = random_split(data, [300, 400, len(data) - 700])
    trainer = pl.Trainer(
        max_epochs=200,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            MLAuditCallback(dataset="digits"),
            EarlyStopping("val_loss", patience=5),
            ModelCheckpoint("checkpoints", monitor="val_loss"),
        ],
    )
    trainer.fit(Digits(), DataLoader(few, 32, shuffle=True), DataLoader(held_out, 400))

    log = get_log()
    log.flush()
    recorded = list(read_entries(log.path))
    saved = [entry for entry in recorded if entry.event == EventType.MODEL_SAVED]
    for entry in [saved[-1], *(each for each in recorded if each.event in RUN_ENDS)]:
        print(entry.decision)
        print(entry.reasoning)
    print(f"All of it: {log.path}")


if __name__ == "__main__":
    main()
