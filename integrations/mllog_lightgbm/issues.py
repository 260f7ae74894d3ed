"""What the detectors see of a training: each metric on each validation set.

Beside it stands its value on the training data, where that is evaluated too.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from mllog_callbacks import DetectorSet, Facts, Issue, Observation, Passage, guarded
from mllog_callbacks.detectors import DEFAULTS, replace
from mllog_lightgbm.opening import TRAINING, Opening
from mllog_lightgbm.parameters import Parameters
from mllog_lightgbm.results import read_results
from mllog_lightgbm.stretches import Stretch

__all__ = ["Watcher", "facts_for_causes", "watching"]

_OF_PROGRESS: Final = {"no_convergence", "overfitting", "plateau"}

Results: TypeAlias = Sequence[Sequence[Any]]


class Watcher:
    """Shows a training's results to detectors, in their true directions.

    Args:
        detectors: The detectors of this training.
        opening: What is known of it.
    """

    def __init__(self, detectors: DetectorSet, opening: Opening) -> None:
        self._detectors = detectors
        # `cv` calls it "train"
        self._training = {opening.stopping.ignored or TRAINING, *opening.of_training}
        self._rate = _real(opening.found.get("learning_rate"))
        self._stopping = opening.stopping
        self._knows = False

    @guarded
    def learn(self, stretch: Stretch) -> None:
        """Learn from the first results which curves early stopping looks at."""
        if not self._knows:
            self._knows = True
            watched = self._stopping.watched(read_results(stretch.first))
            self._detectors.facts = replace(self._detectors.facts, watched=watched)

    def observe(self, stretch: Stretch) -> list[Issue]:
        """Take iterations; returns the issues that begin or end with them, by iteration."""
        if len(stretch.iterations) > 1 and stretch.numbers is not None:
            return self._follow(stretch, stretch.numbers) or []
        found = (self._observe(at, results, stretch.rate) for at, results in stretch.since())
        return [issue for issues in found for issue in issues or ()]

    @guarded
    def _observe(self, iteration: int, results: Results, rate: object) -> list[Issue]:
        looked_at = self._looked_at(iteration, results, rate)
        return self._detectors.look(each for each, *_ in looked_at)

    @guarded
    def _follow(self, stretch: Stretch, numbers: Sequence[list[float]]) -> list[Issue]:
        """Take iterations that are alike, column by column."""
        first = stretch.iterations[0]
        return self._detectors.follow(
            Passage(
                looked_at,
                stretch.iterations,
                None if train is None else numbers[train],
                None if validation is None else numbers[validation],
            )
            for looked_at, train, validation in self._looked_at(first, stretch.first, stretch.rate)
        )

    def _looked_at(
        self, iteration: int, results: Results, rate: object
    ) -> list[tuple[Observation, int | None, int | None]]:
        """What is observed of an iteration, each with the places of its values in the results."""
        now = self._rate if rate is None else _real(rate)
        training = self._training
        places = [place for place, each in enumerate(results) if each[0] in training]
        trained = {results[place][1]: place for place in reversed(places)}
        only_training = len(places) == len(results)
        found = []
        for place, each in enumerate(results):
            dataset, metric = each[0], each[1]
            if dataset in training and not only_training:
                continue
            train, validation = trained.get(metric), None if only_training else place
            one = None if train is None else float(results[train][2])
            other = None if validation is None else float(each[2])
            first = Observation(iteration, "iteration", metric, dataset, one, other, each[3], now)
            found.append((first, train, validation))
        return found


def watching(detectors: DetectorSet, found: Parameters) -> DetectorSet:
    """The detectors that can say something of a training; all where the caller chose them.

    The trees of a random forest do not build on each other: that it gains nothing with more of
    them says nothing of it, and its training loss does not fall with each.
    """
    if detectors.chosen or found.get("boosting") != "rf":
        return detectors
    return detectors.among(set(DEFAULTS) - _OF_PROGRESS)


def facts_for_causes(opening: Opening) -> Facts:
    """What is known of a training that may make a cause probable."""
    data, found, stopping = opening.data, opening.found, opening.stopping
    sets = {name: each.as_set() for name, each in opening.sets.items()}
    training = sets.get(opening.training)
    return Facts(
        rows=opening.rows,
        features=data.features if data else None,
        classes=data.classes if data else None,
        num_leaves=_whole(found.get("num_leaves")),
        min_data_in_leaf=_whole(found.get("min_data_in_leaf")),
        early_stopping=stopping.on,
        patience=stopping.patience,
        labels=None if training is None else training.labels,
        sets=None if opening.folds else sets,
        weighted=_weighted(opening),
    )


def _weighted(opening: Opening) -> bool:
    """Whether rows or classes are weighted, so that class shares alone give no log loss."""
    found, data = opening.found, opening.data
    by_class = opening.class_weight is not None or found.get("is_unbalance") is True
    scaled = found.get("scale_pos_weight") not in {None, 1}
    return by_class or scaled or (data is not None and data.weights is not None)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
