"""Plateau: hardly anything was gained over a good part of the run, at one learning rate."""

import math
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity, Unit
from mllog_callbacks.detectors._smoothing import BestSince, Level

__all__ = ["Plateau"]

# an iteration is shorter than an epoch: thrice as many, as in the windows of other detectors
_LEAST: Final[dict[Unit, int]] = {"epoch": 10, "iteration": 30, "step": 200}
_SPAN: Final[dict[Unit, int]] = {"epoch": 5, "iteration": 5, "step": 50}


class Plateau:
    """Compares what the last part of the run brought with all that was gained.

    The part grows with the run, so that "long" is measured by the run itself and not by a
    patience. A drop of the learning rate begins the part anew: what it brings is still to be
    seen. A smooth schedule drops a little at a time, and each time that it has come down to half
    counts as one drop.

    Watches the validation value, the training value where there is none.

    Args:
        part: Part of the run that must have brought nothing, for a possible plateau.
        gain: What counts as nothing, as a share of all that was gained.
        long_part: The same part for a confirmed plateau.
        long_gain: The same share for a confirmed plateau.
        least: Least number of checks in a part; default 10, 30 by iteration, 200 by step.
        drop: Learning rate, as a share of that before, from which a plateau begins anew.
        span: Span of the exponential mean, in checks; default 5, or 50 by step.
        gained: Least gain in all, as a share of the start: below it nothing was gained that could
            have come to rest. Not asked of a start at or below zero, and thereby not of metrics to
            maximise.
    """

    name = "plateau"

    def __init__(
        self,
        *,
        part: float = 0.25,
        gain: float = 0.005,
        long_part: float = 0.5,
        long_gain: float = 0.01,
        least: int | None = None,
        drop: float = 0.5,
        span: int | None = None,
        gained: float = 0.02,
    ) -> None:
        self._gained = gained
        self._limits = ((part, gain), (long_part, long_gain))
        self._least, self._drop = least, drop
        self._span = span
        self._level: Level | None = None
        self._bests = BestSince()
        self._validated = False
        self._start = math.nan
        self._rate: float | None = None
        self._dropped_at = ""
        self._checks = self._begun = self._stage = 0
        self._told_best = math.nan

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        train, validation = observation.losses()
        self._read_rate(observation)
        self._validated = self._validated or validation is not None
        value = validation if self._validated else train
        return None if value is None else self._check(observation, value)

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where no plateau can be told nor ended."""
        if self._level is None:
            return False
        train, validation = passage.losses
        self._read_rate(passage.first)
        self._validated = self._validated or validation is not None
        values = validation if self._validated else train
        if values is None:
            return True
        known = self._level.value
        levels = self._level.extend(values)
        if self._may_tell(min(levels), len(levels)):
            self._level.value = known
            return False
        self._checks += len(levels)
        self._bests.extend(levels)
        return True

    def _may_tell(self, lowest: float, more: int) -> bool:
        """Whether an issue may begin or end within more checks, down to a lowest level."""
        best = self._bests.best
        if self._stage and lowest < best:
            return True
        most_gained = self._start - min(lowest, best)
        if self._stage == len(self._limits) or self._is_little(most_gained):
            return False
        part, share = self._limits[self._stage]
        end = self._checks + more
        checks = max(self._least or 1, math.ceil(part * end))
        if end - 1 - self._begun < checks:
            return False
        # what is compared with at the last check, and at those before with no better
        since = checks - more
        return since < 0 or not self._bests.ago(since) - best > share * most_gained

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
            self._begun, self._stage = self._checks, 0

    def _check(self, observation: Observation, value: float) -> Issue | None:
        self._checks += 1
        if self._level is None:
            self._level = Level(self._span or _SPAN[observation.unit])
            self._least = self._least or _LEAST[observation.unit]
        best = self._bests.update(self._level.update(value))
        if self._checks == 1:
            self._start = best
        gained = self._start - best
        if self._stage and self._told_best - best > 0.02 * gained:
            self._stage, self._begun = 0, self._checks - 1
        if self._stage == len(self._limits) or self._is_little(gained):
            return None
        part, share = self._limits[self._stage]
        checks = max(self._least or 1, math.ceil(part * self._checks))
        if self._checks - 1 - self._begun < checks:
            return None
        if self._bests.ago(checks) - best > share * gained:
            return None
        self._stage += 1
        self._told_best = best
        return self._found(observation, checks, gained)

    def _found(self, observation: Observation, checks: int, gained: float) -> Issue:
        possible = self._stage == 1
        subject = observation.subject(train=not self._validated)
        best = self._bests.best
        brought = max(0.0, self._bests.ago(checks) - best)
        rate, dropped = observation.learning_rate, self._dropped_at
        fell = f", last down to half or less at {dropped}" if dropped else ""
        told = "" if rate is None else f" The learning rate is {rate:.6g}{fell}."
        return kind(self.name).issue(
            observation,
            f"{'Possible plateau' if possible else 'Plateau'}: {subject} hardly improved over the "
            f"last {checks:,} checks.",
            f"The smoothed best of {subject} is {observation.shown(best)}; the last {checks:,} of "
            f"{self._checks:,} checks brought {brought:.3g} of the {gained:.3g} gained since the "
            f"start, {brought / gained:.2%}.{told}",
            {"best": observation.own(best), "gained": gained, "gained_lately": brought},
            None if possible else Severity.WARNING,
            state="possible" if possible else "open",
            subject=observation.curve(train=not self._validated),
        )
