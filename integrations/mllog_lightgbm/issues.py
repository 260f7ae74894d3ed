"""What the detectors see of a training: each metric on each validation set.

Beside it stands its value on the training data, where that is evaluated too.
"""

from collections.abc import Sequence

from mllog_callbacks import DetectorSet, Facts, Issue, Observation, Passage, guarded
from mllog_lightgbm.opening import Opening
from mllog_lightgbm.parameters import Parameters
from mllog_lightgbm.results import CV_SET, Step, read_results

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

    def observe(self, steps: Sequence[Step]) -> list[Issue]:
        """Take iterations; returns the issues that begin or end with them, by iteration."""
        if len(steps) == 1 or _are_alike(steps):
            return self._look(steps) or []
        return [issue for step in steps for issue in self._look([step]) or ()]

    @guarded
    def _look(self, steps: Sequence[Step]) -> list[Issue]:
        """Take iterations that are alike: many as columns, each of a metric on a set."""
        looked_at = self._looked_at(steps[0])
        if len(steps) == 1:
            return self._detectors.look(each for each, *_ in looked_at)
        iterations = [iteration for iteration, _, _ in steps]
        columns: dict[int | None, list[float] | None] = {
            place: [float(each[2]) for each in column]
            for place, column in enumerate(zip(*(results for _, results, _ in steps), strict=True))
        }
        columns[None] = None
        return self._detectors.follow(
            Passage(first, iterations, columns[train], columns[validation])
            for first, train, validation in looked_at
        )

    def _looked_at(self, step: Step) -> list[tuple[Observation, int | None, int | None]]:
        """What is observed of an iteration, each with the places of its values in the results."""
        iteration, results, rate = step
        if results and results[0][0] == CV_SET:
            results = tuple(read_results(results))
        now = self._rate if rate is None else _real(rate)
        training = self._training
        trained = {each[1]: place for place, each in enumerate(results) if each[0] == training}
        only_training = len(trained) == len(results)
        found = []
        for place, each in enumerate(results):
            dataset, metric = each[0], each[1]
            if dataset == training and not only_training:
                continue
            train, validation = trained.get(metric), None if only_training else place
            one = None if train is None else float(results[train][2])
            other = None if validation is None else float(each[2])
            first = Observation(iteration, "iteration", metric, dataset, one, other, each[3], now)
            found.append((first, train, validation))
        return found


def _are_alike(steps: Sequence[Step]) -> bool:
    """Whether iterations differ in nothing but their values, which are all numbers."""
    rates = [rate for _, _, rate in steps]
    if rates.count(rates[0]) < len(rates) or len({len(results) for _, results, _ in steps}) > 1:
        return False
    for column in zip(*(results for _, results, _ in steps), strict=True):
        for field in (0, 1, 3):
            told = [each[field] for each in column]
            if told.count(told[0]) < len(told):
                return False
        if not all(issubclass(kind, float) for kind in {type(each[2]) for each in column}):
            return False
    return True


def facts_for_causes(opening: Opening) -> Facts:
    """What is known of a training that may make a cause probable."""
    data, found, patience = opening.data, opening.found, opening.patience
    return Facts(
        rows=opening.rows,
        features=data.features if data else None,
        classes=data.classes if data else None,
        num_leaves=_whole(found.get("num_leaves")),
        min_data_in_leaf=_whole(found.get("min_data_in_leaf")),
        early_stopping=None if patience is None else patience > 0,
        patience=patience or None,
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
