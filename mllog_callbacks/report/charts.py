"""Charts as places in a drawing: one a metric, with the issues, the stop and what was kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Final, NamedTuple

from mllog_callbacks.report.decimation import decimated, sampled
from mllog_callbacks.report.scales import Scale, scale_of
from mllog_callbacks.story import Curve, Found, Point, Run
from mllog_callbacks.story.facts import done, kept
from mllog_callbacks.story.shown import cut, number

__all__ = ["Chart", "Mark", "Note", "Series", "Table", "Tick", "charts_of", "told_once"]

# Places in a drawing of 860 by 270, as the templates know it
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 742.0, 26.0, 226.0
_POINTS: Final = 160
_NUMBERS: Final = 12
_LABEL_GAP: Final = 15.0
_LABEL_CHARS: Final = 16
_CHAR: Final = 6.2
_NOTE_PLACES: Final = (_TOP + 12, 84.0, 130.0, 176.0, _BOTTOM - 6)
_WIDE: Final = 1_000.0
"""Ratio of the largest to the least value from which steps of ten are drawn."""

_BADGE: Final = 20.0
_MOST_SERIES: Final = 6
_MOST_MARKS: Final = 6


class Tick(NamedTuple):
    """A line of the grid, with its label."""

    at: float
    label: str


class Series(NamedTuple):
    """A curve as it is drawn: a path, and its name at its end."""

    name: str
    style: str
    path: str
    label: str
    label_at: float
    dots: list[tuple[float, float]]


class Mark(NamedTuple):
    """An issue's span, with its number."""

    number: int
    severity: str
    start: float
    width: float
    title: str
    badge: float


class Note(NamedTuple):
    """A place in the drawing, with words beside it."""

    x: float
    words: str
    words_x: float
    words_y: float
    y: float = 0.0


class Table(NamedTuple):
    """The numbers of a chart, at most twelve rows."""

    columns: list[str]
    rows: list[list[str]]
    left_out: int


@dataclass(slots=True)
class Chart:
    """One metric of a run, with all its sets.

    Attributes:
        metric: Its name.
        unit: What the x axis counts.
        words: What is to be seen, for who cannot see it.
    """

    metric: str
    unit: str
    logarithmic: bool
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    series: list[Series]
    words: str
    table: Table
    marks: list[Mark] = field(default_factory=list)
    stop: Note | None = None
    kept: Note | None = None
    left_out: int = 0


def charts_of(run: Run, numbered: Sequence[tuple[int, Found]]) -> list[Chart]:
    """One chart a metric, in the order metrics were first told; those with a validation set first.

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


def told_once(run: Run) -> list[str]:
    """The metrics of which a run has told one value, in words."""
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
    x = scale_of(at, _LEFT, _RIGHT)
    y = _roomy(scale_of(values, _BOTTOM, _TOP + 10, logarithmic=_is_wide(curves, values)))
    chart = Chart(
        metric=metric,
        unit=unit,
        logarithmic=y.logarithmic,
        x_ticks=[Tick(round(x.place(each), 1), number(each)) for each in _whole(x.ticks(9))],
        y_ticks=[Tick(round(y.place(each), 1), number(each)) for each in y.ticks(4)],
        series=_series(curves, thin, x, y),
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


def _series(curves: list[Curve], thin: list[list[Point]], x: Scale, y: Scale) -> list[Series]:
    styles = _styles(curves)
    ends = [_end(points, y) for points in thin]
    return [
        Series(
            curve.dataset or curve.metric,
            style,
            _path(points, x, y),
            cut(curve.dataset or curve.metric, _LABEL_CHARS),
            round(label_at, 1),
            _dots(points, x, y),
        )
        for curve, points, style, label_at in zip(curves, thin, styles, _apart(ends), strict=True)
    ]


def _end(points: Sequence[Point], y: Scale) -> float:
    """Where the last value is drawn; at the bottom where there is none."""
    values = [each.value for each in points if each.value is not None]
    return y.place(values[-1]) if values else _BOTTOM


def _styles(curves: list[Curve]) -> list[str]:
    """Training grey and dashed; the others in colours, each with a dash of its own."""
    compared = any(not each.training for each in curves)
    grey = [curve.training and compared for curve in curves]
    return ["t" if each else f"v{grey[:at].count(False) % 4}" for at, each in enumerate(grey)]


def _path(points: Sequence[Point], x: Scale, y: Scale) -> str:
    """SVG's path data in whole tenths, relative: gaps where values are not finite."""
    told: list[str] = []
    pen = False
    last_x = last_y = 0
    for point in points:
        if point.value is None:
            pen = False
            continue
        here_x, here_y = round(x.place(point.at) * 10), round(y.place(point.value) * 10)
        if pen:
            told.append(f"l{_tenths(here_x - last_x)} {_tenths(here_y - last_y)}")
        else:
            told.append(f"M{_tenths(here_x)} {_tenths(here_y)}")
        pen, last_x, last_y = True, here_x, here_y
    return "".join(told).replace(" -", "-")


def _tenths(many: int) -> str:
    whole, tenth = divmod(abs(many), 10)
    sign = "-" if many < 0 else ""
    return f"{sign}{whole}.{tenth}" if tenth else f"{sign}{whole}"


def _dots(points: Sequence[Point], x: Scale, y: Scale) -> list[tuple[float, float]]:
    """Each point, where they are so few that a line alone would hide how few."""
    if len(points) > _NUMBERS:
        return []
    return [
        (round(x.place(each.at), 1), round(y.place(each.value), 1))
        for each in points
        if each.value is not None
    ]


def _apart(places: list[float]) -> list[float]:
    """The same places, moved so that labels beside them do not touch."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + _LABEL_GAP)
    beyond = max([0.0, *(each - _BOTTOM for each in moved)])
    return [each - beyond for each in moved]


def _annotate(
    chart: Chart, run: Run, x: Scale, y: Scale, end: float | None, curves: list[Curve]
) -> None:
    if end is not None and run.end is not None:
        place = round(x.place(end), 1)
        word = run.end.event.removeprefix("TRAINING_").lower()
        told = f"{word} at {number(end)}"
        chart.stop = Note(place, told, place - 5, _freest([each.label_at for each in chart.series]))
    best = kept(run)
    if best is None or best.at is None or not best.is_kept or best.unit != chart.unit:
        return
    if best.name in {curve.name for curve in curves}:
        place_x, place_y = round(x.place(best.at), 1), round(y.place(best.value), 1)
        words = f"kept: {best.unit} {number(best.at)}, {number(best.value)}"
        half = len(words) * _CHAR / 2
        words_x = min(max(place_x, _LEFT + half), _RIGHT - half)
        above = place_y - 12 if place_y > _TOP + 40 else place_y + 22
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
        end = x.place(found.steps[-1]) if found.resolved or _is_a_moment(found) else _RIGHT
        title = cut(found.told[0].decision, 120)
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
    told = []
    for curve in curves:
        finite = [each for each in curve.points if each.value is not None]
        if finite:
            first, last = finite[0], finite[-1]
            values = [each.value for each in finite if each.value is not None]
            told.append(
                f"{curve.dataset or curve.metric} from {number(values[0])} at {unit} "
                f"{number(first.at)} to {number(values[-1])} at {unit} {number(last.at)}, "
                f"between {number(min(values))} and {number(max(values))}"
            )
    return f"{metric} by {unit}: {'; '.join(told)}."


def _table(curves: list[Curve], unit: str) -> Table:
    columns: list[dict[float, float | None]] = [dict(curve.points) for curve in curves]
    at = sorted(set[float]().union(*columns))
    rows = [
        [number(at[index]), *(_cell(column, at[index]) for column in columns)]
        for index in sampled(len(at), _NUMBERS)
    ]
    names = [curve.dataset or curve.metric for curve in curves]
    return Table([unit, *names], rows, len(at) - len(rows))


def _cell(column: dict[float, float | None], at: float) -> str:
    if at not in column:
        return "-"
    value = column[at]
    return "not finite" if value is None else number(value)
