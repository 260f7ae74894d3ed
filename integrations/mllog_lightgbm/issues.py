"""What the detectors see of a training: each metric on each validation set.

Beside it stands its value on the training data, where that is evaluated too.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mllog_callbacks import DetectorSet, Facts, Issue, Observation
from mllog_lightgbm.facts import DataFacts, Parameters
from mllog_lightgbm.results import read_results

__all__ = ["Watcher", "facts_for_causes"]

_RATE: Final = "learning_rate"


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
        self._rate = _real(found.get(_RATE))
        self._rate_name = found.aliases.get(_RATE, _RATE)

    def observe(
        self, results: Sequence[Sequence[Any]], count: int, params: Mapping[str, Any]
    ) -> list[Issue]:
        """Take an iteration's results; returns the issues that begin or end with it.

        Args:
            results: The results, as LightGBM gives them.
            count: The iteration, counted from 1.
            params: The parameters now: `lightgbm.reset_parameter` writes a new rate there.
        """
        rate = _real(params.get(_RATE, params.get(self._rate_name, self._rate)))
        read = read_results(results)
        trained = {each.metric: each.value for each in read if each.dataset == self._training}
        validated = [each for each in read if each.dataset != self._training]
        found: list[Issue] = []
        for each in validated or read:
            observation = Observation(
                count,
                unit="iteration",
                metric=each.metric,
                dataset=each.dataset,
                train=trained.get(each.metric),
                validation=each.value if validated else None,
                higher_is_better=each.higher_is_better,
                learning_rate=rate,
            )
            found += self._detectors.observe(observation)
        return found


def facts_for_causes(data: DataFacts | None, found: Parameters, patience: int | None) -> Facts:
    """What is known of a training that may make a cause probable.

    Args:
        data: The training data.
        found: The parameters.
        patience: Iterations without improvement that early stopping allows; 0 where it is not
            armed, None where that is not known.
    """
    return Facts(
        rows=data.rows if data else None,
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
