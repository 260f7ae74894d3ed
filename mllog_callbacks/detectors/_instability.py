"""Instability: values that are not finite, divergence, spikes."""

import math
from collections.abc import Iterable, Sequence
from operator import sub
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity
from mllog_callbacks.detectors._smoothing import Changes, Level, Noise
from mllog_callbacks.schema import count

__all__ = ["Divergence", "NonFinite", "Spike"]

_READABLE: Final = 100


class _Finite:
    """The values of one series that are finite, and whether it was found not to be."""

    __slots__ = ("back", "first", "last", "open", "step", "streak")

    def __init__(self) -> None:
        self.first: float | None = None
        self.last = math.nan
        self.step = self.streak = 0
        self.back = 3
        self.open = False

    def take(self, value: float, step: int) -> bool:
        """Take a finite value; returns whether it is the one by which the series is finite again.

        Each time it takes twice as many in a row, so that a metric that is undefined now and then
        does not fill the log.
        """
        if self.first is None:
            self.first = value
        self.last, self.step = value, step
        self.streak += 1
        if not self.open or self.streak < self.back:
            return False
        self.open = False
        self.back *= 2
        return True


class NonFinite:
    """A value is NaN or infinite: reported at once; closed when the curve is finite again.

    Needs no direction.
    """

    name = "non_finite"

    def __init__(self) -> None:
        self._train, self._validation = _Finite(), _Finite()

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation; of two values that are not finite the training's counts."""
        issue = None
        if observation.train is not None:
            issue = self._take(observation, observation.train, self._train)
        if observation.validation is not None:
            other = self._take(observation, observation.validation, self._validation)
            issue = issue or other
        return issue

    def _take(self, observation: Observation, value: float, seen: _Finite) -> Issue | None:
        if math.isfinite(value):
            if seen.take(value, observation.step):
                return self._over(observation, seen)
            return None
        seen.streak = 0
        if seen.open:
            return None
        seen.open = True
        return self._found(observation, value, seen)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once: they are all finite."""
        both = self._train, self._validation
        if any(each.open for each in both):
            return False
        for seen, values in zip(both, passage.losses, strict=True):
            if values is not None:
                if seen.first is None:
                    seen.first = passage.first.own(values[0])
                seen.last, seen.step = passage.first.own(values[-1]), passage.steps[-1]
        return True

    def _over(self, observation: Observation, seen: _Finite) -> Issue:
        train = seen is self._train
        subject = observation.subject(train=train)
        return kind(self.name).issue(
            observation,
            f"Finite again: {subject} is {seen.last:.6g} at {observation.at}.",
            f"{subject} has been finite at the last {count(seen.streak, 'check')}.",
            {"value": seen.last},
            Severity.INFO,
            state="closed",
            subject=observation.curve(train=train),
            closed_by="finite values",
        )

    def _found(self, observation: Observation, value: float, seen: _Finite) -> Issue:
        train = seen is self._train
        subject = observation.subject(train=train)
        found = "NaN" if math.isnan(value) else "infinite"
        before = "No finite value was seen before."
        metrics: dict[str, float | str] = {"value": str(value)}
        if seen.first is not None:
            before = (
                f"The last finite value was {seen.last:.6g} at {observation.counted} {seen.step:,}."
            )
            metrics |= {"last_finite": seen.last, "last_finite_step": seen.step}
            if observation.higher_is_better is False:
                metrics |= {"start": seen.first, "gained": seen.first - seen.last}
        return kind(self.name).issue(
            observation,
            f"Non-finite value: {subject} is {found} at {observation.at}.",
            f"{subject} became {found} at {observation.at}. {before}",
            metrics,
            subject=observation.curve(train=train),
        )


class Divergence:
    """The loss is far above where it started: one issue, closed when it is back at its start.

    Watches the training value, the validation value where there is none: a validation loss may
    rise far above its start by overfitting alone. After an issue was closed, the next one needs
    twice as many checks.

    Args:
        times: Least distance above the start, as a share of the start's size.
        noise: The same, in mean changes before.
        checks: How many checks in a row.
    """

    name = "divergence"

    def __init__(self, *, times: float = 1.0, noise: float = 4.0, checks: int = 3) -> None:
        self._times, self._noises, self._checks = times, noise, checks
        self._back = checks
        self._noise = Changes()
        self._start = self._before = math.nan
        self._start_step = self._since = 0
        self._trained = self._open = False
        self._best = math.inf
        self._streak = self._returned = 0

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        if train is not None and not self._trained:
            self._trained, self._start = True, math.nan
        value = train if self._trained else validation
        return None if value is None else self._check(observation, value)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where none is far above the start or back at it."""
        train, validation = passage.losses
        if math.isnan(self._start) or (train is not None and not self._trained):
            return False
        values = train if self._trained else validation
        if values is None:
            return True
        if self._open:
            if min(values) <= self._start:
                return False
            self._returned = 0
        elif max(values) - self._start > self._far:
            return False
        self._best, self._streak = min(self._best, *values), 0
        self._noise.extend(values)
        return True

    @property
    def _far(self) -> float:
        """The distance above the start that is far, which only grows."""
        # for losses that start about zero, what was gained is the measure: noise goes both ways
        gained, size = self._start - self._best, abs(self._start)
        return (size if gained <= size else 2 * gained) * self._times

    def _check(self, observation: Observation, value: float) -> Issue | None:
        before = self._noise.size
        self._noise.update(value)
        if math.isnan(self._start):
            self._start, self._start_step, self._best = value, observation.step, value
        if value < self._best:
            self._best = value
        above = value - self._start
        if self._open:
            return self._over(observation, value, above)
        if not self._streak:
            self._since, self._before = observation.step, before
        # a first value that jumps has no noise before it
        if not (above > self._far > 0) or above <= self._noises * self._before:
            self._streak = 0
            return None
        self._streak += 1
        if self._streak < self._checks:
            return None
        self._open, self._streak = True, 0
        return self._found(observation, value)

    def _over(self, observation: Observation, value: float, above: float) -> Issue | None:
        self._returned = self._returned + 1 if above <= 0 else 0
        if self._returned < self._back:
            return None
        self._open, self._returned = False, 0
        self._checks *= 2
        subject = observation.subject(train=self._trained)
        return kind(self.name).issue(
            observation,
            f"Divergence over: {subject} is back at its start at {observation.at}.",
            f"{subject} is {observation.shown(value)} at {observation.at}; it started at "
            f"{observation.shown(self._start)}.",
            {"start": observation.own(self._start), "value": observation.own(value)},
            Severity.INFO,
            state="closed",
            subject=observation.curve(train=self._trained),
            since=self._since,
            closed_by="a return to its start",
        )

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
            since=self._since,
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

    def take(self, value: float, *, spike: bool = False) -> None:
        """Take a value, after it was judged: a spike does not widen the range."""
        if not self.count:
            self.first = value
        self.count += 1
        self.last = value
        self._level.update(value)
        self._noise.update(value)
        if value < self.low:
            self.low = value
        if value > self.high and not spike:
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

    After a spike the next one waits for twice as many checks as the one before, so that a stream
    of a million steps has about twenty. The range seen leaves spikes out: after a large one a
    smaller one is a spike as well.

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
        for seen, value in ((self._train, train), (self._validation, validation)):
            if value is None:
                continue
            spike = self._is_spike(seen, value)
            if spike and issue is None and not self._quiet:
                issue = self._found(observation, seen, value)
            seen.take(value, spike=spike)
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
        )

    def _found(self, observation: Observation, seen: _Jumps, value: float) -> Issue:
        self._quiet, self._pause = self._pause, 2 * self._pause
        subject, shown = observation.subject(train=seen is self._train), observation.shown
        jumped = "dropped" if observation.higher_is_better else "jumped"
        height = value - seen.level
        times = height / seen.noise if seen.noise > 0 else math.inf
        # a multiple of next to no noise is no evidence that a reader can use
        far = f", {times:.1f} times its noise" if times < _READABLE else ""
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
