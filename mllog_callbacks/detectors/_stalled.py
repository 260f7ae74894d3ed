"""Stalled: nothing was observed for a long time."""

import math

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation
from mllog_callbacks.schema import count

__all__ = ["Stalled"]


class Stalled:
    """No observation for a while, by the observations' own clock.

    A gap shows when the next observation comes; who has a timer asks `overdue` while it lasts. A
    gap is recorded once.

    Args:
        seconds: The longest time without an observation.
    """

    name = "stalled"

    def __init__(self, *, seconds: float = 1_800.0) -> None:
        self._seconds = seconds
        self._last: Observation | None = None
        self._recorded = False

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation; those without a clock are passed over."""
        if observation.seconds is None or not math.isfinite(observation.seconds):
            return None
        issue = self.overdue(observation.seconds)
        self._last, self._recorded = observation, False
        return issue

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where they have no clock."""
        return passage.first.seconds is None

    def restart(self) -> None:
        """Begin anew: the observations to come are of another clock."""
        self._last, self._recorded = None, False

    def overdue(self, seconds: float) -> Issue | None:
        """Look at the clock without an observation.

        Args:
            seconds: Reading of the clock that the observations carry.
        """
        last = self._last
        if last is None or last.seconds is None or self._recorded:
            return None
        waited = seconds - last.seconds
        if not waited > self._seconds:
            return None
        self._recorded = True
        long = count(round(waited), "second")
        return kind(self.name).issue(
            last,
            f"Stalled: nothing was measured for {long} after {last.at}.",
            f"The last value of {last.subject(train=last.validation is None)} came at {last.at}; "
            f"{long} without another exceed the limit of {self._seconds:,.0f}.",
            {"seconds": waited, "last_step": last.step},
            subject=last.curve(train=last.validation is None),
        )
