"""Sets and metrics by names that are theirs alone."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

__all__ = ["Row", "distinct", "first_free"]

Row: TypeAlias = Sequence[Any]
"""A result as LightGBM gives it: set, metric, value, direction, and the deviation over folds."""

_CV_SET: Final = "cv_agg"
"""Before 4.7 `cv` called every set so, and wrote its name before the metric's."""


def distinct(results: Sequence[Row]) -> Sequence[Row]:
    """An iteration's results; of two sets of one name the second is called "name (2)"."""
    keys = [(each[0], each[1]) for each in results]
    if len(set(keys)) == len(keys) and not any(each[0] == _CV_SET for each in results):
        return results
    taken: set[tuple[str, str]] = set()
    named: list[Row] = []
    for dataset, metric, *rest in results:
        name, of = str(dataset), str(metric)
        if dataset == _CV_SET:
            name, _, of = of.partition(" ")
        name = first_free(name, {each for each, other in taken if other == of})
        taken.add((name, of))
        named.append((name, of, *rest))
    return named


def first_free(name: str, taken: set[str]) -> str:
    """A name, with a number behind it where it is taken."""
    at, free = 1, name
    while free in taken:
        at += 1
        free = f"{name} ({at})"
    return free
