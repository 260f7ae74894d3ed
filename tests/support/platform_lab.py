"""A platform built on scikit-learn, with names of its own; it knows nothing of logging."""

import dataclasses
import queue
import threading
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier


@dataclasses.dataclass
class TreeSettings:
    """Hyperparameters."""

    max_depth: int | None = None
    min_samples_leaf: int = 1


@dataclasses.dataclass
class Outcome:
    """What a training came to."""

    success: bool
    experiment_id: str
    model: Any = None
    error: str | None = None
    steps_run: int = 0


class Catalogue:
    """Frames by name."""

    def __init__(self) -> None:
        self.frames: dict[str, pd.DataFrame] = {}

    def register_frame(self, dataset_name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Take a frame."""
        if frame.empty:
            msg = "an empty frame"
            raise ValueError(msg)
        self.frames[dataset_name] = frame
        return frame

    def run_checks(self, dataset_name: str) -> pd.DataFrame:
        """A frame of checks, as data engineers like it."""
        frame = self.frames[dataset_name]
        rows = [
            {"check": f"{name} has no gaps", "passed": not frame[name].isna().any()}
            for name in frame
        ]
        return pd.DataFrame(rows)

    def clean(self, dataset_name: str) -> pd.DataFrame:
        """Leave rows with gaps out."""
        self.frames[dataset_name] = self.frames[dataset_name].dropna()
        return self.frames[dataset_name]


class Bagged(BaseEstimator, ClassifierMixin):  # type: ignore[misc]  # scikit-learn has no types
    """An ensemble of the house: it fits experiments of its own."""

    def __init__(self, size: int = 2, max_depth: int | None = None) -> None:
        self.size = size
        self.max_depth = max_depth

    def fit(self, features: Any, labels: Any) -> "Bagged":
        """Fit each."""
        self.parts_ = [
            DecisionTreeClassifier(max_depth=self.max_depth, random_state=each).fit(
                features, labels
            )
            for each in range(self.size)
        ]
        self.classes_ = self.parts_[0].classes_
        return self

    def predict(self, features: Any) -> Any:
        """Of the first."""
        return self.parts_[0].predict(features)


class Experiment:
    """One experiment; the workers of a `Farm` run many."""

    def __init__(self, catalogue: Catalogue, experiment_id: str) -> None:
        self.catalogue = catalogue
        self.experiment_id = experiment_id
        self.settings = TreeSettings()
        self.kind = "tree"
        self.halted = threading.Event()
        self.started = threading.Event()

    def choose(self, kind: str) -> "Experiment":
        """Choose an algorithm."""
        self.kind = kind
        return self

    def tune(self, settings: TreeSettings) -> "Experiment":
        """Set hyperparameters."""
        self.settings = settings
        return self

    def launch(self, dataset_name: str, steps: int = 4) -> Outcome:
        """Search; errors are in the outcome."""
        frame = self.catalogue.frames[dataset_name]
        features, labels = frame.iloc[:, :-1].to_numpy(), frame.iloc[:, -1].to_numpy()
        self.started.set()
        try:
            model = None
            for step in range(1, steps + 1):
                if self.halted.wait(0.001 if steps < 100 else 0.02):
                    return Outcome(
                        success=False, experiment_id=self.experiment_id, steps_run=step - 1
                    )
                self.on_step(step / steps)
            grid = GridSearchCV(Bagged(), {"max_depth": [1, 2]}, cv=2)
            model = grid.fit(features, labels).best_estimator_
        except ValueError as error:
            return Outcome(success=False, experiment_id=self.experiment_id, error=str(error))
        return Outcome(success=True, experiment_id=self.experiment_id, model=model, steps_run=steps)

    def on_step(self, fraction: float) -> None:
        """For a progress bar."""

    def halt(self) -> bool:
        """Ask for it."""
        self.halted.set()
        return True

    def store(self, path: Path, model: Any) -> Path:
        """By joblib."""
        joblib.dump(model, path)
        return path

    def fetch(self, path: Path) -> bytes:
        """The file."""
        return path.read_bytes()


class Judge:
    """Measures, as pandas has it."""

    def assess(self, model: Any, frame: pd.DataFrame) -> pd.Series:
        """Scores by name."""
        right = model.predict(frame.iloc[:, :-1].to_numpy()) == frame.iloc[:, -1].to_numpy()
        return pd.Series({"accuracy": right.mean(), "errors_n": float((~right).sum())})

    def league(self, scores: dict[str, pd.Series]) -> pd.DataFrame:
        """A table, the best first."""
        return pd.DataFrame(scores).T.sort_values("accuracy", ascending=False)


class Farm:
    """Threads that have begun long before, and take experiments from a queue."""

    def __init__(self, workers: int = 2) -> None:
        self.waiting: queue.Queue[Any] = queue.Queue()
        self.threads = [threading.Thread(target=self._work) for _ in range(workers)]
        for each in self.threads:
            each.start()

    def _work(self) -> None:
        while (work := self.waiting.get()) is not None:
            work()

    def close(self) -> None:
        """Let all end."""
        for _ in self.threads:
            self.waiting.put(None)
        for each in self.threads:
            each.join()
