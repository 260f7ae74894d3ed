"""Curves that got worse and stayed so: a lasting collapse, and a loss that rises from its start."""

import math
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity, Unit
from mllog_callbacks.detectors._smoothing import Changes, Noise
from mllog_callbacks.schema import count

__all__ = ["Collapse", "RisingFromStart"]

LASTING: Final[dict[Unit, int]] = {"epoch": 10, "iteration": 30, "step": 200}

_BACK: Final = 3
"""Checks in a row near the best for a collapse to be over."""


class Collapse:
    """The loss lost much of what was gained, and stays so: one issue, closed when it is back.

    Watches the training value, the validation value where there is none.

    Args:
        lost: What has to be lost, as a share of what was gained between start and best.
        back: What has to be back for it to be over, likewise.
        gained: Least gain, as a share of the size of the start.
        noise: Least loss, in mean changes before.
        checks: How many checks in a row; default 10, 30 by iteration or 200 by step.
        part: How many at least, as a part of the run.
    """

    name = "collapse"

    def __init__(
        self,
        *,
        lost: float = 0.5,
        back: float = 0.75,
        gained: float = 0.1,
        noise: float = 4.0,
        checks: int | None = None,
        part: float = 0.1,
    ) -> None:
        self._lost, self._back, self._gained, self._noises = lost, back, gained, noise
        self._lasting, self._part = checks, part
        self._noise = Changes()
        self._start = math.nan
        self._best = math.inf
        self._best_step = self._since = -1
        self._before = math.nan
        self._trained = self._open = False
        self._checks = self._streak = 0

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        if train is not None and not self._trained:
            self._trained, self._start, self._best = True, math.nan, math.inf
        value = train if self._trained else validation
        if self._lasting is None:
            self._lasting = LASTING[observation.unit]
        return None if value is None else self._check(observation, value, self._lasting)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where none has lost much, or all stay where it is."""
        train, validation = passage.losses
        if math.isnan(self._start) or (train is not None and not self._trained):
            return False
        values = train if self._trained else validation
        if values is None:
            return True
        lowest, highest = min(values), max(values)
        if self._open and lowest > self._line(1 - self._back, self._best):
            self._checks += len(values)
            self._streak = 0
            self._noise.extend(values)
            return True
        if self._open or self._streak or highest > self._line(self._lost, min(lowest, self._best)):
            return False
        if lowest < self._best:
            self._best, self._best_step = lowest, passage.steps[values.index(lowest)]
        self._noise.extend(values)
        self._checks += len(values)
        return True

    def _line(self, share: float, best: float) -> float:
        """The value above which a share of the gain is lost."""
        return best + share * (self._start - best)

    def _check(self, observation: Observation, value: float, lasting: int) -> Issue | None:
        self._checks += 1
        before = self._noise.size
        self._noise.update(value)
        if math.isnan(self._start):
            self._start = value
        if value < self._best:
            self._best, self._best_step = value, observation.step
        if self._open:
            return self._over(observation, value)
        gained = self._start - self._best
        if gained <= self._gained * abs(self._start) or value <= self._line(self._lost, self._best):
            self._streak = 0
            return None
        if not self._streak:
            self._since, self._before = observation.step, before
        self._streak += 1
        if self._streak < max(lasting, math.ceil(self._part * self._checks)):
            return None
        # what was gained has to be more than noise as well
        least = self._noises * self._before
        if value - self._best <= least or self._lost * gained <= 0.75 * least:
            return None
        self._open, self._streak = True, 0
        return self._found(observation, value)

    def _over(self, observation: Observation, value: float) -> Issue | None:
        self._streak = self._streak + 1 if value <= self._line(1 - self._back, self._best) else 0
        if self._streak < _BACK:
            return None
        self._open, self._streak = False, 0
        subject = observation.subject(train=self._trained)
        return kind(self.name).issue(
            observation,
            f"Collapse over: {subject} is back near its best at {observation.at}.",
            f"{subject} is {observation.shown(value)} at {observation.at}; its best is "
            f"{observation.shown(self._best)}. It had been far from it since "
            f"{observation.counted} {self._since:,}.",
            {"value": observation.own(value), "best": observation.own(self._best)},
            Severity.INFO,
            state="closed",
            subject=observation.curve(train=self._trained),
            since=self._since,
            closed_by="a return to its best",
        )

    def _found(self, observation: Observation, value: float) -> Issue:
        subject, shown = observation.subject(train=self._trained), observation.shown
        lost = (value - self._best) / (self._start - self._best)
        below = "; that is worse than at the start" if lost > 1 else ""
        return kind(self.name).issue(
            observation,
            f"Collapse: {subject} got much worse at {observation.counted} {self._since:,} and has "
            "stayed so.",
            f"{subject} improved from {shown(self._start)} to {shown(self._best)} "
            f"({observation.counted} {self._best_step:,}). Since {observation.counted} "
            f"{self._since:,} at least {self._lost:.0%} of that has been lost; at "
            f"{observation.at} it is {shown(value)}{below}.",
            {
                "start": observation.own(self._start),
                "best": observation.own(self._best),
                "best_step": self._best_step,
                "value": observation.own(value),
                "gained": self._start - self._best,
            },
            subject=observation.curve(train=self._trained),
            since=self._since,
        )


class RisingFromStart:
    """None of the first training losses is below the first, and they have risen.

    Args:
        rise: Least rise, as a share of the size of the start.
        noise: Least rise, in standard deviations of the noise.
        checks: How many checks; default 10, 30 by iteration or 200 by step.
    """

    name = "rising_from_start"

    def __init__(
        self, *, rise: float = 0.05, noise: float = 3.0, checks: int | None = None
    ) -> None:
        self._rise, self._noises, self._needed = rise, noise, checks
        self._noise = Noise()
        self._start = math.nan
        self._start_step = 0
        self._checks = 0
        self._over = False

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        if self._over:
            return None
        train, _ = observation.losses()
        if train is None:
            return None
        if self._needed is None:
            self._needed = LASTING[observation.unit]
        self._checks += 1
        noise = self._noise.update(train)
        if self._checks == 1:
            self._start, self._start_step = train, observation.step
        self._over = train < self._start or self._checks > self._needed
        above = train - self._start
        if (
            self._checks <= self._needed
            or train < self._start
            or not above > self._rise * abs(self._start) > 0
            or not above > self._noises * noise
        ):
            return None
        subject, shown = observation.subject(train=True), observation.shown
        side = "below" if observation.higher_is_better else "above"
        return kind(self.name).issue(
            observation,
            f"Worse from the start on: {subject} has never been better than at "
            f"{observation.counted} {self._start_step:,}.",
            f"{subject} was {shown(self._start)} at {observation.counted} {self._start_step:,} and "
            f"is {shown(train)} at {observation.at}; all of the {count(self._checks - 1, 'check')} "
            f"since have been {side} the first.",
            {"start": observation.own(self._start), "value": observation.own(train)},
            subject=observation.curve(train=True),
            since=self._start_step,
        )

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where it is over or they have no training loss."""
        return self._over or passage.losses[0] is None
