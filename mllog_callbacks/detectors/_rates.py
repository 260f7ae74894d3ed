"""What the learning rate did in a training so far: where it began, how it rose, and what it is."""

from mllog_callbacks._record import Record, replace
from mllog_callbacks.detectors._protocol import Observation

__all__ = ["Rates", "Rise", "much_lower"]

_MUCH = 2
"""From twice itself on, or down to half of itself, a learning rate is another one."""


class Rise(Record):
    """A rise of the learning rate, in one step or in several that follow each other.

    Attributes:
        before: The learning rate before.
        after: That at its end.
        unit: The word for what its steps count.
        since: The first step with a higher rate.
        until: The step that reached the last.
    """

    before: float
    after: float
    unit: str
    since: int
    until: int

    def __str__(self) -> str:
        """The rise in words, as in "rose from 0.01 to 0.1 at epoch 20"."""
        place = f"at {self.unit} {self.until:,}"
        if self.since < self.until:
            place = f"between {self.unit} {self.since:,} and {self.unit} {self.until:,}"
        return f"rose from {self.before:.6g} to {self.after:.6g} {place}"


class Rates(Record):
    """The learning rate as the observations of a stream carry it.

    Attributes:
        start: The first.
        now: The last.
        highest: The highest.
        first: The step of the first.
        climb: How it rose since it last fell; None where it did not.
        rise: The last such climb that came to twice what it began at.
    """

    start: float
    now: float
    highest: float
    first: int
    climb: Rise | None = None
    rise: Rise | None = None

    @classmethod
    def begun(cls, rate: float, observation: Observation) -> "Rates":
        """Begin with a rate.

        Args:
            rate: The learning rate.
            observation: What carried it, or the place where it was seen.
        """
        return cls(rate, rate, rate, observation.step)

    def then(self, rate: float, observation: Observation) -> "Rates":
        """What there is with the next rate; the arguments are those of `begun`."""
        if not rate > self.now:
            return replace(self, now=rate, climb=None)
        unit, step, climb = observation.counted, observation.step, self.climb
        if climb is None:
            climb = Rise(self.now, rate, unit, step, step)
        else:
            climb = replace(climb, after=rate, until=step)
        rise = climb if rate >= _MUCH * climb.before >= 0 else self.rise
        highest = max(rate, self.highest)
        return Rates(self.start, rate, highest, self.first, climb, rise)

    def risen(self, step: int) -> Rise | None:
        """The rise that may be felt at a step.

        One that was taken back is not, nor one that lies longer ago than all that was before it.
        """
        rise = self.rise
        if rise is None or much_lower(self.now, rise.after):
            return None
        return rise if step - rise.until <= rise.until - self.first else None

    def peak(self, start: float | None) -> float:
        """The highest rate that the training has stood.

        Args:
            start: The rate before the first; None where it is not known.
        """
        return self.highest if start is None else max(self.highest, start)


def much_lower(now: float, before: float) -> bool:
    """Whether a learning rate is so far below another that what that one did, it does not do."""
    return 0 <= now * _MUCH <= before and now < before
