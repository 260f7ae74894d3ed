"""Charts as places in a drawing: one a metric, with the issues, the stop and what was kept."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Final

from mllog_callbacks.reading.story import Curve, Found, Run, cut, done, kept, number
from mllog_callbacks.report._decimation import decimated, sampled
from mllog_callbacks.report._drawing import (
    BOTTOM,
    FEW,
    LEFT,
    RIGHT,
    TOP,
    Chart,
    Mark,
    Note,
    Table,
    Tick,
)
from mllog_callbacks.report._scales import Scale, scale_of
from mllog_callbacks.report._series import series_of

__all__ = ["charts_of", "recorded_once"]

_POINTS: Final = 320
_CHAR: Final = 6.2
_NOTE_PLACES: Final = (TOP + 12, 84.0, 130.0, 176.0, BOTTOM - 6)
_WIDE: Final = 1_000.0
"""Ratio of the largest to the least value from which steps of ten are drawn."""

_BADGE: Final = 20.0
_MOST_SERIES: Final = 6
_MOST_MARKS: Final = 6


def charts_of(run: Run, numbered: Sequence[tuple[int, Found]]) -> list[Chart]:
    """One chart a metric, in the order of their first values; those with a validation set first.

    Args:
        run: The run.
        numbered: Its issues, with their numbers on the page.
    """
    together: dict[tuple[str, str], list[Curve]] = {}
    for curve in run.curves:
        together.setdefault((curve.metric, curve.unit), []).append(curve)
    groups = [each for each in together.values() if any(len(curve.points) > 1 for curve in each)]
    drawn = [_chart(run, each, numbered) for each in sorted(groups, key=_importance)]
    return [each for each in drawn if each is not None]


def recorded_once(run: Run) -> list[str]:
    """The metrics of which a run has recorded one value, in words."""
    once = [curve for curve in run.curves if len(curve.points) == 1]
    return [
        f"{curve.name} {number(value)} at {curve.unit} {number(at)}"
        for curve in once
        for at, value in curve.points
        if value is not None
    ]


def _importance(curves: list[Curve]) -> int:
    """Those with a validation set first, the learning rate last."""
    if "learning_rate" in curves[0].metric or curves[0].metric.startswith("lr"):
        return 2
    return int(all(each.training for each in curves))


def _chart(run: Run, curves: list[Curve], numbered: Sequence[tuple[int, Found]]) -> Chart | None:
    metric = curves[0].metric
    curves, left_out = curves[:_MOST_SERIES], len(curves[_MOST_SERIES:])
    thin = [decimated(curve.points, _POINTS) for curve in curves]
    values = [point.value for points in thin for point in points if point.value is not None]
    if not values:
        return None
    had = done(run)
    unit = curves[0].unit
    end = had[0] if had and had[1] == unit else None
    at = [point.at for points in thin for point in points] + ([end] if end is not None else [])
    x = scale_of(at, LEFT, RIGHT)
    y = _roomy(scale_of(values, BOTTOM, TOP + 10, logarithmic=_is_wide(curves, values)))
    chart = Chart(
        metric=metric,
        unit=unit,
        logarithmic=y.logarithmic,
        x_ticks=[Tick(round(x.place(each), 1), number(each)) for each in _whole(x.ticks(9))],
        y_ticks=[Tick(round(y.place(each), 1), number(each)) for each in y.ticks(4)],
        series=series_of(curves, thin, x, y),
        words=_in_words(metric, unit, curves),
        table=_table(curves, unit),
        left_out=left_out,
    )
    _annotate(chart, run, x, y, end, curves)
    chart.marks = list(_marks(metric, curves, numbered, x))
    return chart


def _is_wide(curves: list[Curve], values: list[float]) -> bool:
    """Whether a logarithmic scale helps: not where only the training values run to zero."""
    others = [each for each in curves if not each.training] or curves
    finite = [value for each in others for _, value in each.points if value is not None]
    return min(values) > 0 and bool(finite) and max(finite) / min(finite) >= _WIDE


def _roomy(scale: Scale) -> Scale:
    """With a little room below and above, so that no curve runs on the frame."""
    if scale.logarithmic:
        return scale
    room = (scale.high - scale.low) * 0.04
    if not isfinite(room):
        return scale
    return Scale(scale.low - room, scale.high + room, scale.start, scale.end)


def _whole(ticks: Iterable[float]) -> list[float]:
    return [each for each in ticks if each == int(each)]


def _annotate(
    chart: Chart, run: Run, x: Scale, y: Scale, end: float | None, curves: list[Curve]
) -> None:
    if end is not None and run.end is not None:
        place = round(x.place(end), 1)
        word = run.end.event.removeprefix("TRAINING_").lower()
        recorded = f"{word} at {number(end)}"
        chart.stop = Note(
            place, recorded, place - 5, _freest([each.label_at for each in chart.series])
        )
    best = kept(run)
    if best is None or best.at is None or not best.is_kept or best.unit != chart.unit:
        return
    if best.name in {curve.name for curve in curves}:
        place_x, place_y = round(x.place(best.at), 1), round(y.place(best.value), 1)
        words = f"{best.how}: {best.unit} {number(best.at)}, {number(best.value)}"
        half = len(words) * _CHAR / 2
        words_x = min(max(place_x, LEFT + half), RIGHT - half)
        above = place_y - 12 if place_y > TOP + 40 else place_y + 22
        chart.kept = Note(place_x, words, round(words_x, 1), round(above, 1), place_y)


def _freest(taken: list[float]) -> float:
    """Where, beside the right end, words are farthest from the ends of the curves."""
    return max(_NOTE_PLACES, key=lambda place: min(abs(place - 4 - each) for each in taken))


def _marks(
    metric: str, curves: list[Curve], numbered: Sequence[tuple[int, Found]], x: Scale
) -> Iterable[Mark]:
    unit = curves[0].unit
    about = [
        (at, found)
        for at, found in numbered
        if found.steps and found.unit == unit and _is_about(found, curves)
    ]
    last: list[float] = []
    for at, found in about[:_MOST_MARKS]:
        start = x.place(found.steps[0])
        end = x.place(found.steps[-1]) if found.resolved or _is_a_moment(found) else RIGHT
        title = cut(found.recorded[0].decision, 120)
        beside = sum(abs(start - each) < _BADGE for each in last)
        last.append(start)
        badge = 14.0 + _BADGE * beside
        width = round(max(end - start, 0.0), 1)
        yield Mark(at, found.severity, round(start, 1), width, f"{metric}: {title}", badge)


def _is_a_moment(found: Found) -> bool:
    return found.name in {"spike", "non_finite"}


def _is_about(found: Found, curves: list[Curve]) -> bool:
    named = {curve.name for curve in curves}
    metrics = {curve.metric for curve in curves}
    return found.subject in named or bool(metrics & set(found.subject.split()))


def _in_words(metric: str, unit: str, curves: list[Curve]) -> str:
    recorded = []
    for curve in curves:
        finite = [each for each in curve.points if each.value is not None]
        if finite:
            first, last = finite[0], finite[-1]
            values = [each.value for each in finite if each.value is not None]
            recorded.append(
                f"{curve.dataset or curve.metric} from {number(values[0])} at {unit} "
                f"{number(first.at)} to {number(values[-1])} at {unit} {number(last.at)}, "
                f"between {number(min(values))} and {number(max(values))}"
            )
    return f"{metric} by {unit}: {'; '.join(recorded)}."


def _table(curves: list[Curve], unit: str) -> Table:
    columns: list[dict[float, float | None]] = [dict(curve.points) for curve in curves]
    at = sorted(set[float]().union(*columns))
    rows = [
        [number(at[index]), *(_cell(column, at[index]) for column in columns)]
        for index in sampled(len(at), FEW)
    ]
    names = [curve.dataset or curve.metric for curve in curves]
    return Table([unit, *names], rows, len(at) - len(rows))


def _cell(column: dict[float, float | None], at: float) -> str:
    if at not in column:
        return "-"
    value = column[at]
    return "not finite" if value is None else number(value)
