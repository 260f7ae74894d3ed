"""Overfitting: the validation loss rises from its best while the training loss still falls."""

import math
from collections.abc import Sequence
from itertools import accumulate
from operator import sub
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity
from mllog_callbacks.detectors._smoothing import ROUNDING, Level, Noise, Rises
from mllog_callbacks.schema import count

__all__ = ["GeneralisationGap", "Overfitting"]

_BEYOND_NOISE: Final = 2.0
"""Standard deviations of the training loss's noise, by which it has to fall.

Two exponential means of span 3 differ by noise alone by as much less than once in a hundred times;
the rise is asked for more, as it is from the lowest of many.
"""

_GROWN: Final = 2  # the stage of the issue; that of the early warning is 1


class Overfitting:
    """Tells an early warning, the issue when the rise has grown, and its resolution.

    The level is an exponential mean of the validation loss, the rise its distance from the best
    level. A rise counts when it is material (a share of the best level, and of all that was
    gained since the start), larger than the noise, not the work of one outlier, and the training
    loss has fallen since: Prechelt's generalisation loss with these gates. Where the best is at
    or below zero a share of it means nothing, and that of the gain stands alone.

    Without training values nothing is said, but for boosting iterations: each of these lowers the
    training loss by construction.

    Args:
        rise: Least rise, as a share of the best level.
        share: Least rise, as a share of what was gained between the first and the best level.
        most: A rise by this share of the best level is material, whatever was gained: a first value
            far off makes everything after it look small.
        noise: Least rise, in standard deviations of the noise.
        fall: Least fall of the training loss since the best, as a share.
        grown: The rise from which the warning becomes an error, as a share of the best level.
        span: Span of the exponential means, in checks.
    """

    name = "overfitting"

    def __init__(
        self,
        *,
        rise: float = 0.03,
        share: float = 0.04,
        most: float = 0.15,
        noise: float = 3.0,
        fall: float = 0.02,
        grown: float = 0.10,
        span: int = 3,
    ) -> None:
        self._rise, self._share, self._most, self._noises = rise, share, most, noise
        self._fall, self._grown = fall, grown
        self._level, self._train = Level(span), Level(span)
        self._noise, self._rises = Noise(), Rises()
        self._first = math.nan
        self._train_first = math.nan
        self._best = self._lowest = math.inf
        self._lowest_step = -1
        self._best_train = math.nan
        self._checks = self._streak = self._stage = 0

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        if train is not None:
            self._train.update(train)
            self._rises.extend((train,))
            if math.isnan(self._train_first):
                self._train_first = train
        return None if validation is None else self._check(observation, validation)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where no rise can be told nor be resolved."""
        train, validation = passage.losses
        if validation is None:
            self._train_levels(train)
            return True
        known = self._level.value
        levels = self._level.extend(validation)
        if self._may_tell(levels):
            self._level.value = known
            return False
        self._take_calm(passage.steps, validation, levels, self._train_levels(train))
        return True

    def _train_levels(self, train: Sequence[float] | None) -> Sequence[float]:
        if train is None:
            return ()
        if math.isnan(self._train_first):
            self._train_first = train[0]
        self._rises.extend(train)
        return self._train.extend(train)

    def _take_calm(
        self,
        steps: Sequence[int],
        validation: Sequence[float],
        levels: Sequence[float],
        trained: Sequence[float],
    ) -> None:
        self._checks += len(steps)
        self._streak = 0
        self._noise.extend(validation)
        lowest, level = min(validation), min(levels)
        if lowest < self._lowest:
            self._lowest, self._lowest_step = lowest, steps[validation.index(lowest)]
        if level < self._best:
            self._best = level
            self._best_train = trained[levels.index(level)] if trained else self._train.value

    def _may_tell(self, levels: Sequence[float]) -> bool:
        lowest = min(levels)
        if lowest < self._best and (self._stage or math.isnan(self._first)):
            return True
        if self._stage == _GROWN:
            return False
        bests = accumulate(levels, min, initial=self._best)  # before each level
        rise: float = max(map(sub, levels, bests))
        return rise > self._least_material(min(lowest, self._best))

    def _least_material(self, lowest: float) -> float:
        """What any material rise exceeds while the best goes down to the lowest level."""
        gained = self._share * (self._first - self._best)
        if self._best <= 0:
            return gained
        return min(max(self._rise * lowest, gained), max(self._rise, self._most) * lowest)

    def _check(self, observation: Observation, value: float) -> Issue | None:
        self._checks += 1
        level, noise = self._level.update(value), self._noise.update(value)
        before = self._lowest_step
        if value < self._lowest:
            self._lowest, self._lowest_step = value, observation.step
        if level < self._best:
            return self._improved(observation, level, before)
        material = self._material(self._rise, self._share)
        rise = level - self._best
        holds = (
            rise > material and value - self._best > material and not rise <= self._noises * noise
        )
        self._streak = self._streak + 1 if holds and self._fell(observation) else 0
        if not self._streak:
            return None
        if self._stage == _GROWN or self._streak < min(max(math.ceil(0.03 * self._checks), 3), 5):
            return None
        if self._stage == 1 and rise <= self._material(self._grown, 2 * self._share):
            return None
        self._stage += 1
        return self._risen(observation, level)

    def _material(self, rise: float, share: float) -> float:
        gained = share * (self._first - self._best)
        if self._best <= 0:
            return gained
        return min(max(rise * self._best, gained), max(rise, self._most) * self._best)

    def _fell(self, observation: Observation) -> bool:
        best = self._best_train
        if math.isnan(best):
            return observation.unit == "iteration" and math.isnan(self._train.value)
        scale = best if best > 0 else max(self._train_first - best, 0.0)
        # an exponential mean that comes down to zero falls for ever
        least = max(self._fall * scale, ROUNDING * abs(self._train_first))
        fell = best - self._train.value
        return fell > least and fell > _BEYOND_NOISE * self._rises.noise

    def _improved(self, observation: Observation, level: float, before: int) -> Issue | None:
        stage = self._stage
        if math.isnan(self._first):
            self._first = level
        self._best, self._best_train = level, self._train.value
        self._streak = self._stage = 0
        if not stage:
            return None
        subject, shown = observation.subject(train=False), observation.shown
        return kind(self.name).issue(
            observation,
            f"Overfitting resolved: {subject} is at a new best at {observation.at}.",
            f"The smoothed {subject} is {shown(level)} at {observation.at}, better than ever; it "
            f"had been getting worse since {observation.counted} {before:,}.",
            {"best": observation.own(self._lowest), "best_step": self._lowest_step},
            Severity.INFO,
            state="closed",
            subject=observation.curve(train=False),
        )

    def _risen(self, observation: Observation, level: float) -> Issue:
        early = self._stage < _GROWN
        subject, shown = observation.subject(train=False), observation.shown
        moved = "fallen" if observation.higher_is_better else "risen"
        share = f" by {(level - self._best) / abs(self._best):.1%}" if self._best else ""
        since = f"{observation.counted} {self._lowest_step:,}"
        return kind(self.name).issue(
            observation,
            f"{'Overfitting begins' if early else 'Overfitting'}: {subject} has been getting worse "
            f"since {since}.",
            f"{subject} was best at {since} ({shown(self._lowest)}); smoothed it has {moved} from "
            f"its best{share} to {shown(level)} at {observation.at}{self._times_noise(level)}; "
            f"{self._meanwhile(observation)}",
            self._numbers(observation, level),
            None if early else Severity.ERROR,
            state="possible" if early else "open",
            subject=observation.curve(train=False),
        )

    def _times_noise(self, level: float) -> str:
        noise = self._noise.value
        return f", {(level - self._best) / noise:.1f} times its noise" if noise > 0 else ""

    def _meanwhile(self, observation: Observation) -> str:
        if math.isnan(self._best_train):
            return "there is no training value to compare with."
        moved = "rose" if observation.higher_is_better else "fell"
        return (
            f"the {observation.subject(train=True)} {moved} meanwhile from "
            f"{observation.shown(self._best_train)} to {observation.shown(self._train.value)}."
        )

    def _numbers(self, observation: Observation, level: float) -> dict[str, float | str]:
        numbers: dict[str, float | str] = {
            "best": observation.own(self._lowest),
            "best_step": self._lowest_step,
            "level": observation.own(level),
        }
        if not math.isnan(self._best_train):
            numbers["train_at_best"] = observation.own(self._best_train)
            numbers["train"] = observation.own(self._train.value)
        return numbers


class GeneralisationGap:
    """The validation loss stands far above the training loss: information, told once.

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
        self._told = False

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        if self._told or (observation.train is None and not self._train > 0):
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
        self._told = True
        return self._found(observation, validation)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where the gap is told, or none is wide."""
        if self._told or (passage.first.train is None and not self._train > 0):
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
            f"Generalisation gap: {subject} stands {apart:.0%} {side} that on the training data.",
            f"At {observation.at} {subject} is {observation.shown(validation)} and "
            f"{observation.subject(train=True)} {observation.shown(self._train)}; the gap has been "
            f"more than {self._ratio:.0%} for {count(self._checks, 'check')}.",
            {"train": observation.own(self._train), "validation": observation.own(validation)},
            subject=observation.curve(train=False),
        )
