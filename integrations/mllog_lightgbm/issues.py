"""What the detectors see of a training: each metric on each validation set.

Beside it stands its value on the training data, where that is evaluated too.
"""

from collections.abc import Sequence
from typing import Any

from mllog_callbacks import DetectorSet, Facts, Issue, Observation
from mllog_lightgbm.opening import Opening
from mllog_lightgbm.parameters import Parameters
from mllog_lightgbm.results import CV_SET, read_results

__all__ = ["Watcher", "facts_for_causes"]


class Watcher:
    """Shows a training's results to detectors, in their true directions.

    Args:
        detectors: The detectors of this training.
        training: What LightGBM calls the training data in its results.
        found: The parameters at the start.
    """

    def __init__(self, detectors: DetectorSet, training: str, found: Parameters) -> None:
        self._detectors = detectors
        self._training = training
        self._rate = _real(found.get("learning_rate"))

    def observe(self, results: Sequence[Sequence[Any]], count: int, rate: object) -> list[Issue]:
        """Take an iteration's results; returns the issues that begin or end with it.

        Args:
            results: The results, as LightGBM gives them.
            count: The iteration, counted from 1.
            rate: The learning rate now; None where it is the one at the start.
        """
        now = self._rate if rate is None else _real(rate)
        if results and results[0][0] == CV_SET:
            results = read_results(results)
        training = self._training
        trained: dict[str, float] = {}
        for each in results:
            if each[0] == training:
                trained[each[1]] = float(each[2])
        found: list[Issue] = []
        only_training = len(trained) == len(results)
        for each in results:
            if each[0] == training and not only_training:
                continue
            validation = None if only_training else float(each[2])
            train = trained.get(each[1])
            found += self._detectors.observe(
                Observation(count, "iteration", each[1], each[0], train, validation, each[3], now)
            )
        return found


def facts_for_causes(opening: Opening) -> Facts:
    """What is known of a training that may make a cause probable."""
    data, found, patience = opening.data, opening.found, opening.patience
    return Facts(
        rows=opening.rows,
        features=data.features if data else None,
        classes=data.classes if data else None,
        num_leaves=_whole(found.get("num_leaves")),
        min_data_in_leaf=_whole(found.get("min_data_in_leaf")),
        learning_rate=_real(found.get("learning_rate")),
        early_stopping=None if patience is None else patience > 0,
        patience=patience or None,
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
