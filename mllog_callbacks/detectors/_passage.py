"""Passages: consecutive observations of one metric on one set, column by column."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from itertools import repeat
from typing import Final, Protocol, TypeAlias, TypeGuard, cast

from mllog_callbacks.detectors._protocol import LARGEST, Detector, Observation

__all__ = ["Passage", "Skimmer", "skims"]

Values: TypeAlias = Sequence[float | None]

_MOST: Final = 100


class Passage:
    """Observations that differ in nothing but their step and their values.

    Args:
        first: The first observation.
        steps: The steps of all; they grow.
        train: The values on the training data of all; None where none was measured.
        validation: The same on the validation set.
    """

    def __init__(
        self,
        first: Observation,
        steps: Sequence[int],
        train: Values | None = None,
        validation: Values | None = None,
    ) -> None:
        self.first = first
        self.steps = steps
        self._train, self._validation = train, validation

    @property
    def is_plain(self) -> bool:
        """Whether the values are numbers of a common size: such a passage can be skimmed."""
        return all(each is None or _are_plain(each) for each in (self._train, self._validation))

    @cached_property
    def losses(self) -> tuple[Sequence[float] | None, Sequence[float] | None]:
        """Both columns of plain values, turned so that less is better; None where not measured."""
        return self._turned(self._train), self._turned(self._validation)

    def _turned(self, values: Values | None) -> Sequence[float] | None:
        if values is None or not self.first.higher_is_better:
            return cast("Sequence[float] | None", values)
        return [-value for value in values if value is not None]

    @cached_property
    def observations(self) -> list[Observation]:
        """The observations, one by one."""
        columns = (
            repeat(None) if each is None else each for each in (self._train, self._validation)
        )
        return [
            self.first._replace(step=step, train=train, validation=validation)
            for step, train, validation in zip(self.steps, *columns, strict=False)
        ]

    def parts(self, beyond: float) -> Iterator["Passage"]:
        """Passages of at most a hundred observations each, whose steps are beyond one."""
        rate = self.first.learning_rate
        most = _MOST if rate is None or 0 < rate < math.inf else 1  # which may seem to change
        for begin in range(bisect_right(self.steps, beyond), len(self.steps), most):
            part = slice(begin, begin + most)
            train = None if self._train is None else self._train[part]
            validation = None if self._validation is None else self._validation[part]
            first = self.first._replace(
                step=self.steps[begin],
                train=None if train is None else train[0],
                validation=None if validation is None else validation[0],
            )
            yield Passage(first, self.steps[part], train, validation)


def _are_plain(values: Values) -> TypeGuard[Sequence[float]]:
    if None in values:
        return False
    numbers = cast("Sequence[float]", values)
    # NaN shows in the sum, and not in the extremes
    return min(numbers) > -LARGEST and max(numbers) < LARGEST and math.isfinite(sum(numbers))


class Skimmer(Detector, Protocol):
    """A detector that takes a whole passage at once where it has no issue, as most have none."""

    def skim(self, passage: Passage) -> bool:
        """Take a passage, which is plain, as if its observations were taken one by one.

        Returns:
            False, and then it has not taken it, where there may be an issue in it.
        """
        ...


def skims(detector: Detector) -> TypeGuard[Skimmer]:
    """Whether a detector skims: not where its class has another way to observe than ours has."""
    return _skims(type(detector))


@cache
def _skims(kind: type) -> bool:
    observing = next((each for each in kind.__mro__ if "observe" in vars(each)), kind)
    return "skim" in vars(observing)
