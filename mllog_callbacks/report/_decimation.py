"""Fewer points of a curve, by which a chart looks the same."""

from collections.abc import Sequence

from mllog_callbacks.facts import thinned
from mllog_callbacks.reading.story import Point

__all__ = ["decimated", "sampled"]


def decimated(points: Sequence[Point], most: int) -> list[Point]:
    """At most so many points, by which the curve looks the same."""
    at, values = [each.at for each in points], [each.value for each in points]
    return [points[index] for index in thinned(at, [values], most)]


def sampled(many: int, most: int) -> list[int]:
    """At most so many indices below `many`, evenly, the first and the last among them."""
    if many <= most:
        return list(range(many))
    return sorted({round(each * (many - 1) / (most - 1)) for each in range(most)})
