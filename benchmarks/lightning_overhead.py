"""What the audit callback costs a Lightning training, beside none, an empty one and loggers.

Run it with ``python benchmarks/lightning_overhead.py [--repeats 15] [--task tiny]``; it needs
``pytorch-lightning`` and compares with what else is installed of TensorBoard, DVCLive, Weights &
Biases (offline) and MLflow. All candidates take turns within one run, in an order shuffled each
time, so that whatever else the machine does meets them alike. Each turn gives a ratio to the
training without any callback in the same turn; the table holds the median of these ratios and
their quartiles, of the time that passed and of the CPU time of the process.
"""

import argparse
import logging
import os
import random
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger, MLFlowLogger, TensorBoardLogger, WandbLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mllog_callbacks import AuditLog
from mllog_lightning import MLAuditCallback

Arguments = dict[str, Any]
Candidate = Callable[[Path], Arguments]


class Task(NamedTuple):
    """A training to measure.

    Attributes:
        name: What it is.
        network: Makes the network.
        shape: The shape of one item.
        batch: Items a batch.
        steps: Steps a training.
    """

    name: str
    network: Callable[[], nn.Module]
    shape: tuple[int, ...]
    batch: int
    steps: int


def _convnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )


def _tiny() -> nn.Module:
    return nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 10))


TASKS = {
    "convnet": Task("a convnet on 28 x 28 images, batches of 64", _convnet, (1, 28, 28), 64, 100),
    "tiny": Task("a tiny MLP, batches of 8", _tiny, (16,), 8, 400),
}


class Module(pl.LightningModule):
    """Classifies random items, and logs as a user would: each step's loss."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def training_step(self, batch: tuple[Tensor, Tensor], _place: int) -> Tensor:
        """Return the loss, and log it."""
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Descend."""
        return torch.optim.SGD(self.parameters(), lr=0.01)


def candidates(log: AuditLog, debug: AuditLog) -> dict[str, Candidate]:
    """What a trainer is given, by name; those that are not installed are left out."""
    made: dict[str, Candidate] = {
        "no callback": lambda _folder: {},
        "empty callback": lambda _folder: {"callbacks": [pl.Callback()]},
        "MLAuditCallback, INFO": lambda _folder: {"callbacks": [MLAuditCallback(log)]},
        "MLAuditCallback, DEBUG": lambda _folder: {"callbacks": [MLAuditCallback(debug)]},
        "CSVLogger": lambda folder: {"logger": CSVLogger(folder)},
        "TensorBoardLogger": lambda folder: {"logger": TensorBoardLogger(folder)},
        "DVCLive": _dvclive,
        "W&B offline": lambda folder: {"logger": WandbLogger(offline=True, save_dir=folder)},
        "MLFlowLogger": lambda folder: {"logger": MLFlowLogger(tracking_uri=folder.as_uri())},
    }
    return {name: each for name, each in made.items() if _works(name, each)}


def _dvclive(folder: Path) -> Arguments:
    from dvclive.lightning import DVCLiveLogger  # noqa: PLC0415 - it may not be installed

    return {"logger": DVCLiveLogger(dir=str(folder / "dvclive"), save_dvc_exp=False, report=None)}


def _works(name: str, candidate: Candidate) -> bool:
    """Whether a candidate is there, and trains."""
    folder = Path(tempfile.mkdtemp())
    try:
        train(TASKS["tiny"]._replace(steps=2), candidate(folder), 1)
    except Exception as error:  # noqa: BLE001 - whatever a foreign logger lacks
        print(f"left out: {name} ({type(error).__name__}: {str(error).splitlines()[0][:70]})")
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def train(task: Task, given: Arguments, every: int) -> tuple[float, float]:
    """Train; returns the seconds that passed, and those of the CPU."""
    torch.manual_seed(0)
    items = torch.randn(task.batch * task.steps, *task.shape)
    data = TensorDataset(items, torch.randint(10, (len(items),)))
    chosen: Arguments = {"logger": False, **given}
    trainer = pl.Trainer(
        **chosen,
        accelerator="cpu",
        max_epochs=1,
        log_every_n_steps=every,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module, loader = Module(task.network()), DataLoader(data, task.batch)
    start, cpu = time.perf_counter(), time.process_time()
    trainer.fit(module, loader)
    return time.perf_counter() - start, time.process_time() - cpu


def compare(task: Task, made: dict[str, Candidate], every: int, repeats: int) -> None:
    """Let the candidates take turns, and print how they stand."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in made}
    train(task, {}, every)  # warms caches for all alike
    for _ in range(repeats):
        for name in random.sample(list(made), len(made)):
            folder = Path(tempfile.mkdtemp())
            seconds[name].append(train(task, made[name](folder), every))
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{task.name}, {task.steps} steps, log_every_n_steps={every}: a ratio, wall | CPU")
    for name, taken in seconds.items():
        recorded = [_quartiles(taken, seconds["no callback"], kind) for kind in (0, 1)]
        print(f"  {name:24} {' | '.join(recorded)}")


def _quartiles(taken: list[tuple[float, float]], base: list[tuple[float, float]], kind: int) -> str:
    ratios = [a[kind] / b[kind] for a, b in zip(taken, base, strict=True)]
    if len(ratios) == 1:
        return f"{ratios[0]:6.3f}"
    low, median, high = statistics.quantiles(ratios, n=4)
    return f"{median:6.3f}   {low:6.3f} to {high:6.3f}"


def main() -> None:
    """Print one table a task and interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--task", choices=TASKS, help="default: all")
    arguments = parser.parse_args()
    random.seed(0)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    os.environ |= {"WANDB_SILENT": "true", "DVCLIVE_LOGLEVEL": "ERROR"}
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    for name in ("pytorch_lightning", "mlflow", "alembic", "dvclive", "wandb"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as folder,
        AuditLog(folder) as log,
        AuditLog(folder, level="DEBUG") as debug,
    ):
        os.chdir(folder)  # DVCLive makes a repository of where it is
        made = candidates(log, debug)
        for name in [arguments.task] if arguments.task else TASKS:
            for every in (1, 50):
                compare(TASKS[name], made, every, arguments.repeats)


if __name__ == "__main__":
    main()
