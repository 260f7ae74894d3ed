"""What does not change: a metric with one value, and a learning rate of zero."""

import math
from typing import Final

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity, Unit
from mllog_callbacks.schema import count

__all__ = ["ConstantMetric", "ZeroLearningRate"]

CHECKS: Final[dict[Unit, int]] = {"epoch": 10, "iteration": 30, "step": 200}
RATES: Final[dict[Unit, int]] = {"epoch": 5, "iteration": 30, "step": 200}


class _Same:
    """How often a series has had one value, from its first on; over with the first other."""

    __slots__ = ("first", "over", "reported", "seen")

    def __init__(self) -> None:
        self.first = math.nan
        self.seen = 0
        self.over = self.reported = False

    def take(self, value: float) -> bool:
        """Take a value; returns whether it is the first other one."""
        if not self.seen:
            self.first = value
        self.seen += 1
        self.over = value != self.first
        return self.over


class ConstantMetric:
    """A metric has the same value at each check from the first on; closed by another value.

    A score to maximise that is the same throughout may be the best there is: that is information.

    Watches the training and the validation value.

    Args:
        checks: How many checks; default 10, 30 by iteration or 200 by step.
    """

    name = "constant_metric"

    def __init__(self, *, checks: int | None = None) -> None:
        self._checks = checks
        self._train, self._validation = _Same(), _Same()

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        issue = None
        if observation.train is not None and not self._train.over:
            issue = self._take(observation, observation.train, self._train)
        if observation.validation is not None and not self._validation.over:
            other = self._take(observation, observation.validation, self._validation)
            issue = issue or other
        return issue

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where all that is watched has changed."""
        return all(
            values is None or seen.over
            for seen, values in zip((self._train, self._validation), passage.losses, strict=True)
        )

    def _take(self, observation: Observation, value: float, seen: _Same) -> Issue | None:
        changed = seen.take(value)
        if self._checks is None:
            self._checks = CHECKS[observation.unit]
        train = seen is self._train
        subject, curve = observation.subject(train=train), observation.curve(train=train)
        if changed and seen.reported:
            return kind(self.name).issue(
                observation,
                f"No longer constant: {subject} changes at {observation.at}.",
                f"{subject} was {seen.first:.6g} at each of the {seen.seen - 1:,} checks before.",
                {"value": seen.first},
                Severity.INFO,
                state="closed",
                subject=curve,
                closed_by="another value",
            )
        if changed or seen.reported or seen.seen < self._checks:
            return None
        seen.reported = True
        return kind(self.name).issue(
            observation,
            f"Constant metric: {subject} is {seen.first:.6g} at each of its first "
            f"{count(seen.seen, 'check')}.",
            f"{subject} has had no other value up to {observation.at}.",
            {"value": seen.first, "repeated": seen.seen},
            Severity.INFO if observation.higher_is_better else None,
            subject=curve,
        )


class ZeroLearningRate:
    """The learning rate is zero at each check from the first on; closed by another rate.

    Args:
        checks: How many checks; default 5, 30 by iteration or 200 by step.
    """

    name = "zero_learning_rate"

    def __init__(self, *, checks: int | None = None) -> None:
        self._checks = checks
        self._seen = 0
        self._moved = self._open = False

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation."""
        rate = observation.learning_rate
        if rate is None or self._moved:
            return None
        if self._checks is None:
            self._checks = RATES[observation.unit]
        self._seen += 1
        if rate != 0:
            self._moved = True
            return self._over(observation, rate) if self._open else None
        if self._seen != self._checks:
            return None
        self._open = True
        return kind(self.name).issue(
            observation,
            f"The learning rate is 0: nothing has been learned up to {observation.at}.",
            f"It has been 0 at each of the first {count(self._seen, 'check')}.",
            {"learning_rate": 0.0, "repeated": self._seen},
        )

    def skim(self, passage: Passage) -> bool:
        """Take the next observations at once, where the rate is not zero."""
        return self._moved or passage.first.learning_rate is None

    def _over(self, observation: Observation, rate: float) -> Issue:
        return kind(self.name).issue(
            observation,
            f"The learning rate is {rate:.4g} from {observation.at} on.",
            f"It had been 0 at each of the {count(self._seen - 1, 'check')} before.",
            {"learning_rate": rate},
            Severity.INFO,
            state="closed",
            closed_by="another learning rate",
        )
