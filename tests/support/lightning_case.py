"""PyTorch Lightning, for the contract."""

import tempfile
from importlib.metadata import version
from typing import Any

import pytorch_lightning as pl
import torch

from lightning_training import loader, regression
from mllog_callbacks.contract import ROUNDS, Case, Outcome, Way, raise_in
from mllog_lightning import MLAuditCallback

Regression = regression(pl)


class _UsersOwn(pl.Callback):
    def __init__(self, way: Way) -> None:
        self.way = way
        self.losses: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002 - as in Lightning
        raise_in(self.way, trainer.current_epoch + 1)
        self.losses.append({name: float(each) for name, each in trainer.callback_metrics.items()})


def _train(audit: MLAuditCallback | None, way: Way) -> Outcome:
    module = _module()
    own = _UsersOwn(way)
    callbacks: list[pl.Callback] = [own]
    if way is Way.STOPPED:
        callbacks.append(pl.callbacks.EarlyStopping("val_loss", patience=5, min_delta=100))
    if audit is not None:
        callbacks.append(audit)
    with tempfile.TemporaryDirectory() as folder:
        trainer = pl.Trainer(
            max_epochs=ROUNDS,
            accelerator="cpu",
            devices=1,
            default_root_dir=folder,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=callbacks,
        )
        raised = _fitted(trainer, module)
    if raised is not None:
        raise raised
    weights = [each.detach().numpy() for each in module.parameters()]
    facts = [
        module.hparams,
        own.losses,
        version("pytorch-lightning"),
        torch.__version__,
        trainer.current_epoch,
    ]
    sizes = [16, 8, 2, *(each.size for each in weights), sum(each.size for each in weights)]
    return Outcome(b"".join(each.tobytes() for each in weights), [*facts, sizes, ROUNDS, 5, 100])


def _module() -> Any:
    """A module whose weights are the same in each thread: all share PyTorch's own generator."""
    module, generator = Regression(), torch.Generator().manual_seed(0)
    for each in module.parameters():
        each.data = torch.rand(each.shape, generator=generator) - 0.5
    return module


def _fitted(trainer: pl.Trainer, module: Any) -> BaseException | None:
    """Fit; returns the interrupt that Lightning makes an exit of, as it was raised."""
    try:
        trainer.fit(module, loader(16), loader(8, seed=1))
    except SystemExit as error:
        return error.__context__
    return None


CASE = Case(
    "mllog_lightning",
    "lightning",
    ("lightning", "pytorch_lightning"),
    MLAuditCallback,
    _train,
)
