"""A platform in the specification's shape, which knows nothing of logging; for tests."""

import threading
from typing import Any

import lightgbm as lgb
import numpy as np


class RefusedError(ValueError):
    """A data set that cannot be taken."""


class Table:
    """Numbers in rows; the last column is the label."""

    def __init__(self, values: Any) -> None:
        self.values = values

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return tuple(self.values.shape)


class DatasetManager:
    """Keeps data sets in memory."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}

    def upload(self, name: str, rows: int = 200) -> Table:
        """Make a table of random numbers; refuse one without rows."""
        if rows < 1:
            msg = f"{name} has no rows"
            raise RefusedError(msg)
        rng = np.random.default_rng(0)
        values = rng.random((rows, 5))
        values[:, -1] = values[:, 0] > 0.5
        self.tables[name] = Table(values)
        return self.tables[name]

    def load(self, name: str) -> Table:
        """The table of a name."""
        return self.tables[name]

    def validate(self, name: str) -> dict[str, Any]:
        """Whether there are enough rows."""
        few = len(self.load(name).values) < 50
        return {"valid": not few, "problems": ["fewer than 50 rows"] if few else []}

    def preprocess(self, name: str, steps: tuple[str, ...] = ("scale",)) -> Table:
        """Scale."""
        table = self.load(name)
        if "scale" in steps:
            table = Table(table.values / table.values.max(axis=0))
        self.tables[name] = table
        return table


class ModelTrainer:
    """Trains LightGBM, or only waits, as asked."""

    def __init__(self, datasets: DatasetManager) -> None:
        self.datasets = datasets
        self.algorithm = ""
        self.parameters: dict[str, Any] = {}
        self.waiting = threading.Event()
        self.stopping = threading.Event()

    def select_algorithm(self, algorithm: str) -> None:
        """Choose."""
        self.algorithm = algorithm

    def set_hyperparameters(self, **parameters: Any) -> dict[str, Any]:
        """Set some, beside the defaults."""
        self.parameters = {"num_leaves": 7, "learning_rate": 0.1, **parameters}
        return self.parameters

    def train(self, dataset: str, callbacks: list[Any] | None = None) -> dict[str, Any]:
        """Train on a data set by its name."""
        values = self.datasets.load(dataset).values
        if self.algorithm == "waiting":
            self.waiting.set()
            stopped = self.stopping.wait(20)
            return {"status": "stopped" if stopped else "completed"}
        if self.algorithm not in {"lightgbm", "silent"}:
            msg = f"no algorithm {self.algorithm!r}"
            raise LookupError(msg)
        data = lgb.Dataset(values[:, :-1], values[:, -1])
        settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, **self.parameters}
        booster = lgb.train(settings, data, 5, callbacks=callbacks)
        for step in range(1, 4):
            self.report_progress(step, 3, loss=1 / step)
        return {"model": booster, "trees": booster.num_trees()}

    def report_progress(self, step: int, total: int, **metrics: float) -> None:
        """Do nothing with it."""

    def status(self) -> str:
        """Say how it stands."""
        return "stopping" if self.stopping.is_set() else "running"

    def stop(self) -> None:
        """Ask for it."""
        self.stopping.set()

    def save(self, model: str) -> str:
        """Say where it would be."""
        return f"{model}.txt"

    def download(self, model: str) -> bytes:
        """Some bytes."""
        return model.encode()


class MetricsCalculator:
    """Measures nothing."""

    def evaluate(self, model: str, dataset: str) -> dict[str, float]:
        """The lengths of the names."""
        return {"accuracy": len(model) / 10, "loss": len(dataset) / 10}

    def compare(self, models: list[str]) -> dict[str, Any]:
        """The first is the best."""
        return {"best": models[0], "reason": "it comes first"}


def stop_while_training(trainer: ModelTrainer) -> None:
    """Start a training that waits, and stop it."""
    thread = threading.Thread(target=trainer.train, args=("credit",))
    thread.start()
    assert trainer.waiting.wait(20)
    trainer.stop()
    thread.join()
