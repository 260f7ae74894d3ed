"""Curves as they are drawn: paths, styles, and the names at their ends."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from mllog_callbacks.reading.story import Curve, Point, cut
from mllog_callbacks.report._drawing import BOTTOM, FEW, Series
from mllog_callbacks.report._scales import Scale

__all__ = ["series_of"]

_LABEL_GAP: Final = 15.0
_LABEL_CHARS: Final = 16


def series_of(curves: list[Curve], thin: list[list[Point]], x: Scale, y: Scale) -> list[Series]:
    """The curves as they are drawn.

    Args:
        curves: All of one metric.
        thin: Of each the points to draw.
        x: Scale of the steps.
        y: Scale of the values.
    """
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
    return y.place(values[-1]) if values else BOTTOM


def _styles(curves: list[Curve]) -> list[str]:
    """Training grey and dashed; the others in colours, each with a dash of its own."""
    compared = any(not each.training for each in curves)
    grey = [curve.training and compared for curve in curves]
    return ["t" if each else f"v{grey[:at].count(False) % 4}" for at, each in enumerate(grey)]


def _path(points: Sequence[Point], x: Scale, y: Scale) -> str:
    """SVG's path data in whole tenths, relative: gaps where values are not finite."""
    recorded: list[str] = []
    pen = False
    last_x = last_y = 0
    for point in points:
        if point.value is None:
            pen = False
            continue
        here_x, here_y = round(x.place(point.at) * 10), round(y.place(point.value) * 10)
        if pen:
            recorded.append(f"l{_tenths(here_x - last_x)} {_tenths(here_y - last_y)}")
        else:
            recorded.append(f"M{_tenths(here_x)} {_tenths(here_y)}")
        pen, last_x, last_y = True, here_x, here_y
    return "".join(recorded).replace(" -", "-")


def _tenths(many: int) -> str:
    whole, tenth = divmod(abs(many), 10)
    sign = "-" if many < 0 else ""
    return f"{sign}{whole}.{tenth}" if tenth else f"{sign}{whole}"


def _dots(points: Sequence[Point], x: Scale, y: Scale) -> list[tuple[float, float]]:
    """Each point, where they are so few that a line alone would hide how few."""
    if len(points) > FEW:
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
    beyond = max([0.0, *(each - BOTTOM for each in moved)])
    return [each - beyond for each in moved]
