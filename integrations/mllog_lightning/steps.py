"""The losses of single steps: kept as they come, and read a good many at a time."""

import math
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from mllog_callbacks import Observation
from mllog_lightning.values import Pending, pending

__all__ = ["Losses", "StepLosses"]


class Losses(NamedTuple):
    """The losses of an interval.

    Attributes:
        by_step: The loss of each step, as `training_step` returned it.
    """

    by_step: dict[int, float]

    @classmethod
    def of(cls, values: Mapping[int, float], places: Sequence[tuple[int, int]]) -> "Losses":
        """Put losses to their steps; those of one step are averaged.

        Args:
            values: Losses by their place in `places`.
            places: The step of each, and what Lightning divided it by.
        """
        by_step: dict[int, list[float]] = {}
        for n, value in values.items():
            step, divisor = places[n]
            by_step.setdefault(step, []).append(value * divisor)
        return cls({step: math.fsum(each) / len(each) for step, each in by_step.items()})

    @property
    def mean(self) -> float:
        """The mean over the interval."""
        return math.fsum(self.by_step.values()) / len(self.by_step) if self.by_step else math.nan

    def observations(self) -> list[Observation]:
        """What detectors are shown: the mean; where a loss is not finite, the first such step.

        The loss of a single batch says as much about the batch as about the training.
        """
        steps = [*self.by_step.items()]
        finite = [*takewhile(lambda each: math.isfinite(each[1]), steps)]
        if len(finite) < len(steps):
            shown = [*finite[-1:], steps[len(finite)]]
        else:
            shown = [(steps[-1][0], self.mean)] if steps else []
        return [Observation(step, "step", "loss", "training", train=loss) for step, loss in shown]


class StepLosses:
    """Collects the losses that `training_step` returns.

    Attributes:
        every: How many batches make an interval.
    """

    def __init__(self, every: int) -> None:
        self.every = max(1, every)
        self._kept: list[tuple[int, Any, int]] = []
        self._step = 0

    def begin(self, step: int) -> None:
        """Begin at a step: that of the checkpoint, where a training is resumed."""
        self._step = step

    def add(self, outputs: Any, step: int, accumulated: int) -> bool:
        """Keep a batch's loss; returns whether an interval is full.

        Args:
            outputs: What Lightning hands on of `training_step`.
            step: The optimiser's steps so far, this batch's included.
            accumulated: Over how many batches gradients are accumulated: Lightning has divided
                the loss by that.
        """
        before, self._step = self._step, step
        loss = outputs.get("loss") if isinstance(outputs, dict) else None
        if loss is not None:
            self._kept.append((before + 1, loss, accumulated))
        return len(self._kept) >= self.every

    def take(self) -> tuple[Pending[int], Sequence[tuple[int, int]]]:
        """What was kept since the last time: the losses, and of each its step and its divisor."""
        kept, self._kept = self._kept, []
        values = pending({n: loss for n, (_, loss, _) in enumerate(kept)})
        return values, [(step, divisor) for step, _, divisor in kept]
