"""No progress: oscillation, and training that does not converge."""

import math
from collections.abc import Sequence
from copy import copy
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Unit
from mllog_callbacks.detectors._smoothing import ROUNDING, Level

__all__ = ["NoConvergence", "Oscillation"]

WINDOW: Final[dict[Unit, int]] = {"epoch": 15, "iteration": 50, "step": 200}
_REVERSALS: Final = 0.5  # what white noise reverses is two thirds, a trend hardly any

_OF_START: Final = 0.05

_OUTLIER: Final = 3.0
_SETTLED: Final = 5

_SPAN: Final = 50  # steps, as a plateau's

PATIENCE: Final[dict[Unit, int]] = {"epoch": 15, "iteration": 50, "step": 500}


class _Swing:
    """How a series swings: exponential means over a window, of changes and what they come to."""

    __slots__ = (
        "_change",
        "_last",
        "_repeats",
        "_step",
        "_weight",
        "count",
        "drift",
        "high",
        "level",
        "low",
        "path",
        "reversals",
    )

    def __init__(self, window: int) -> None:
        self._weight = 2 / (window + 1)
        self._last = self._change = math.nan
        self._step, self._repeats = math.inf, False
        self.count = 0
        self.level = self.drift = self.path = self.reversals = 0.0
        self.low, self.high = math.inf, -math.inf

    def update(self, value: float) -> None:
        """Take a value."""
        self.extend((value,))

    def extend(self, values: Sequence[float], share: float = math.inf, start: float = 0.0) -> bool:
        """Take values in their order, unless the series may swing by a share with one of them.

        Returns:
            False, and then no value was taken, where `swings` has to be asked.
        """
        last, change, low, high = self._last, self._change, self.low, self.high
        count, level, drift = self.count, self.level, self.drift
        path, reversals, full = self.path, self.reversals, self._weight
        step, repeats = self._step, self._repeats
        least = _OF_START * abs(start)
        for value in values:
            before, change = change, value - last
            last = value
            size = -change if change < 0 else change
            if size < step:
                if size > ROUNDING * abs(value):
                    step = size
                else:
                    repeats = True
            if value < low:
                low = value
            if value > high:
                high = value
            if not count and math.isnan(change):
                continue
            count += 1
            weight = 1 / count  # a plain mean until the window is full
            if weight < full:
                weight = full
            level += weight * (value - level)
            if size > _OUTLIER * path > 0 and count > _SETTLED:
                size = _OUTLIER * path  # one value far off is a spike
            drift += weight * ((-size if change < 0 else size) - drift)
            path += weight * (size - path)
            turned = change < 0 < before or before < 0 < change
            reversals += weight * (turned - reversals)
            if reversals > _REVERSALS and path > least and path > share * abs(level):
                return False
        self._last, self._change, self.low, self.high = last, change, low, high
        self.count, self.level, self.drift = count, level, drift
        self.path, self.reversals = path, reversals
        self._step, self._repeats = step, repeats
        return True

    def swings(self, share: float, start: float) -> bool:
        """Whether the changes are large, reverse each other and lead nowhere.

        Of a series that has repeated a value, and so takes few, the smallest change is a step:
        what lies between two of its values goes back and forth by one of these.
        """
        return (
            self.reversals > _REVERSALS
            and self.path > max(share * abs(self.level), _OF_START * abs(start))
            and self.path > 0.03 * (self.high - self.low)
            and abs(self.drift) < 0.3 * self.path
            and not (self._repeats and self.path <= self._step)
        )


class Oscillation:
    """The loss swings up and down and gets nowhere; recorded once.

    Noise about a low level is what stochastic training looks like, so swings count only from a
    large share of the level, and from half of it where the training loss is about where it
    started: then there is nothing else that the training achieves. Steps, of single batches, count
    only where it is no lower than it started.

    Watches the training value, and the validation value where there is none or where the training
    loss is about where it started.

    Args:
        share: Least mean change, as a share of the level; it is 5 % of the start at least.
        stuck_share: The same while the training loss is within 20 % of its start.
        window: Number of checks; default 15 epochs, 50 iterations or 200 steps.
    """

    name = "oscillation"

    def __init__(
        self, *, share: float = 0.2, stuck_share: float = 0.1, window: int | None = None
    ) -> None:
        self._share, self._stuck_share, self._window = share, stuck_share, window
        self._train: _Swing | None = None
        self._validation: _Swing | None = None
        self._start = math.nan
        self._recorded = False

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        if self._recorded:
            return None
        train, validation = observation.losses()
        if self._window is None:
            self._window = WINDOW[observation.unit]
        either = validation if train is None else train
        if math.isnan(self._start) and either is not None:
            self._start = either
        if train is not None:
            self._train = self._train or _Swing(self._window)
            self._train.update(train)
        if validation is not None:
            self._validation = self._validation or _Swing(self._window)
            self._validation.update(validation)
        return self._check(observation, self._window)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where neither series can swing enough."""
        if self._recorded:
            return True
        seen = copy(self._train), copy(self._validation)
        if not all(map(self._takes, seen, passage.losses)):
            return False
        self._train, self._validation = seen
        return True

    def _takes(self, swing: _Swing | None, values: Sequence[float] | None) -> bool:
        share = min(self._share, self._stuck_share)
        if values is None:
            return swing is None or not swing.swings(share, self._start)
        return swing is not None and swing.extend(values, share, self._start)

    def _check(self, observation: Observation, window: int) -> Issue | None:
        train, validation = self._train, self._validation
        # single batches always differ, and after some hundred little may be learned as yet
        by_step = observation.unit == "step"
        tolerance = 0.0 if by_step else 0.2 * abs(self._start)
        stuck = train is not None and train.level >= self._start - tolerance
        share = self._stuck_share if stuck else self._share
        counts = stuck or not by_step
        if (
            train is not None
            and counts
            and train.count >= window
            and train.swings(share, self._start)
        ):
            return self._found(observation, train, train=True)
        watched = validation is not None and (train is None or stuck)
        if (
            watched
            and validation is not None
            and validation.count >= window
            and validation.swings(share, self._start)
        ):
            return self._found(observation, validation, train=False)
        return None

    def _found(self, observation: Observation, swing: _Swing, *, train: bool) -> Issue:
        self._recorded = True
        trained = swing if self._train is None else self._train
        subject = observation.subject(train=train)
        return kind(self.name).issue(
            observation,
            f"Oscillation: {subject} fluctuates without net improvement.",
            f"Over the last {self._window:,} checks up to {observation.at} {subject} changed by "
            f"{swing.path:.4g} a check about a level of {observation.shown(swing.level)}; "
            f"{swing.reversals:.0%} of the changes reversed the one before, and only "
            f"{abs(swing.drift) / swing.path:.0%} of the way remained.",
            {
                "level": observation.own(swing.level),
                "start": observation.own(self._start),
                "gained": self._start - trained.level,
                "mean_change": swing.path,
                "reversals": swing.reversals,
            },
            subject=observation.curve(train=train),
        )


class NoConvergence:
    """Next to nothing was gained since the start; recorded once.

    Silent where the start is at or below zero, of which a share means nothing, and thereby for
    metrics to maximise.

    Watches the training value, the validation value where there is none; of steps an exponential
    mean, as the lowest of many single batches says nothing of the training.

    Args:
        gain: Least gain, as a share of the start's size.
        stuck_gain: Least gain where hardly any of it came lately.
        lately: What is hardly any, as a share of the start's size, since a third of the checks.
        patience: Number of checks; default 15 epochs, 50 iterations or 500 steps.
    """

    name = "no_convergence"

    def __init__(
        self,
        *,
        gain: float = 0.02,
        stuck_gain: float = 0.15,
        lately: float = 0.01,
        patience: int | None = None,
    ) -> None:
        self._gain, self._stuck_gain, self._lately = gain, stuck_gain, lately
        self._patience = patience
        self._start = self._third = math.nan
        self._start_step = 0
        self._best = math.inf
        self._level = Level(_SPAN)
        self._trained = False
        self._checks = 0

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        if self._patience is None:
            self._patience = PATIENCE[observation.unit]
        if self._checks > self._patience:
            return None
        train, validation = observation.losses()
        self._trained = self._trained or train is not None
        value = train if self._trained else validation
        if value is None:
            return None
        return self._check(observation, value, self._patience)

    def skim(self, passage: Passage) -> bool:  # noqa: ARG002 - as the others
        """Take the next observations at once, where it is over."""
        return self._patience is not None and self._checks > self._patience

    def _check(self, observation: Observation, value: float, patience: int) -> Issue | None:
        self._checks += 1
        if observation.unit == "step":
            value = self._level.update(value)
        self._best = min(self._best, value)
        if self._checks == 1:
            self._start, self._start_step = value, observation.step
        if self._checks == patience // 3 + 1:
            self._third = self._best
        if self._checks <= patience:
            return None
        size = self._start
        gained, lately = self._start - self._best, self._third - self._best
        none = gained < self._gain * size
        stuck = gained < self._stuck_gain * size and lately < self._lately * size
        return self._found(observation, gained, lately) if none or stuck else None

    def _found(self, observation: Observation, gained: float, lately: float) -> Issue:
        subject, shown = observation.subject(train=self._trained), observation.shown
        return kind(self.name).issue(
            observation,
            f"No convergence: {subject} has hardly improved since the start.",
            f"{subject} started at {shown(self._start)} ({observation.counted} "
            f"{self._start_step:,}); its best of {self._checks:,} checks up to "
            f"{observation.at} is {shown(self._best)}, a gain of {gained:.4g} "
            f"({gained / self._start:.2%}), of which "
            f"{max(0.0, lately):.4g} came after the first third.",
            {
                "start": observation.own(self._start),
                "best": observation.own(self._best),
                "gained": gained,
            },
            subject=observation.curve(train=self._trained),
        )
