"""Instability: values that are not finite, divergence, spikes."""

import math
from collections.abc import Iterable, Sequence
from operator import sub

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation
from mllog_callbacks.detectors._smoothing import Level, Noise
from mllog_callbacks.schema import count

__all__ = ["Divergence", "NonFinite", "Spike"]


class NonFinite:
    """A value is NaN or infinite: told at once.

    Told again only when more values were finite in between than the time before, so that a
    metric that is undefined now and then does not fill the log. Needs no direction.
    """

    name = "non_finite"

    def __init__(self) -> None:
        self._last: dict[bool, tuple[float, int]] = {}  # of training and of validation
        self._first: dict[bool, float] = {}
        self._finite = self._wanted = 0

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation; of two values that are not finite the training's is told."""
        issue = None
        for train, value in ((True, observation.train), (False, observation.validation)):
            if value is None:
                continue
            if math.isfinite(value):
                if train not in self._last:
                    self._first[train] = value
                self._last[train] = value, observation.step
                self._finite += 1
            elif issue is None and self._finite >= self._wanted:
                issue = self._found(observation, value, train=train)
        if issue is not None:
            self._wanted, self._finite = 2 * self._finite + 2, 0
        return issue

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once: they are all finite."""
        for train, values in zip((True, False), passage.losses, strict=True):
            if values is not None:
                self._first.setdefault(train, passage.first.own(values[0]))
                self._last[train] = passage.first.own(values[-1]), passage.steps[-1]
                self._finite += len(values)
        return True

    def _found(self, observation: Observation, value: float, *, train: bool) -> Issue:
        subject = observation.subject(train=train)
        found = "NaN" if math.isnan(value) else "infinite"
        before = "No finite value was seen before."
        metrics: dict[str, float | str] = {"value": str(value)}
        if train in self._last:
            last, step = self._last[train]
            before = f"The last finite value was {last:.6g} at {observation.counted} {step:,}."
            metrics |= {"last_finite": last, "last_finite_step": step}
            if observation.higher_is_better is False:
                start = self._first[train]
                metrics |= {"start": start, "gained": start - last}
        return kind(self.name).issue(
            observation,
            f"Non-finite value: {subject} is {found} at {observation.at}.",
            f"{subject} became {found} at {observation.at}. {before}",
            metrics,
            subject=observation.curve(train=train),
        )


class Divergence:
    """The loss stands far above where it started: told once, again after it came back.

    Watches the training value, the validation value where there is none: a validation loss may
    rise far above its start by overfitting alone.

    Args:
        times: Least distance above the start, as a share of the start's size.
        checks: How many checks in a row.
    """

    name = "divergence"

    def __init__(self, *, times: float = 1.0, checks: int = 3) -> None:
        self._times, self._checks = times, checks
        self._start = math.nan
        self._start_step = 0
        self._trained = self._told = False
        self._best = math.inf
        self._streak = 0

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        if train is not None and not self._trained:
            self._trained, self._start = True, math.nan
        value = train if self._trained else validation
        return None if value is None else self._check(observation, value)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where none is far above the start, or it is told."""
        train, validation = passage.losses
        if math.isnan(self._start) or (train is not None and not self._trained):
            return False
        values = train if self._trained else validation
        if values is None:
            return True
        if self._told and min(values) > self._start:
            return True
        highest = max(values)
        if highest <= self._start or not (self._told or highest - self._start > self._far):
            self._best, self._told, self._streak = min(self._best, *values), False, 0
            return True
        return False

    @property
    def _far(self) -> float:
        """The distance above the start that is far, which only grows."""
        # for losses that start about zero, what was gained is the measure
        return max(abs(self._start), self._start - self._best) * self._times

    def _check(self, observation: Observation, value: float) -> Issue | None:
        if math.isnan(self._start):
            self._start, self._start_step, self._best = value, observation.step, value
        if value < self._best:
            self._best = value
        above = value - self._start
        if above <= 0:
            self._told, self._streak = False, 0
            return None
        self._streak = self._streak + 1 if above > self._far > 0 else 0
        if self._streak < self._checks or self._told:
            return None
        self._told = True
        return self._found(observation, value)

    def _found(self, observation: Observation, value: float) -> Issue:
        subject, shown = observation.subject(train=self._trained), observation.shown
        side = "below" if observation.higher_is_better else "above"
        return kind(self.name).issue(
            observation,
            f"Divergence: {subject} is far {side} its start at {observation.at}.",
            f"{subject} started at {shown(self._start)} ({observation.counted} "
            f"{self._start_step:,}) and is {shown(value)} at {observation.at}; it has been {side} "
            f"its start by more than the start itself for {count(self._checks, 'check')}. Its best "
            f"was {shown(self._best)}.",
            {
                "start": observation.own(self._start),
                "best": observation.own(self._best),
                "value": observation.own(value),
                "gained": self._start - (value if self._trained else self._best),
            },
            subject=observation.curve(train=self._trained),
        )


class _Jumps:
    """How far the values of one series jump above their level."""

    __slots__ = ("_level", "_noise", "count", "first", "high", "last", "low")

    def __init__(self) -> None:
        self._level, self._noise = Level(5), Noise()
        self.first = self.last = math.nan
        self.low, self.high = math.inf, -math.inf
        self.count = 0

    @property
    def level(self) -> float:
        """The exponential mean of the values, or the last value where that is higher.

        The mean lags behind a loss that rises steadily, and a steady rise is no jump.
        """
        return max(self._level.value, self.last)

    @property
    def noise(self) -> float:
        """The standard deviation of their noise."""
        return self._noise.value

    def take(self, value: float) -> None:
        """Take a value, after it was judged."""
        if not self.count:
            self.first = value
        self.count += 1
        self.last = value
        self._level.update(value)
        self._noise.update(value)
        if value < self.low:
            self.low = value
        if value > self.high:
            self.high = value

    def highest(self, values: Sequence[float]) -> float:
        """How far at most a value stands above the one before, which its level is not below."""
        rises: Iterable[float] = map(sub, values, [self.last, *values])
        return max(rises)

    def extend(self, values: Sequence[float]) -> None:
        """Take values that were judged to be none."""
        self.count += len(values)
        self.last = values[-1]
        self._level.extend(values)
        self._noise.extend(values)
        self.low, self.high = min(self.low, *values), max(self.high, *values)


class Spike:
    """One value jumps far above its exponential mean: beyond the noise, the level and the range.

    After an alarm the next one waits for twice as many checks as the one before, so that a stream
    of a million steps tells of about twenty spikes.

    Watches the training and the validation value.

    Args:
        deviations: Least height, in standard deviations of the noise.
        level: Least height, as a share of the level's size.
        range_: Least height, as a share of the range seen.
        warm_up: Number of values before the first alarm.
    """

    name = "spike"

    def __init__(
        self,
        *,
        deviations: float = 8.0,
        level: float = 0.3,
        range_: float = 0.3,
        warm_up: int = 5,
    ) -> None:
        self._deviations, self._share, self._range = deviations, level, range_
        self._warm_up = warm_up
        self._train, self._validation = _Jumps(), _Jumps()
        self._quiet = 0
        self._pause = 10

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        if self._quiet:
            self._quiet -= 1
        issue = None
        if train is not None:
            if self._is_spike(self._train, train):
                issue = self._found(observation, self._train, train)
            self._train.take(train)
        if validation is not None:
            if issue is None and self._is_spike(self._validation, validation):
                issue = self._found(observation, self._validation, validation)
            self._validation.take(validation)
        return issue

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where they span too little for a spike."""
        train, validation = passage.losses
        looked_at = [(self._train, train), (self._validation, validation)]
        found = [(seen, values) for seen, values in looked_at if values is not None]
        for seen, values in found:
            if not seen.highest(values) <= self._range * (seen.high - seen.low):
                return False
        for seen, values in found:
            seen.extend(values)
        self._quiet = max(self._quiet - len(passage.steps), 0)
        return True

    def _is_spike(self, seen: _Jumps, value: float) -> bool:
        if value <= seen.last:  # nearly always, while a loss falls
            return False
        above = value - seen.level
        return (
            above > self._share * abs(seen.level)
            and above > self._range * (seen.high - seen.low)
            and above > self._deviations * seen.noise
            and seen.count >= self._warm_up
            and not self._quiet
        )

    def _found(self, observation: Observation, seen: _Jumps, value: float) -> Issue:
        self._quiet, self._pause = self._pause, 2 * self._pause
        subject, shown = observation.subject(train=seen is self._train), observation.shown
        jumped = "dropped" if observation.higher_is_better else "jumped"
        height = value - seen.level
        far = f", {height / seen.noise:.1f} times its noise" if seen.noise > 0 else ""
        return kind(self.name).issue(
            observation,
            f"Spike: {subject} {jumped} at {observation.at}.",
            f"{subject} {jumped} to {shown(value)} at {observation.at} from a level of "
            f"{shown(seen.level)}{far}.",
            {
                "value": observation.own(value),
                "level": observation.own(seen.level),
                "start": observation.own(seen.first),
                "gained": seen.first - seen.level,
                "gained_at_best": seen.first - seen.low,
            },
            subject=observation.curve(train=seen is self._train),
        )
