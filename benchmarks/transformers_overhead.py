"""What the audit callback costs a fine-tuning: ``python -m benchmarks.transformers_overhead``.

A small GPT-2 is trained on random tokens, with each step logged, without any callback, with an
empty one, with ours, and with Transformers' own for TensorBoard and MLflow where these are
installed. All take turns (`benchmarks.turns`); the table holds ratios to the training without any
callback in the same turn, of the time that passed or of the CPU time of the process.
"""

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
from transformers.integrations.integration_utils import MLflowCallback, TensorBoardCallback

from benchmarks.turns import take_turns
from mllog_callbacks import AuditLog
from mllog_transformers import MLAuditCallback

BASE = "no callback"
VOCABULARY = 256
LENGTH = 64
BATCH = 4
WIDTH = 64
LAYERS = 3

Clock = Callable[[], float]


class Tokens(Dataset[dict[str, Tensor]]):
    """Random sequences; the same each time.

    Args:
        rows: How many.
    """

    def __init__(self, rows: int) -> None:
        chance = torch.Generator().manual_seed(0)
        self.items = torch.randint(VOCABULARY, (rows, LENGTH), generator=chance)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"input_ids": self.items[index], "labels": self.items[index]}


def train(folder: Path, callbacks: list[TrainerCallback], steps: int, clock: Clock) -> float:
    """Train; returns the seconds that it took by a clock."""
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCABULARY, n_embd=WIDTH, n_layer=LAYERS, n_head=4, n_positions=LENGTH
    )
    given = TrainingArguments(
        str(folder),
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )
    data = Tokens(BATCH * steps)
    trainer = Trainer(GPT2LMHeadModel(config), given, train_dataset=data, callbacks=callbacks)
    trainer.remove_callback(PrinterCallback)
    begun = clock()
    trainer.train()
    return clock() - begun


def candidates(log: AuditLog, debug: AuditLog) -> dict[str, Callable[[], TrainerCallback | None]]:
    """What a trainer is given, by name."""
    return {
        BASE: lambda: None,
        "empty callback": TrainerCallback,
        "MLAuditCallback, INFO": lambda: MLAuditCallback(log),
        "MLAuditCallback, DEBUG": lambda: MLAuditCallback(debug),
        "TensorBoardCallback": TensorBoardCallback,
        "MLflowCallback": MLflowCallback,
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--cpu", action="store_true", help="CPU time, not the time that passed")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu else time.perf_counter
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as place,
        AuditLog(place) as log,
        AuditLog(place, level="DEBUG") as debug,
    ):
        os.environ["TENSORBOARD_LOGGING_DIR"] = place
        os.environ["MLFLOW_TRACKING_URI"] = Path(place, "mlruns").as_uri()

        def measured(make: Callable[[], TrainerCallback | None], steps: int) -> float:
            made = make()
            with tempfile.TemporaryDirectory() as folder:
                return train(Path(folder), [] if made is None else [made], steps, clock)

        found: dict[str, Callable[[], float]] = {}
        for name, make in candidates(log, debug).items():
            try:
                measured(make, 2)
            except RuntimeError as error:  # what Transformers' callbacks raise where theirs lacks
                print(f"left out: {name} ({str(error).splitlines()[0]})")
            else:
                found[name] = lambda make=make: measured(make, arguments.steps)  # type: ignore[misc]  # its own
        turns = take_turns(found, arguments.repeats)
    base = sorted(turns[BASE])[len(turns[BASE]) // 2] / arguments.steps
    print(f"{1000 * base:.1f} ms a step without a callback")
    print(turns.table(BASE, "CPU time" if arguments.cpu else "time that passed"))


if __name__ == "__main__":
    main()
