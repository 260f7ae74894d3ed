"""The runs of a table, and what counts the values of a curve in each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from mllog_callbacks.curves._cells import number
from mllog_callbacks.curves._columns import Column, Role, counters
from mllog_callbacks.curves._pairing import Curve
from mllog_callbacks.curves._table import Row, Table
from mllog_callbacks.detectors import Observation, Unit

__all__ = ["Axis", "Run", "observations", "runs"]

_SINGLE_STEPS: Final = 500
"""As many values, one after the other, that they are of single steps: fewer may as well be epochs
that their logger calls steps."""


_FEWEST: Final = 3
"""Epochs with a validation, from which on the training values of each are taken by their mean."""


@dataclass(frozen=True, slots=True)
class Run:
    """Rows of one training.

    Attributes:
        number: Its number in its table, from 1.
        first: Index of its first row in the table.
        rows: Its rows.
        why: Why it is taken for another than the run before; empty for the first.
    """

    number: int
    first: int
    rows: tuple[Row, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """What counts the values of a curve.

    Attributes:
        column: The column; None where no column does, and rows are counted.
        called: The word for what is counted.
        unit: As what detectors judge a value.
        averaged: Whether several training values an epoch are taken by their mean.
        beside: Where rows are counted, the column in which rows that belong together are equal.
    """

    column: str | None
    called: str
    unit: Unit
    averaged: bool = False
    beside: str | None = None


def runs(table: Table, columns: Sequence[Column]) -> list[Run]:
    """The runs of a table: one ends where its epoch, else its step, goes back."""
    counting = [each.name for each in counters(columns)]
    metrics = frozenset(each.name for each in columns if each.role is Role.METRIC)
    begun: dict[int, str] = {0: ""}
    for index in table.breaks:
        begun[index] = "the line of names is repeated"
    if counting:
        begun = dict(_returns(table, counting[0], metrics)) | begun
    if len(counting) > 1:
        begun = dict(_within_epoch(table, counting[0], counting[1], metrics)) | begun
    starts = sorted(each for each in begun if each < len(table.rows))
    ends = [*starts[1:], len(table.rows)]
    return [
        Run(number, start, table.rows[start:end], begun[start])
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
    ]


def _returns(table: Table, counter: str, metrics: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Rows whose counter goes back: against rows of the same metrics, or to the run's start.

    Rows of evaluations may be written a little later than those of the training after them.
    """
    first: float | None = None
    highest = 0.0
    last: dict[frozenset[str], float] = {}
    for index, row in enumerate(table.rows):
        at = number(row.get(counter))
        if at is None:
            continue
        kind = metrics.intersection(row)
        to_start = first is not None and at <= first < highest
        if at < last.get(kind, at) or (to_start and not _same_step(last.get(kind), at)):
            yield index, f"{counter} goes back from {highest:g} to {at:g}"
            first, last = None, {}
        if first is None:
            first = highest = at
        highest = max(highest, at)
        last[kind] = at


def _same_step(last: float | None, at: float) -> bool:
    return last is not None and last == at


def _within_epoch(
    table: Table, epoch: str, step: str, metrics: frozenset[str]
) -> Iterator[tuple[int, str]]:
    """Rows of the same epoch and the same metrics whose step goes back."""
    last: dict[frozenset[str], tuple[float, float]] = {}
    for index, row in enumerate(table.rows):
        at, within = number(row.get(epoch)), number(row.get(step))
        if at is None or within is None:
            continue
        kind = metrics.intersection(row)
        before = last.get(kind)
        if before is not None and before[0] == at and within < before[1]:
            yield index, f"{step} goes back from {before[1]:g} to {within:g}"
            last = {}
        last[kind] = at, within


def observations(
    table: Table, columns: Sequence[Column], run: Run, curve: Curve, unit: Unit | None = None
) -> tuple[Axis, list[Observation]]:
    """The observations of a curve in a run, and what counts them.

    Rows may be sparse (Lightning writes training and validation values in rows of their own):
    rows of the same epoch or step are taken together. Where a validation a epoch follows several
    values of the training, these are taken by their mean: the last batch's is not the epoch's.

    Args:
        table: The table.
        columns: Its columns.
        run: Which of its runs.
        curve: Which columns.
        unit: As what a value is judged; default what its counter is.
    """
    axis = _axis(table, columns, run, curve, unit)
    rate = next((each.name for each in columns if each.role is Role.RATE), None)
    found: list[Observation] = []
    known_rate: float | None = None
    for step, rows in _grouped(run, axis).items():
        train = _values(rows, curve.train)
        validation = _values(rows, curve.validation)
        rates = _values(rows, rate)
        known_rate = rates[-1] if rates else known_rate
        if train or validation:
            mean = sum(train) / len(train) if axis.averaged and train else None
            found.append(
                Observation(
                    step,
                    axis.unit,
                    curve.metric,
                    curve.dataset,
                    train=mean if mean is not None else train[-1] if train else None,
                    validation=validation[-1] if validation else None,
                    higher_is_better=curve.higher_is_better,
                    learning_rate=known_rate,
                    called=axis.called,
                )
            )
    return axis, found


def _values(rows: Sequence[Row], column: str | None) -> list[float]:
    if column is None:
        return []
    found = (number(row.get(column)) for row in rows)
    return [each for each in found if each is not None]


def _grouped(run: Run, axis: Axis) -> dict[int, list[Row]]:
    """Rows by what counts them; a row that has none belongs to the one before."""
    if axis.column is None:
        # lists begin at 0, as Keras counts epochs, and the rows of a file at 1
        first = run.first + 1 if axis.called == "row" else run.first
        return _beside(run.rows, first, axis.beside)
    grouped: dict[int, list[Row]] = {}
    last: int | None = None
    waiting: list[Row] = []
    for row in run.rows:
        at = number(row.get(axis.column))
        last = last if at is None else int(at)
        if last is None:
            waiting.append(row)
        else:
            grouped.setdefault(last, []).append(row)
    first = next(iter(grouped), 0)
    grouped[first] = [*waiting, *grouped.get(first, [])]
    return dict(sorted(grouped.items()))


def _beside(rows: Sequence[Row], first: int, column: str | None) -> dict[int, list[Row]]:
    """Rows by number; an evaluation at the same fraction of an epoch is with the row before."""
    grouped: dict[int, list[Row]] = {}
    before: Row = {}
    last = first
    for index, row in enumerate(rows, first):
        at = None if column is None else row.get(column)
        same = at is not None and at == before.get(column or "")
        if not same or not _adds(row, grouped[last]):
            last = index
        grouped.setdefault(last, []).append(row)
        before = row
    return grouped


def _adds(row: Row, others: Sequence[Row]) -> bool:
    """Whether what a row has in common with others is equal: then it adds to them."""
    return all(row[name] == each[name] for each in others for name in row.keys() & each.keys())


def _axis(
    table: Table, columns: Sequence[Column], run: Run, curve: Curve, unit: Unit | None
) -> Axis:
    """The first column that counts the values of a curve one by one; else the rows do."""
    fixed = unit or table.unit
    for column in counters(columns):
        if not _is_whole(run, column.name):
            continue
        train, held_out = (_most(run, column.name, e) for e in (curve.train, curve.validation))
        is_epoch = column.role is Role.EPOCH
        if train <= 1 and held_out <= 1:
            pace: Unit = "epoch" if is_epoch else _pace(run, column.name, curve)
            return Axis(column.name, _word(column), fixed or pace)
        if is_epoch and held_out == 1 and _counts(run, column.name, curve) >= _FEWEST:
            return Axis(column.name, _word(column), fixed or "epoch", averaged=True)
    beside = next((each.name for each in counters(columns)), None)
    return Axis(None, table.called, fixed or "epoch", beside=beside)


def _word(column: Column) -> str:
    """The word for what a column counts: its own name."""
    bare = column.name.rpartition("/")[2].strip(" _").replace("_", " ").lower()
    return {"epochs": "epoch", "steps": "step", "iterations": "iteration", "iter": "iteration"}.get(
        bare, bare
    )


def _is_whole(run: Run, column: str) -> bool:
    found = [number(row.get(column)) for row in run.rows]
    known = [each for each in found if each is not None]
    return bool(known) and all(each.is_integer() for each in known)


def _most(run: Run, counter: str, column: str | None) -> int:
    """The most values that a column has at one count; equal rows written twice are one."""
    seen: Counter[float] = Counter()
    before: Mapping[str, object] | None = None
    at: float | None = None
    for row in run.rows:
        here = number(row.get(counter))
        at = at if here is None else here
        if column is not None and column in row and at is not None and row != before:
            seen[at] += 1
        before = row
    return max(seen.values(), default=0)


def _counts(run: Run, counter: str, curve: Curve) -> int:
    """At how many counts there is a value of the validation."""
    return len({row.get(counter) for row in run.rows if curve.validation in row})


def _pace(run: Run, counter: str, curve: Curve) -> Unit:
    """As what values by step are judged: those of every step are of single batches, others checks.

    Nothing here says that a step is an iteration of boosting.
    """
    column = curve.train or curve.validation or ""
    known = [number(row.get(counter)) for row in run.rows if column in row]
    steps = [each for each in known if each is not None]
    if len(steps) < _SINGLE_STEPS:
        return "epoch"
    gap = median(other - one for one, other in pairwise(steps))
    return "step" if gap == 1 else "epoch"
