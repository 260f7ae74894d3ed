"""Iterations as they wait to be looked at: their results in a row, as LightGBM gave them.

Nothing is made of a result until it is looked at, and nothing is kept beside it for Python's
garbage collector to look through. Only where an iteration does not follow the one before it, or has
another learning rate or number of results, there stands what it is before its results.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from mllog_lightgbm.names import Row, distinct

__all__ = ["Beginning", "Stretch", "Stretches"]


class Beginning(NamedTuple):
    """An iteration that is not like the one before it.

    Attributes:
        iteration: Its number from 1; that of each iteration after it is one more.
        width: How many results it has.
        rate: The learning rate, if given.
        in_force: The numbers of parameters that change.
    """

    iteration: int
    width: int
    rate: object
    in_force: Mapping[str, float] = MappingProxyType({})


class Stretch:
    """Consecutive iterations with as many results each, and the same parameters in force.

    Args:
        iterations: Their numbers from 1.
        columns: A list for each result, of what it was in each iteration.
        rate: The learning rate, if given.
        in_force: The numbers of parameters that change.
    """

    def __init__(
        self,
        iterations: range,
        columns: Sequence[Sequence[Row]],
        rate: object,
        in_force: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.iterations = iterations
        self.rate = rate
        self.in_force = in_force
        self._columns = columns

    @property
    def first(self) -> Sequence[Sequence[Any]]:
        """The results of the first iteration."""
        return [column[0] for column in self._columns]

    def since(self, iteration: int = 0) -> Iterator[tuple[int, Sequence[Sequence[Any]]]]:
        """Each iteration's number and results, from one on."""
        begin = max(0, iteration - self.iterations[0])
        if not self._columns:
            return iter([(each, ()) for each in self.iterations[begin:]])
        return zip(
            self.iterations[begin:],
            zip(*(column[begin:] for column in self._columns), strict=True),
            strict=True,
        )

    @cached_property
    def numbers(self) -> list[list[float]] | None:
        """The values of each result; None where iterations differ in anything else."""
        numbers = []
        for column in self._columns:
            dataset, metric, values, higher_is_better, *_ = zip(*column, strict=False)
            for told in (dataset, metric, higher_is_better):
                if told.count(told[0]) < len(told):
                    return None
            if not all(issubclass(kind, float) for kind in set(map(type, values))):
                return None
            numbers.append([*map(float, values)])
        return numbers

    @cached_property
    def curves(self) -> dict[tuple[str, str], list[float]]:
        """The values of each metric, by its set and name, and of parameters that change."""
        columns = self.numbers
        if columns is None:
            columns = [[float(each[2]) for each in column] for column in self._columns]
        named = [(str(each[0]), str(each[1])) for each in self.first]
        constant = {
            ("", name): [value] * len(self.iterations) for name, value in self.in_force.items()
        }
        return {**dict(zip(named, columns, strict=True)), **constant}


class Stretches:
    """Puts together what comes in parts."""

    def __init__(self) -> None:
        self._following = Beginning(1, 0, None)

    def read(self, items: Sequence[object]) -> Iterable[Stretch]:
        """Read the next items: results, and beginnings among them."""
        begins = [at for at, item in enumerate(items) if type(item) is Beginning]
        for begin, end in zip([None, *begins], [*begins, len(items)], strict=True):
            results = items[0 if begin is None else begin + 1 : end]
            if begin is not None:
                self._following = items[begin]  # type: ignore[assignment]  # found above
            first, width, rate, in_force = self._following
            count = len(results) // width if width else int(begin is not None)
            if count:
                columns = _columns(results, width)
                self._following = Beginning(first + count, width, rate, in_force)
                yield Stretch(range(first, first + count), columns, rate, in_force)


def _columns(results: Sequence[Any], width: int) -> list[Sequence[Any]]:
    """A list for each result of an iteration, of what it was in each."""
    first = results[:width]
    if distinct(first) is not first:
        rows = [distinct(results[at : at + width]) for at in range(0, len(results), width or 1)]
        results = [each for row in rows for each in row]
    return [results[place::width] for place in range(width)]
