# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The run that went wrong
#
# Three things that happen to trainings: a loss that becomes NaN, a process that is killed, and the
# resumption from a checkpoint. What does the trail record of each? Needs
# `mllog-callbacks[lightning]` and scikit-learn, whose digits are the data.
#
# The training stands in a module of its own, because a part of it runs in another process.

# %%
# %%writefile training.py
import logging
import os
import signal
import warnings

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from sklearn.datasets import load_digits
from torch.nn import Linear, ReLU, Sequential
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from mllog_callbacks import AuditLog
from mllog_lightning import MLAuditCallback

warnings.filterwarnings("ignore", module="lightning")
for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)

torch.manual_seed(0)
torch.set_num_threads(1)
pixels, digits = (torch.as_tensor(each) for each in load_digits(return_X_y=True))
rows = TensorDataset((pixels / 16).float(), digits)
first, rest = torch.utils.data.random_split(rows, [1200, len(rows) - 1200])
loaders = DataLoader(first, 200), DataLoader(rest, 200)


class Digits(LightningModule):
    """A small classifier, whose learning rate may be raised by mistake."""

    def __init__(self, raised_at: int | None = None) -> None:
        super().__init__()
        self.layers = Sequential(Linear(64, 32), ReLU(), Linear(32, 10))
        self.raised_at = raised_at

    def training_step(self, batch):
        loss = cross_entropy(self.layers(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch):
        self.log("val_loss", cross_entropy(self.layers(batch[0]), batch[1]))

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == self.raised_at:
            self.optimizers().param_groups[0]["lr"] = 1e20

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


class Kill(Callback):
    """What the operating system does when memory runs out."""

    def on_train_epoch_start(self, trainer, module) -> None:
        if trainer.current_epoch == 8:
            os.kill(os.getpid(), signal.SIGKILL)


def fit(session: str, module: Digits, *callbacks: Callback, epochs: int = 20, **also) -> None:
    with AuditLog("logs", dataset="digits", session=session, level="DEBUG") as log:
        trainer = Trainer(
            max_epochs=epochs,
            callbacks=[MLAuditCallback(log), *callbacks],
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, *loaders, **also)


# %% [markdown]
# ## The loss becomes NaN
#
# In epoch 41 the learning rate is raised by mistake. Early stopping ends the training: but what
# was the cause? And was there anything left to gain before?

# %%
import subprocess
import sys
from pathlib import Path

from mllog_callbacks import read_entries, read_trail
from training import Digits, EarlyStopping, fit

fit("nan", Digits(raised_at=40), EarlyStopping("val_loss", patience=50), epochs=60)
read_trail("logs")

# %%
for entry in read_entries("logs"):
    if entry.event in {"ISSUE_DETECTED", "TRAINING_STOPPED"}:
        print(f"{entry.event}: {entry.decision}\n  {entry.reasoning}\n")

# %% [markdown]
# ## The process is killed
#
# With SIGKILL, in the midst of epoch 9 of another run. No code of ours could run then; what was
# recorded is there all the same, and the trail is unfinished, and says so.

# %%
killed = """
from training import Digits, Kill, ModelCheckpoint, fit
fit("killed", Digits(), ModelCheckpoint("killed", save_last=True), Kill())
"""
ended = subprocess.run([sys.executable, "-c", killed], stderr=subprocess.DEVNULL)
print(f"The process ended with {ended.returncode}.")

# %%
read_trail(Path("logs").glob("*.killed.jsonl"))

# %% [markdown]
# ## It is resumed
#
# From the last checkpoint, in a session of its own, which says where it went on from.

# %%
fit("resumed", Digits(), epochs=12, ckpt_path="killed/last.ckpt")
for entry in read_entries("logs"):
    if entry.event == "TRAINING_STARTED":
        print(f"{entry.decision} {entry.reasoning or ''}")

# %%
read_trail("logs")
