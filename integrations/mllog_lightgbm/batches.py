"""Iterations as they wait in a run's queue, and how they are read from there.

Nothing is made of a result until the queue is read: its rows are kept as LightGBM gave them, one
after the other. Only where an iteration does not follow the one before it, or has another number of
results or other parameters, its header comes before its rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from mllog_callbacks import Steps, Training, guarded

__all__ = [
    "Batches",
    "Header",
    "Result",
    "Row",
    "by_set",
    "deviations_by_set",
    "first_free",
    "read_results",
]

Row: TypeAlias = Sequence[Any]
"""A result as LightGBM gives it: set, metric, value, direction, and the deviation over folds."""

_CV_SET: Final = "cv_agg"
"""Before 4.7 `cv` called every set so, and wrote its name before the metric's."""

_DEVIATION: Final = 4
"""Where the deviation over folds is in a row of `cv`."""


class Header(NamedTuple):
    """An iteration that is not like the one before it.

    Attributes:
        iteration: Its number from 1; that of each iteration after it is one more.
        width: How many results it has.
        rate: The learning rate; None where it is not known.
        changes: Parameters that have other values from it on.
    """

    iteration: int
    width: int
    rate: object
    changes: Mapping[str, object] = MappingProxyType({})


class Result(NamedTuple):
    """One metric on one set, at one iteration.

    Attributes:
        dataset: Name of the set.
        metric: Name of the metric.
        value: Its value; with folds, their mean.
        higher_is_better: Its direction, as LightGBM says.
        deviation: Standard deviation over the folds of `lightgbm.cv`; else None.
    """

    dataset: str
    metric: str
    value: float
    higher_is_better: bool
    deviation: float | None = None


class Batches:
    """Reads a run's queue: hands its iterations on in batches, column by column.

    Args:
        training: What records them.
        directions: Takes whether more of a metric is better, by its name.
        begin: Called with the first results, before these are handed on.
        before: The values of parameters at the start, by their main names.
    """

    def __init__(
        self,
        training: Training,
        directions: dict[str, bool],
        begin: Callable[[Sequence[Result]], object],
        before: Mapping[str, object],
    ) -> None:
        self._training, self._directions = training, directions
        self._begin, self._before = begin, before
        self._begun = False
        self._next = Header(1, 0, None)

    def take(self, items: Sequence[object]) -> None:
        """Take the next items of the queue: rows, and headers among them."""
        at = [index for index, item in enumerate(items) if type(item) is Header]
        for begin, end in zip([None, *at], [*at, len(items)], strict=True):
            rows = items[0 if begin is None else begin + 1 : end]
            if begin is not None:
                self._next = items[begin]  # type: ignore[assignment]  # found above
                self._take_changes(self._next)
            first, width, rate, _ = self._next
            count = len(rows) // width if width else int(begin is not None)
            if count:
                self._next = self._next._replace(iteration=first + count)
                self._hand_on(range(first, first + count), rows, width, rate)

    @guarded
    def _take_changes(self, header: Header) -> None:
        if header.changes:
            self._training.done = header.iteration - 1
            self._training.changed(header.changes, self._before)

    @guarded
    def _hand_on(self, at: range, rows: Sequence[Any], width: int, rate: object) -> None:
        columns = _columns(rows, width)
        if not self._begun:
            self._begun = True
            self._begin(read_results([column[0] for column in columns]))
        learning_rate = float(rate) if isinstance(rate, int | float) else None
        if all(map(_is_of_one_metric, columns)):
            self._steps(at, columns, learning_rate)
            return
        for index in range(len(at)):
            one = [[column[index]] for column in columns]
            self._steps(at[index : index + 1], one, learning_rate)

    def _steps(self, at: range, columns: Iterable[Sequence[Row]], rate: float | None) -> None:
        values: dict[tuple[str, str], list[float]] = {}
        deviations: dict[tuple[str, str], list[float]] = {}
        for column in columns:
            dataset, metric, _, more, *_ = column[0]
            key = str(dataset), str(metric)
            self._directions.setdefault(key[1], bool(more))
            values[key] = [float(row[2]) for row in column]
            if len(column[0]) > _DEVIATION:
                deviations[key] = [float(row[_DEVIATION]) for row in column]
        self._training.steps(Steps(at, values, deviations, rate))


def read_results(given: Iterable[Row] | None) -> list[Result]:
    """Read LightGBM's results: tuples of four or five before 4.7, `EvalResult` since."""
    return [_read(each) for each in _distinct(list(given or ()))]


def _read(row: Row) -> Result:
    deviation = float(row[_DEVIATION]) if len(row) > _DEVIATION else None
    return Result(str(row[0]), str(row[1]), float(row[2]), bool(row[3]), deviation)


def by_set(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """Values by set and metric."""
    found: dict[str, dict[str, float]] = {}
    for each in results:
        found.setdefault(each.dataset, {})[each.metric] = each.value
    return found


def deviations_by_set(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """Standard deviations over folds by set and metric; empty without folds."""
    found: dict[str, dict[str, float]] = {}
    for each in results:
        if each.deviation is not None:
            found.setdefault(each.dataset, {})[each.metric] = each.deviation
    return found


def first_free(name: str, taken: Iterable[str]) -> str:
    """A name, with a number behind it where it is taken."""
    at, free, names = 1, name, {*taken}
    while free in names:
        at += 1
        free = f"{name} ({at})"
    return free


def _columns(rows: Sequence[Any], width: int) -> list[Sequence[Row]]:
    """A list for each result of an iteration, of what it was in each."""
    first = rows[:width]
    if _distinct(first) is not first:
        parts = [_distinct(rows[at : at + width]) for at in range(0, len(rows), width)]
        rows = [row for part in parts for row in part]
    return [rows[place::width] for place in range(width)]


def _is_of_one_metric(column: Sequence[Row]) -> bool:
    """Whether the rows differ in nothing but their numbers."""
    dataset, metric, _, more, *_ = zip(*column, strict=False)
    return all(each.count(each[0]) == len(each) for each in (dataset, metric, more))


def _distinct(rows: Sequence[Row]) -> Sequence[Row]:
    """An iteration's rows; of two sets of one name the second is called "name (2)"."""
    keys = [(each[0], each[1]) for each in rows]
    if len(set(keys)) == len(keys) and not any(each[0] == _CV_SET for each in rows):
        return rows
    taken: set[tuple[str, str]] = set()
    named: list[Row] = []
    for dataset, metric, *rest in rows:
        name, of = str(dataset), str(metric)
        if dataset == _CV_SET:
            name, _, of = of.partition(" ")
        name = first_free(name, [each for each, other in taken if other == of])
        taken.add((name, of))
        named.append((name, of, *rest))
    return named
