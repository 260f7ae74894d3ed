"""What detectors find in the curves of a table, run by run."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mllog_callbacks.adapter import Observer
from mllog_callbacks.curves._columns import Column
from mllog_callbacks.curves._pairing import Curve
from mllog_callbacks.curves._runs import Axis, Run, observations, runs
from mllog_callbacks.curves._table import Table
from mllog_callbacks.detectors import DetectorSet, Issue, Unit
from mllog_callbacks.facts import Subject
from mllog_callbacks.schema import assumed_direction, trainer_log

__all__ = ["Looked", "look"]

_FEWEST: Final = 3
_TRAINING: Final = "training"


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
        if table.logged is not None:
            yield from _logged(run, curves, detectors(), unit or table.logged)
            continue
        for curve in curves:
            axis, seen = observations(table, columns, run, curve, unit)
            watching = detectors()
            issues = [issue for each in seen for issue in watching.observe(each)]
            if seen:
                yield Looked(run, curve, axis, len(seen), tuple(issues))


def _logged(
    run: Run, curves: Sequence[Curve], watching: DetectorSet, judged: Unit
) -> Iterator[Looked]:
    """Look at the rows of Hugging Face's trainer, as its callback does while it trains."""
    aside = watching.among({"non_finite"})
    observer = Observer("step", judged, [_TRAINING], assumed_direction)
    found: dict[Curve, list[Issue]] = {each: [] for each in curves}
    values: Counter[Curve] = Counter()
    for row in run.rows:
        log, at = trainer_log(row), row.get("step")
        if not isinstance(at, float) or log.kind not in {"training", "evaluation"}:
            continue
        step, name = int(at), log.set or _TRAINING
        results = {name: log.metrics}
        if log.kind == "training":
            seen = watching.look(observer.results(step, results, log.learning_rate))
            seen += aside.look(observer.readings(step, log.readings))
        else:
            seen = watching.look(observer.evaluated(step, results))
        values.update(_curve_of(Subject(set=name, metric=each), curves) for each in log.metrics)
        for issue in seen:
            found.setdefault(_curve_of(issue.subject, curves), []).append(issue)
    axis = Axis("step", "step", judged)
    for curve, issues in found.items():
        if values[curve] or issues:
            yield Looked(run, curve, axis, values[curve], tuple(issues))


def _curve_of(subject: Subject | None, curves: Sequence[Curve]) -> Curve:
    """The curve that an issue is about; the first where it is about none."""
    metric = None if subject is None else subject.metric
    if subject is None or metric is None:
        return curves[0] if curves else Curve("value", None, None, None)
    if subject.set == _TRAINING:
        own = next((each for each in curves if each.train == metric), None)
        return own or Curve(metric, metric, None, assumed_direction(metric), assumed=True)
    column = f"{subject.set}_{metric}"
    own = next((each for each in curves if each.validation == column), None)
    return own or Curve(metric, None, column, assumed_direction(metric), assumed=True)
