"""What detectors see of a training: its results, evaluations within it, and other readings."""

from collections.abc import Callable, Collection, Mapping, Sequence
from time import monotonic
from typing import TypeAlias

from mllog_callbacks.adapter._curve import Key
from mllog_callbacks.adapter._steps import Steps
from mllog_callbacks.detectors import Observation, Passage, Unit
from mllog_callbacks.facts import Results

__all__ = ["Observer"]

Column: TypeAlias = Sequence[float]


class Observer:
    """Makes observations of what is measured in a training.

    Args:
        unit: What positions count.
        judged: As what detectors judge a result; default the unit.
        training_sets: The names of the training data in results, copies among them.
        directions: Whether more of a metric is better; None where that is not known.
    """

    def __init__(
        self,
        unit: Unit,
        judged: Unit | None,
        training_sets: Collection[str],
        directions: Callable[[str], bool | None],
    ) -> None:
        self._unit = unit
        self._judged: Unit = unit if judged is None else judged
        self._called = "" if self._judged == unit else unit
        self._training_sets, self._directions = training_sets, directions
        self._means = _Means()
        self._rate: float | None = None

    def results(self, at: int, results: Results, rate: float | None) -> list[Observation]:
        """Of one position: each metric on each set, beside that on the training data.

        Args:
            at: The position.
            results: The values by data set and metric.
            rate: The learning rate; None where it is not known.
        """
        own = next((name for name in self._training_sets if name in results), self._training_set)
        trained = results.get(own, {})
        self._means.take(trained)
        self._rate = self._rate if rate is None else rate
        others = {n: each for n, each in results.items() if n not in self._training_sets}
        seen, now = [], monotonic()
        for name, metrics in (others or {own: trained}).items():
            for metric, value in metrics.items():
                seen.append(
                    Observation(
                        at,
                        self._judged,
                        metric,
                        name,
                        train=trained.get(metric),
                        validation=value if others else None,
                        higher_is_better=self._directions(metric),
                        learning_rate=rate,
                        seconds=now,
                        called=self._called,
                    )
                )
        return seen

    @property
    def _training_set(self) -> str:
        """What the training data is called where it has no results."""
        return next(iter(self._training_sets), "training")

    def passages(self, steps: Steps) -> list[Passage]:
        """Of many positions at once: as `results` of each."""
        trained = {
            metric: values
            for (name, metric), values in reversed([*steps.values.items()])
            if name in self._training_sets
        }
        others = {
            key: each for key, each in steps.values.items() if key[0] not in self._training_sets
        }
        seen: Mapping[Key, Column | None]
        seen = others or {(self._training_set, metric): None for metric in trained}
        return [
            self._passage(steps, key, trained.get(key[1]), values) for key, values in seen.items()
        ]

    def _passage(
        self, steps: Steps, key: Key, train: Column | None, values: Column | None
    ) -> Passage:
        first = Observation(
            steps.at[0],
            self._judged,
            key[1],
            key[0],
            None if train is None else train[0],
            None if values is None else values[0],
            self._directions(key[1]),
            steps.learning_rate,
            called=self._called,
        )
        return Passage(first, steps.at, train, values)

    def evaluated(self, at: int, results: Results) -> list[Observation]:
        """Of an evaluation after some steps: a check, beside the means of the training since."""
        trained, now = self._means.since(at), monotonic()
        return [
            Observation(
                at,
                "epoch",
                metric,
                name,
                trained.get(metric),
                value,
                self._directions(metric),
                self._rate,
                now,
                self._unit,
            )
            for name, metrics in results.items()
            for metric, value in metrics.items()
        ]

    def readings(self, at: int, readings: Mapping[str, float]) -> list[Observation]:
        """Of numbers that are no metrics, for the detector of values that are not finite."""
        return [
            Observation(at, "step", name, self._training_set, value, called=self._unit)
            for name, value in readings.items()
        ]


class _Means:
    """The means of the training's values between evaluations."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}
        self._read_at: int | None = None

    def take(self, values: Mapping[str, float]) -> None:
        """Take the values of a step; after an evaluation they are the first of the next means."""
        if values and self._read_at is not None:
            self._sums, self._read_at = {}, None
        for metric, value in values.items():
            total, many = self._sums.get(metric, (0.0, 0))
            self._sums[metric] = total + value, many + 1

    def since(self, at: int) -> dict[str, float]:
        """The means since the evaluation before; all sets of one evaluation have the same."""
        if self._read_at not in {None, at}:
            return {}
        self._read_at = at
        return {metric: total / many for metric, (total, many) in self._sums.items()}
