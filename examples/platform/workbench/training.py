"""Training, in the background: models from their first idea to their file."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from workbench.algorithms import ALGORITHMS, StoppedError
from workbench.datasets import DatasetManager
from workbench.errors import RefusedError
from workbench.store import Store

_SHOWN_EVERY_S = 0.1


@dataclass
class Outcome:
    """How a training ended."""

    status: str
    steps: int


class ModelTrainer:
    """Makes models: an algorithm is selected, hyperparameters are set, and it is trained."""

    def __init__(self, store: Store, datasets: DatasetManager) -> None:
        self._store = store
        self._datasets = datasets
        self._pool = ThreadPoolExecutor(2, "training")
        self._stops: dict[str, threading.Event] = {}
        self._shown: dict[str, float] = {}
        self._naming = threading.Lock()
        self._server = store.server()
        for model in store.all("models"):  # of a server that is gone; another one may be training
            ended = not self._server.is_alive(model.get("server"))
            if model["status"] in {"waiting", "training"} and ended:
                store.update("models", model["name"], status="interrupted")

    def select_algorithm(self, algorithm: str, dataset: str) -> str:
        """Begin a model; returns its name.

        Raises:
            RefusedError: There is no such algorithm, or the data set is not ready.
        """
        if algorithm not in ALGORITHMS:
            msg = f"There is no algorithm {algorithm!r}."
            raise RefusedError(msg)
        self._datasets.load(dataset)
        stem = f"{Path(dataset).stem}-{algorithm}"
        with self._naming:
            count = sum(each["name"].startswith(stem) for each in self._store.all("models"))
            model = f"{stem}-{count + 1}"
            self._store.add(
                "models",
                model,
                dataset=dataset,
                algorithm=algorithm,
                hyperparameters=dict(ALGORITHMS[algorithm].defaults),
                status="new",
            )
        return model

    def set_hyperparameters(self, model: str, values: Mapping[str, float]) -> dict[str, Any]:
        """Set some; returns all, those at their defaults among them.

        Raises:
            RefusedError: One does not exist, or is no number.
        """
        about = self._store.get("models", model)
        defaults = ALGORITHMS[about["algorithm"]].defaults
        for name, value in values.items():
            if name not in defaults:
                msg = f"{about['algorithm']} has no hyperparameter {name!r}."
                raise RefusedError(msg)
            if isinstance(defaults[name], int) and not isinstance(value, int):
                msg = f"{name} is a whole number, not {value!r}."
                raise RefusedError(msg)
        chosen = {**about["hyperparameters"], **values}
        self._store.update("models", model, hyperparameters=chosen)
        return chosen

    def dataset_of(self, model: str) -> str:
        """The data set that a model is trained on."""
        return str(self._store.get("models", model)["dataset"])

    def start(self, model: str) -> None:
        """Train in the background.

        Raises:
            RefusedError: It is being trained, or was.
        """
        about = self._store.get("models", model)
        if about["status"] != "new":
            msg = f"{model} is {about['status']}; a model is trained once."
            raise RefusedError(msg)
        self._stops[model] = threading.Event()
        self._store.update("models", model, status="waiting", server=self._server.id)
        self._pool.submit(self._train, model, about["dataset"])

    def train(self, model: str, dataset: str) -> Outcome:
        """Train, until it is done, stopped or has failed."""
        about = self._store.get("models", model)
        numbers = self._datasets.load(dataset)
        train = ~numbers["test"]
        steps = 0

        def report(step: int, total: int, **metrics: float) -> None:
            nonlocal steps
            steps = step
            self.report_progress(model, step, total, **metrics)
            if self._stops[model].is_set():
                raise StoppedError

        self._store.update("models", model, status="training")
        fit = ALGORITHMS[about["algorithm"]].fit
        try:
            fitted = fit(
                numbers["features"][train],
                numbers["codes"][train],
                dict(about["hyperparameters"]),
                report,
            )
        except StoppedError:
            return Outcome("stopped", steps)
        self.save(model, fitted)
        return Outcome("completed", steps)

    def report_progress(self, model: str, step: int, total: int, **metrics: float) -> None:
        """Show how far a training is; not more often than a person sees."""
        now = time.monotonic()
        if step == total or now - self._shown.get(model, 0.0) > _SHOWN_EVERY_S:
            self._shown[model] = now
            self._store.update("models", model, step=step, total=total, progress=metrics)

    def stop(self, model: str) -> bool:
        """Ask a training to stop; returns whether it was under way.

        Raises:
            RefusedError: It is not under way.
        """
        status = self._store.get("models", model)["status"]
        if status not in {"waiting", "training"} or model not in self._stops:
            where = " by another server" if status in {"waiting", "training"} else ""
            msg = f"{model} is not being trained here: it is {status}{where}."
            raise RefusedError(msg)
        self._stops[model].set()
        return True

    def save(self, model: str, fitted: object) -> str:
        """Keep a model as a file; returns the file's name."""
        path = self._store.path("models", model, ".joblib")
        joblib.dump(fitted, path)
        self._store.update("models", model, file=path.name)
        return path.name

    def download(self, model: str) -> Path:
        """The file of a model.

        Raises:
            RefusedError: It has none.
        """
        if not self._store.get("models", model).get("file"):
            msg = f"{model} has no file: it is not trained."
            raise RefusedError(msg)
        return self._store.path("models", model, ".joblib")

    def _train(self, model: str, dataset: str) -> None:
        try:
            self._store.update("models", model, status=self.train(model, dataset).status)
        except Exception as error:  # noqa: BLE001 - shown to the person who asked for it
            self._store.update("models", model, status="failed", error=str(error)[:500])
