"""Consecutive steps of a training, column by column."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mllog_callbacks.adapter._curve import Key
from mllog_callbacks.facts import Results

__all__ = ["Steps", "by_set"]


class Steps(NamedTuple):
    """Steps that follow each other, measured the same metrics, and had the same parameters.

    Attributes:
        at: Their numbers, from 1.
        values: The values of each metric on each set, one a step.
        deviations: Their standard deviations over folds.
        learning_rate: The learning rate in force.
    """

    at: range
    values: Mapping[Key, Sequence[float]]
    deviations: Mapping[Key, Sequence[float]] = {}
    learning_rate: float | None = None

    def part(self, begin: int, end: int) -> "Steps":
        """The steps from one to before another, counted from 0."""
        if begin == 0 and end == len(self.at):
            return self
        values, deviations = (
            {key: column[begin:end] for key, column in columns.items()}
            for columns in (self.values, self.deviations)
        )
        return self._replace(at=self.at[begin:end], values=values, deviations=deviations)

    @property
    def last(self) -> Results:
        """What was measured in the last of them."""
        return by_set({key: column[-1] for key, column in self.values.items()})

    @property
    def last_deviations(self) -> Results | None:
        """The deviations of the last of them."""
        return by_set({key: column[-1] for key, column in self.deviations.items()}) or None


def by_set(values: Mapping[Key, float]) -> Results:
    """Values by set and by metric."""
    found: dict[str, dict[str, float]] = {}
    for (name, metric), value in values.items():
        found.setdefault(name, {})[metric] = value
    return found
