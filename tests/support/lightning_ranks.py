"""Trainings with two ranks, each in a process of its own: a script, for tests to start.

``python lightning_ranks.py FOLDER STRATEGY-WAY...``, where the way is one of "finish", "fail" (rank
1 raises), "kill" (rank 0 gets a SIGKILL) and "interrupt" (rank 1 is interrupted). Each logs into a
folder of its name. Several are run one after the other, each in a fork of this process: so what
takes the longest, importing Lightning, is done once.
"""

import os
import signal
import sys
import warnings
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.demos.boring_classes import BoringModel

from mllog_callbacks import AuditLog, raising
from mllog_lightning import MLAuditCallback


class Ranked(BoringModel):
    """Ends in a way of its own."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way

    def training_step(self, batch: Any, place: int) -> Any:
        """End in the third step of the first epoch."""
        if place == 2:
            self.end()
        loss = self.step(batch)
        self.log("train_loss", loss, sync_dist=True)
        return loss

    def end(self) -> None:
        """End, where it is this rank's turn."""
        if self.way == "kill" and self.global_rank == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.way == "fail" and self.global_rank == 1:
            msg = "a column is missing"
            raise ValueError(msg)
        if self.way == "interrupt" and self.global_rank == 1:
            raise KeyboardInterrupt


def train(folder: str, case: str) -> None:
    """Train in this process, and in the ranks that it starts."""
    strategy, way = case.split("-")
    folder = os.environ["MLLOG_DIR"] = os.path.join(folder, case)  # noqa: PTH118 - text, as given
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with raising(), AuditLog(folder) as log:
        pl.Trainer(
            accelerator="cpu",
            devices=2,
            strategy=strategy,
            max_epochs=2,
            limit_train_batches=4,
            limit_val_batches=0,
            callbacks=[MLAuditCallback(log)],
            default_root_dir=folder,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ).fit(Ranked(way))


def main(folder: str, *cases: str) -> None:
    """Run each of several cases in a fork, a single one here."""
    if len(cases) == 1:
        train(folder, cases[0])
        return
    for case in cases:
        child = os.fork()
        if not child:
            sys.argv[1:] = [folder, case]  # as `ddp` starts its other ranks by
            train(folder, case)
            return
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
