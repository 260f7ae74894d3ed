"""What detectors find in the curves of a table, run by run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mllog_callbacks.curves._columns import Column
from mllog_callbacks.curves._pairing import Curve
from mllog_callbacks.curves._runs import Axis, Run, observations, runs
from mllog_callbacks.curves._table import Table
from mllog_callbacks.detectors import DetectorSet, Issue, Unit

__all__ = ["Looked", "look"]

_FEWEST: Final = 3


@dataclass(frozen=True, slots=True)
class Looked:
    """A curve of a run that was looked at.

    Attributes:
        run: The run.
        curve: Its curve.
        axis: What counts its values.
        values: How many observations it has.
        issues: What was found.
    """

    run: Run
    curve: Curve
    axis: Axis
    values: int
    issues: tuple[Issue, ...]

    @property
    def judged(self) -> bool:
        """Whether more than values that are not finite could be found."""
        return self.curve.higher_is_better is not None and self.values >= _FEWEST


def look(
    table: Table,
    columns: Sequence[Column],
    curves: Sequence[Curve],
    detectors: Callable[[], DetectorSet],
    unit: Unit | None = None,
) -> Iterator[Looked]:
    """Look at curves, in each run that has values of them.

    Args:
        table: The table.
        columns: Its columns.
        curves: Which of them belong together.
        detectors: Makes the detectors that look at a curve.
        unit: As what a value is judged; default what its counter is.
    """
    for run in runs(table, columns):
        for curve in curves:
            axis, seen = observations(table, columns, run, curve, unit)
            watching = detectors()
            issues = [issue for each in seen for issue in watching.observe(each)]
            if seen:
                yield Looked(run, curve, axis, len(seen), tuple(issues))
