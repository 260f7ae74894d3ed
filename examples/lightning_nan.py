"""At which step did the loss stop being a number, and what made it? The trail answers.

Run it with ``python examples/lightning_nan.py``; it needs ``mllog-callbacks[lightning]``.
"""

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mllog_callbacks import EventType, get_log, read_entries
from mllog_lightning import MLAuditCallback


class Runaway(pl.LightningModule):
    """A regression whose learning rate is far too high."""

    def __init__(self, rate: float = 0.9) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(8, 1)
        self.rate = rate

    def training_step(self, batch: tuple[Tensor, Tensor], _place: int) -> Tensor:
        """Return the loss; nothing is logged."""
        return nn.functional.mse_loss(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Descend, and overshoot."""
        return torch.optim.SGD(self.parameters(), lr=self.rate)


def main() -> None:
    """Train, then ask the trail what went wrong."""
    torch.set_num_threads(1)  # for so small a network, more would only wait for each other
    pl.seed_everything(0, verbose=False)
    points = torch.randn(4_000, 8)
    data = TensorDataset(points, points.sum(1, keepdim=True))
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[MLAuditCallback(dataset="plane")],
    )
    trainer.fit(Runaway(), DataLoader(data, 8))

    log = get_log()
    log.flush()
    for entry in read_entries(log.path):
        if entry.event == EventType.ISSUE_DETECTED:
            print(entry.decision)
            print(entry.reasoning)
    print(f"All of it: {log.path}")


if __name__ == "__main__":
    main()
