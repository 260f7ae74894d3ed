"""Overfitting: the validation loss rises from its best while the training loss still falls."""

import math
from collections.abc import Sequence
from itertools import accumulate
from operator import sub
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity, Unit
from mllog_callbacks.detectors._smoothing import ROUNDING, Follower, Level, Rises

__all__ = ["Overfitting"]

_BEYOND_NOISE: Final = 2.0
"""Standard deviations of the training loss's noise, by which it has to fall.

Two exponential means of span 3 differ by noise alone by as much less than once in a hundred times;
the rise is asked for more, as it is from the lowest of many.
"""

_LASTING: Final[dict[Unit, tuple[int, int]]] = {
    "epoch": (3, 5),
    "iteration": (6, 10),
    "step": (3, 5),
}
"""How many checks in a row at least, and at most: 3 % of the run between. An iteration is short."""

_EARLY: Final = 2
"""The check from whose level on a gain counts, where it is below the first."""

_READABLE: Final = 100


class Overfitting:
    """The validation loss has risen from its best; closed by a new best.

    The level is an exponential mean of the validation loss that follows a fall at once, the
    rise its distance from the best level. A rise counts when it is material (a share of the best
    level, and of all that was gained since the start), larger than the noise, not the work of one
    outlier, and the training loss has fallen since: Prechelt's generalisation loss with these
    gates. Where the best loss is at or below zero a share of it means nothing, and that of the gain
    counts alone; of a score to maximise a hundredth of it is the least that counts.

    Without training values there is no issue, but for boosting iterations, which are fitted to
    lower the training loss.

    Args:
        rise: Least rise, as a share of the best level.
        share: Least rise, as a share of what was gained between the first and the best level.
        most: A rise by this share of the best level is material, whatever was gained: a first value
            far off makes everything after it look small.
        score: Least fall of a score to maximise, as a share of its best level.
        noise: Least rise, in standard deviations of the noise.
        fall: Least fall of the training loss since the best, as a share.
        grown: The rise from which the model is seriously worse, as a share of the best level.
        span: Span of the exponential means, in checks.
    """

    name = "overfitting"

    def __init__(
        self,
        *,
        rise: float = 0.03,
        share: float = 0.04,
        most: float = 0.15,
        score: float = 0.01,
        noise: float = 3.0,
        fall: float = 0.02,
        grown: float = 0.10,
        span: int = 3,
    ) -> None:
        self._rise, self._share, self._most, self._noises = rise, share, most, noise
        self._score, self._fall, self._grown = score, fall, grown
        self._level, self._train = Follower(span), Level(span)
        self._rises = Rises()
        self._first = math.nan
        self._train_first = self._trained = math.nan
        self._best = self._lowest = math.inf
        self._lowest_step = -1
        self._best_train = math.nan
        self._checks = self._streak = 0
        self._maximised = False
        self._since: int | None = None  # of the issue that is open

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        if train is not None:
            self._take_trained(train, by_step=observation.unit == "step")
        return None if validation is None else self._check(observation, validation)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where no rise can be found nor be over."""
        train, validation = passage.losses
        if validation is None:
            self._train_levels(train, by_step=passage.first.unit == "step")
            return True
        ahead = self._level.twin()
        levels = ahead.extend(validation)
        self._maximised = bool(passage.first.higher_is_better)
        if self._may_find(levels, ahead.calmest):
            return False
        self._level = ahead
        trained = self._train_levels(train, by_step=passage.first.unit == "step")
        self._take_calm(passage.steps, validation, levels, trained)
        return True

    @property
    def grown(self) -> bool:
        """Whether the level is now so far above its best that the model is seriously worse."""
        return self._level.value - self._best > self._material(self._grown, 2 * self._share)

    @property
    def risen(self) -> float:
        """How far the level is above its best now."""
        return self._level.value - self._best

    def _take_trained(self, train: float, *, by_step: bool) -> None:
        """Take a training loss, as `_train_levels` takes many."""
        if math.isnan(self._train_first):
            self._train_first = train
        self._rises.extend((train,))
        level = self._train.update(train)
        self._trained = train if train < level and not by_step else level

    def _train_levels(self, train: Sequence[float] | None, *, by_step: bool) -> Sequence[float]:
        """Take training losses; returns what each of them has come down to.

        Of epochs and iterations the value itself, where it is below the level: that the level
        still comes down to it is no fall. A single batch may be lucky.
        """
        if train is None:
            return ()
        if math.isnan(self._train_first):
            self._train_first = train[0]
        self._rises.extend(train)
        levels = self._train.extend(train)
        trained = levels if by_step else [*map(min, levels, train)]
        self._trained = trained[-1]
        return trained

    def _take_calm(
        self,
        steps: Sequence[int],
        validation: Sequence[float],
        levels: Sequence[float],
        trained: Sequence[float],
    ) -> None:
        self._checks += len(steps)
        self._streak = 0
        lowest, level = min(validation), min(levels)
        if lowest < self._lowest:
            self._lowest, self._lowest_step = lowest, steps[validation.index(lowest)]
        if level < self._best:
            self._best = level
            self._best_train = trained[levels.index(level)] if trained else self._trained

    def _may_find(self, levels: Sequence[float], calmest: float) -> bool:
        lowest = min(levels)
        if lowest < self._best and (self._since is not None or self._checks < _EARLY):
            return True
        if self._since is not None:
            return False
        bests = accumulate(levels, min, initial=self._best)  # before each level
        rise: float = max(map(sub, levels, bests))
        return rise > self._least_material(min(lowest, self._best)) and not (
            rise <= self._noises * calmest
        )

    def _least_material(self, lowest: float) -> float:
        """What any material rise exceeds while the best goes down to the lowest level."""
        gained = self._share * (self._first - self._best)
        if self._best <= 0 or lowest <= 0:
            return min(gained, self._material(self._rise, self._share))
        return min(max(self._rise * lowest, gained), max(self._rise, self._most) * lowest)

    def _check(self, observation: Observation, value: float) -> Issue | None:
        self._checks += 1
        self._maximised = bool(observation.higher_is_better)
        level = self._level.update(value)
        if value < self._lowest:
            self._lowest, self._lowest_step = value, observation.step
        if level < self._best:
            return self._improved(observation, level)
        if self._since is not None:
            return None
        material = self._material(self._rise, self._share)
        rise = level - self._best
        noise = self._level.noise
        holds = (
            rise > material and value - self._best > material and not rise <= self._noises * noise
        )
        self._streak = self._streak + 1 if holds and self._fell(observation) else 0
        least, most = _LASTING[observation.unit]
        if not self._streak or self._streak < min(max(math.ceil(0.03 * self._checks), least), most):
            return None
        self._since = self._lowest_step
        return self._risen(observation, level)

    def _material(self, rise: float, share: float) -> float:
        gained, best = share * (self._first - self._best), self._best
        if best > 0:
            return min(max(rise * best, gained), max(rise, self._most) * best)
        if self._maximised:
            least = rise / self._rise * self._score
            return min(max(-least * best, gained), -max(least, self._most) * best)
        return gained

    def _fell(self, observation: Observation) -> bool:
        best = self._best_train
        if math.isnan(best):
            return observation.unit == "iteration" and math.isnan(self._train.value)
        scale = best if best > 0 else max(self._train_first - best, 0.0)
        # an exponential mean that comes down to zero falls for ever
        least = max(self._fall * scale, ROUNDING * abs(self._train_first))
        fell = best - self._train.value
        return fell > least and fell > _BEYOND_NOISE * self._rises.noise

    def _improved(self, observation: Observation, level: float) -> Issue | None:
        since = self._since
        if self._checks <= _EARLY:
            self._first = level  # a value from before anything is learned says nothing of a gain
        self._best, self._best_train = level, self._trained
        self._streak, self._since = 0, None
        if since is None:
            return None
        subject, shown = observation.subject(train=False), observation.shown
        return kind(self.name).issue(
            observation,
            f"Overfitting resolved: {subject} reached a new best at {observation.at}.",
            f"The smoothed {subject} is {shown(level)} at {observation.at}, its best so far; it "
            f"had been getting worse since {observation.counted} {since:,}.",
            {"best": observation.own(self._lowest), "best_step": self._lowest_step},
            Severity.INFO,
            state="closed",
            subject=observation.curve(train=False),
            since=since,
            closed_by="a new best",
        )

    def _risen(self, observation: Observation, level: float) -> Issue:
        subject, shown = observation.subject(train=False), observation.shown
        moved = "fallen" if observation.higher_is_better else "risen"
        share = f" by {(level - self._best) / abs(self._best):.1%}" if self._best else ""
        since = f"{observation.counted} {self._lowest_step:,}"
        return kind(self.name).issue(
            observation,
            f"Overfitting: {subject} has been getting worse since {since}.",
            f"{subject} was best at {since} ({shown(self._lowest)}). By {observation.at} the "
            f"smoothed value had {moved}{share} from its best, to {shown(level)}"
            f"{self._times_noise(level)}. {self._meanwhile(observation)}",
            self._numbers(observation, level),
            subject=observation.curve(train=False),
            since=self._lowest_step,
        )

    def _times_noise(self, level: float) -> str:
        noise = self._level.noise
        times = (level - self._best) / noise if noise > 0 else math.inf
        # a multiple of next to no noise is no evidence that a reader can use
        return f" ({times:.2g} times its noise)" if times < _READABLE else ""

    def _meanwhile(self, observation: Observation) -> str:
        if math.isnan(self._best_train):
            return "No training value is available to compare with."
        moved = "rose" if observation.higher_is_better else "fell"
        return (
            f"The {observation.subject(train=True)} {moved} meanwhile from "
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
