"""Measuring models, on the rows that were set aside."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.metrics import accuracy_score, f1_score, log_loss

from workbench.datasets import DatasetManager
from workbench.errors import RefusedError
from workbench.store import Store


@dataclass
class Comparison:
    """Models by their quality, the best first, and why that one."""

    dataset: str
    best: str
    reason: str
    ranking: list[dict[str, Any]]


class MetricsCalculator:
    """Measures models, and ranks them."""

    def __init__(self, store: Store, datasets: DatasetManager) -> None:
        self._store = store
        self._datasets = datasets

    def evaluate(self, model: str, dataset: str) -> dict[str, float]:
        """Measure a model on the rows set aside.

        Raises:
            RefusedError: It is not trained.
        """
        about = self._store.get("models", model)
        if about["status"] != "completed":
            msg = f"{model} is {about['status']}; only trained models can be evaluated."
            raise RefusedError(msg)
        numbers = self._datasets.load(dataset)
        test, codes = numbers["test"], numbers["codes"]
        fitted = joblib.load(Path(self._store.path("models", model, ".joblib")))
        chances = fitted.predict_proba(numbers["features"][test])
        guessed = np.argmax(chances, axis=1)
        found = {
            "accuracy": accuracy_score(codes[test], guessed),
            "f1": f1_score(codes[test], guessed, average="macro"),
            "log_loss": log_loss(codes[test], chances, labels=range(chances.shape[1])),
        }
        rounded = {name: round(float(value), 4) for name, value in found.items()}
        self._store.update("models", model, metrics=rounded)
        return rounded

    def compare(self, models: list[str]) -> Comparison:
        """Rank evaluated models of one data set, by accuracy and then by log loss.

        Raises:
            RefusedError: They are fewer than two, not evaluated, or of different data sets.
        """
        abouts = [self._store.get("models", model) for model in dict.fromkeys(models)]
        if len(abouts) < 2:
            msg = "Choose two models or more to compare."
            raise RefusedError(msg)
        unknown = [each["name"] for each in abouts if "metrics" not in each]
        if unknown:
            msg = f"{unknown[0]} is not evaluated."
            raise RefusedError(msg)
        if len({each["dataset"] for each in abouts}) > 1:
            msg = "The models were trained on different data sets, so their metrics do not compare."
            raise RefusedError(msg)
        ranked = sorted(
            abouts, key=lambda each: (-each["metrics"]["accuracy"], each["metrics"]["log_loss"])
        )
        best, second = ranked[0], ranked[1]
        reason = (
            f"accuracy {best['metrics']['accuracy']} against {second['metrics']['accuracy']} of "
            f"{second['name']}"
        )
        if best["metrics"]["accuracy"] == second["metrics"]["accuracy"]:
            reason = (
                f"the same accuracy as {second['name']}, {best['metrics']['accuracy']}, and a log "
                f"loss of {best['metrics']['log_loss']} against {second['metrics']['log_loss']}"
            )
        ranking = [{"model": each["name"], **each["metrics"]} for each in ranked]
        return Comparison(best["dataset"], best["name"], reason, ranking)
