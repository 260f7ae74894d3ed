"""Plateau: hardly anything was gained over a good part of the run, at one learning rate."""

import math
from collections.abc import Sequence
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity, Unit
from mllog_callbacks.detectors._smoothing import BestSince, Follower

__all__ = ["Plateau"]

# an iteration is shorter than an epoch: three times as many, as in the windows of other detectors
LEAST: Final[dict[Unit, int]] = {"epoch": 6, "iteration": 30, "step": 200}
_SPAN: Final[dict[Unit, int]] = {"epoch": 5, "iteration": 5, "step": 50}

_LOOKS: Final = 128
"""Every check is looked at up to twice as many, every second up to four times as many, and so on:
what a fifth of a thousand checks brought is hardly another at the next one."""

_MOVES_AGAIN: Final = 5.0
"""How many times as much as counts as nothing has to be gained for a plateau to be over."""

_MOVING: Final = 3
"""Checks in a row at which it has."""

_RISING: Final = 2.0
"""Standard deviations of the noise above its best from which on a level gets worse: that is no
rest. By noise alone the mean over five values is further above the lowest of many seldom."""


class Plateau:
    """Compares what the last part of the run brought with all that was gained, and with the level.

    The part grows with the run, so that "long" is measured by the run itself and not by a
    patience. A drop of the learning rate begins the part anew: what it brings is still to be
    seen. A smooth schedule drops a little at a time, and each time that it has come down to half
    counts as one drop. What the part may have brought within its noise has to be little as well:
    of a noisy series that falls slowly nobody can say that it rests.

    Watches the validation value, the training value where there is none.

    Args:
        part: Part of the run that must have brought nothing.
        gain: What counts as nothing, as a share of all that was gained.
        relative: The same, as a share of the level: a loss that goes on falling by factors is at no
            rest, however much it fell at first. Not for values at or below zero.
        within_noise: What the part may have brought within twice the standard error, at most, as a
            share of all that was gained.
        noise: The same, as a share of the level.
        least: Least number of checks in a part; default 6, 30 by iteration, 200 by step.
        drop: Learning rate, as a share of that before, from which a plateau begins anew.
        span: Span of the exponential mean, in checks; default 5, or 50 by step.
        gained: Least gain in all, as a share of the start: below it nothing was gained that could
            have come to rest. Not for a start at or below zero, and thereby not of metrics to
            maximise.
    """

    name = "plateau"

    def __init__(  # noqa: PLR0913 - a threshold each, by keyword alone
        self,
        *,
        part: float = 0.2,
        gain: float = 0.01,
        relative: float = 0.015,
        within_noise: float = 0.1,
        noise: float = 1.0,
        least: int | None = None,
        drop: float = 0.5,
        span: int | None = None,
        gained: float = 0.02,
    ) -> None:
        self._gained, self._part, self._gain, self._relative = gained, part, gain, relative
        self._within_noise, self._noises = within_noise, noise
        self._least, self._drop = least, drop
        self._span = span
        self._level: Follower | None = None
        self._bests = BestSince()
        self._validated = self._open = False
        self._start = math.nan
        self._rate: float | None = None
        self._dropped_at = ""
        self._checks = self._begun = 0
        self._found_best = math.nan
        self._since = self._moving = 0

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        self._read_rate(observation)
        self._validated = self._validated or validation is not None
        value = validation if self._validated else train
        return None if value is None else self._check(observation, value)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where no plateau can be found nor be over."""
        if self._level is None:
            return False
        train, validation = passage.losses
        self._read_rate(passage.first)
        self._validated = self._validated or validation is not None
        values = validation if self._validated else train
        if values is None:
            return True
        ahead = self._level.twin()
        levels, noises = ahead.follow(values)
        if not self._may_find(min(levels), len(levels)):
            self._checks += len(levels)
            self._bests.extend(levels)
        elif not self._passes(levels, noises):
            return False
        self._level = ahead
        return True

    def _passes(self, levels: Sequence[float], noises: Sequence[float]) -> bool:
        """Take levels one by one; False, and then none is taken, where an issue begins or ends."""
        before = self._checks, self._bests, self._moving
        self._bests = self._bests.twin()
        begin = 0
        while begin < len(levels):
            at = begin if self._open else min(begin + self._until_look, len(levels)) - 1
            self._bests.extend(levels[begin : at + 1])
            self._checks += at + 1 - begin
            begin, level, noise = at + 1, levels[at], noises[at]
            best = self._bests.best
            if self._moves(level, noise, best) if self._open else self._stalls(level, noise):
                self._checks, self._bests, self._moving = before
                return False
        return True

    @property
    def _stride(self) -> int:
        """Which checks are looked at for a plateau: those whose number it divides."""
        return 1 << max(0, (self._checks // _LOOKS).bit_length() - 1)

    @property
    def _until_look(self) -> int:
        """In how many checks the next may be looked at."""
        stride = self._stride
        return stride - self._checks % stride

    def _may_find(self, lowest: float, more: int) -> bool:
        """Whether an issue may begin or end within more checks, down to a lowest level."""
        best = self._bests.best
        if self._open:
            return lowest < best or self._moving > 0
        most_gained = self._start - min(lowest, best)
        if self._is_little(most_gained):
            return False
        end = self._checks + more
        checks = max(self._least or 1, math.ceil(self._part * end))
        if end - 1 - self._begun < checks:
            return False
        # what is compared with at the last check, and at those before with no better
        since = checks - more
        return since < 0 or not self._bests.ago(since) - best > self._nothing(most_gained, best)

    def _nothing(self, gained: float, best: float) -> float:
        """What counts as nothing."""
        share = self._gain * gained
        return min(share, self._relative * best) if best > 0 else share

    def _is_little(self, gained: float) -> bool:
        return gained <= max(self._gained * self._start, 0.0)

    def _read_rate(self, observation: Observation) -> None:
        rate = observation.learning_rate
        if rate is None or 0 < rate == self._rate or not math.isfinite(rate):
            return
        if self._rate is None or rate > self._rate:
            self._rate = rate
        elif rate <= self._drop * self._rate:
            self._rate, self._dropped_at = rate, observation.at
            self._begun = self._checks

    def _check(self, observation: Observation, value: float) -> Issue | None:
        self._checks += 1
        if self._level is None:
            self._level = Follower(self._span or _SPAN[observation.unit])
            self._least = self._least or LEAST[observation.unit]
        level = self._level.update(value)
        best = self._bests.update(level)
        if self._checks == 1:
            self._start = best
        noise = self._level.noise
        if self._open:
            return self._over(observation, best) if self._moves(level, noise, best) else None
        checks = self._stalls(level, noise)
        if not checks:
            return None
        self._open, self._found_best = True, best
        return self._found(observation, checks, self._start - best)

    def _stalls(self, level: float, noise: float) -> int:
        """Over how many checks nothing was gained, where that is a plateau; else 0."""
        if self._checks % self._stride:
            return 0
        best = self._bests.best
        gained = self._start - best
        if self._is_little(gained):
            return 0
        checks = max(self._least or 1, math.ceil(self._part * self._checks))
        if self._checks - 1 - self._begun < checks:
            return 0
        brought, nothing = self._bests.ago(checks) - best, self._nothing(gained, best)
        if brought > nothing:
            return 0
        if not math.isfinite(noise):
            return checks  # it has repeated one value alone
        if level - best > max(_RISING * noise, nothing):
            return 0  # it gets worse
        # the noise may hide a gain: by twice the standard error of the difference of two halves
        most = brought + 2 * noise * math.sqrt(4 / checks)
        hidden = most > self._within_noise * gained or most > self._noises * best > 0
        return 0 if hidden else checks

    def _moves(self, level: float, noise: float, best: float) -> bool:
        """Whether it improves again, as it did at the checks before."""
        least = _MOVES_AGAIN * self._nothing(self._start - best, best)
        moved = self._found_best - level > (max(least, noise) if noise < math.inf else least)
        self._moving = self._moving + 1 if moved else 0
        return self._moving >= _MOVING

    def _over(self, observation: Observation, best: float) -> Issue:
        self._open, self._moving, self._begun = False, 0, self._checks - 1
        self._least = 2 * (self._least or 1)
        subject = observation.subject(train=not self._validated)
        return kind(self.name).issue(
            observation,
            f"Plateau over: {subject} improves again at {observation.at}.",
            f"The smoothed best of {subject} is {observation.shown(best)} at {observation.at}; it "
            f"had been {observation.shown(self._found_best)} since {observation.counted} "
            f"{self._since:,}.",
            {"best": observation.own(best)},
            Severity.INFO,
            state="closed",
            subject=observation.curve(train=not self._validated),
            since=self._since,
            closed_by="further improvement",
        )

    def _found(self, observation: Observation, checks: int, gained: float) -> Issue:
        subject = observation.subject(train=not self._validated)
        best = self._bests.best
        brought = max(0.0, self._bests.ago(checks) - best)
        rate, dropped = observation.learning_rate, self._dropped_at
        fell = f", last down to half or less at {dropped}" if dropped else ""
        rated = "" if rate is None else f" The learning rate is {rate:.4g}{fell}."
        self._since = observation.step
        return kind(self.name).issue(
            observation,
            f"Plateau: {subject} hardly improved over the last {checks:,} checks.",
            f"The last {checks:,} of {self._checks:,} checks improved {subject} by {brought:.3g}; "
            f"the total improvement so far is {gained:.3g}. Its smoothed best is "
            f"{observation.shown(best)}.{rated}",
            {
                "best": observation.own(best),
                "gained": gained,
                "gained_lately": brought,
                "window": checks,
            },
            subject=observation.curve(train=not self._validated),
        )
