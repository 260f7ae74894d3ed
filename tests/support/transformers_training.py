"""Small trainings of Hugging Face's trainer: models made from configurations, nothing loaded."""

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

__all__ = ["Texts", "arguments", "gpt", "only_new_garbage", "trainer"]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
logging.getLogger("transformers").setLevel(logging.ERROR)

_VOCABULARY = 32


class Texts(Dataset[dict[str, Tensor]]):
    """Sequences that count upwards, so that there is something to learn.

    Args:
        rows: How many.
        ignored: Whether all labels are -100.
        seed: Of where they begin.
    """

    def __init__(self, rows: int = 24, *, ignored: bool = False, seed: int = 0) -> None:
        chance = torch.Generator().manual_seed(seed)
        starts = torch.randint(_VOCABULARY, (rows, 1), generator=chance)
        self.items = (starts + torch.arange(8)) % _VOCABULARY
        self.ignored = ignored

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        items = self.items[index]
        labels = torch.full_like(items, -100) if self.ignored else items
        return {"input_ids": items, "labels": labels}


def gpt(**changes: Any) -> GPT2LMHeadModel:
    """A tiny GPT-2 of the same weights each time."""
    torch.manual_seed(0)
    sizes = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 8}
    config = GPT2Config(vocab_size=_VOCABULARY, bos_token_id=0, eos_token_id=0, **sizes | changes)
    return GPT2LMHeadModel(config)


def arguments(folder: Path, **changes: Any) -> TrainingArguments:
    """Arguments of a short training on the CPU, which logs each step and saves nothing."""
    given: dict[str, Any] = {
        "per_device_train_batch_size": 8,
        "max_steps": 6,
        "logging_steps": 1,
        "learning_rate": 0.01,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "disable_tqdm": True,
    }
    return TrainingArguments(output_dir=str(folder), **given | changes)


def trainer(
    folder: Path, *callbacks: TrainerCallback, model: Any = None, data: Any = None, **changes: Any
) -> Trainer:
    """A trainer of a tiny model; what `Trainer` takes is separated from what its arguments take."""
    own = {"eval_dataset", "compute_metrics", "model_init", "data_collator", "processing_class"}
    given = {name: changes.pop(name) for name in [*changes] if name in own}
    if "model_init" not in given:
        given["model"] = gpt() if model is None else model
    made = Trainer(
        args=arguments(folder, **changes),
        train_dataset=Texts() if data is None else data,
        callbacks=[*callbacks],
        **given,
    )
    made.remove_callback(PrinterCallback)
    return made


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Have each training's garbage collections pass over all that was there before: seconds."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
