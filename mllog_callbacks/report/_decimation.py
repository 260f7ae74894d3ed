"""Fewer points of a curve, by which a chart looks the same: the extremes of each stretch."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from mllog_callbacks.reading.story import Point

__all__ = ["decimated", "sampled"]


def decimated(points: Sequence[Point], most: int) -> list[Point]:
    """At most so many points: of each stretch the least, the most, and one that is not finite.

    The first and the last point always stay.
    """
    if len(points) <= most:
        return list(points)
    width = len(points) / max((most - 2) // 3, 1)
    edges = [round(width * each) for each in range(ceil(len(points) / width) + 1)]
    kept = {0, len(points) - 1}
    for start, end in pairwise(edges):
        kept |= _extremes(points, start, min(end, len(points)))
    return [points[index] for index in sorted(kept)]


def _extremes(points: Sequence[Point], start: int, end: int) -> set[int]:
    inner = [(points[index].value, index) for index in range(start, end)]
    finite = [(value, index) for value, index in inner if value is not None]
    gaps = {index for value, index in inner if value is None}
    found = {min(gaps)} if gaps else set()
    return found | {min(finite)[1], max(finite)[1]} if finite else found


def sampled(many: int, most: int) -> list[int]:
    """At most so many indices below `many`, evenly, the first and the last among them."""
    if many <= most:
        return list(range(many))
    return sorted({round(each * (many - 1) / (most - 1)) for each in range(most)})
