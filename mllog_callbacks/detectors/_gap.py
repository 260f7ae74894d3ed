"""Generalisation gap: the validation loss is far above the training loss."""

import math

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation
from mllog_callbacks.schema import count

__all__ = ["GeneralisationGap"]


class GeneralisationGap:
    """The validation loss is far above the training loss: information, reported once.

    Silent for losses at or below zero, of which a ratio means nothing, and thereby for metrics to
    maximise that are above zero; a negative error has its gap.

    Args:
        ratio: Least (validation - train) / train.
        checks: How many checks in a row.
    """

    name = "generalisation_gap"

    def __init__(self, *, ratio: float = 0.5, checks: int = 5) -> None:
        self._ratio, self._checks = ratio, checks
        self._train = math.nan
        self._streak = 0
        self._found_once = False

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        if self._found_once or (observation.train is None and not self._train > 0):
            return None
        train, validation = observation.losses()
        if train is not None:
            self._train = train
        if validation is None:
            return None
        wide = self._train > 0 and validation - self._train > self._ratio * self._train
        self._streak = self._streak + 1 if wide else 0
        if self._streak < self._checks:
            return None
        self._found_once = True
        return self._found(observation, validation)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where the gap is found already, or none is wide."""
        if self._found_once or (passage.first.train is None and not self._train > 0):
            return True
        train, validation = passage.losses
        below = (self._train,) if train is None else train
        if validation is not None:
            least = min(below)
            if max(below) > 0 and not max(validation) - least <= self._ratio * least:
                return False
            self._streak = 0
        self._train = below[-1]
        return True

    def _found(self, observation: Observation, validation: float) -> Issue:
        subject = observation.subject(train=False)
        apart = (validation - self._train) / self._train
        side = "below" if observation.higher_is_better else "above"
        return kind(self.name).issue(
            observation,
            f"Generalisation gap: {subject} is {apart:.0%} {side} that on the training data.",
            f"At {observation.at} {subject} is {observation.shown(validation)} and "
            f"{observation.subject(train=True)} {observation.shown(self._train)}; the gap has been "
            f"more than {self._ratio:.0%} for {count(self._checks, 'check')}.",
            {"train": observation.own(self._train), "validation": observation.own(validation)},
            subject=observation.curve(train=False),
        )
