"""Iterations that a fit has used, against those it was allowed."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from mllog_sklearn.parameters import fitted_parts

__all__ = ["Iterations", "iterations", "used_up"]

_LIMITS = ("max_iter", "n_estimators", "n_iter")
_COUNTS_FROM_ZERO = "TSNE"
"""Its `n_iter_` is the number of its last iteration, of which the first is 0."""


class Iterations(NamedTuple):
    """How many iterations a fitted estimator has used.

    Attributes:
        done: Iterations done; the most, where several solvers ran.
        limit: Those allowed; None where there is no limit, or none that is known.
        named: The limit's name; empty where it is not known.
        source: The attribute that counts those done.
    """

    done: int
    limit: int | None
    named: str
    source: str


def iterations(estimator: Any) -> Iterations | None:
    """What a fitted estimator says of its iterations; None where it says nothing."""
    for source in ("n_iter_", "n_estimators_"):
        done = _most(getattr(estimator, source, None))
        if done is None:
            continue
        if type(estimator).__name__ == _COUNTS_FROM_ZERO:
            done += 1
        for named in _LIMITS:
            limit = getattr(estimator, named, None)
            if isinstance(limit, (int, np.integer)) and not isinstance(limit, bool):
                return Iterations(done, None if limit < 0 else int(limit), named, source)
        return Iterations(done, None, "", source)
    return _boosted(estimator)


def _boosted(estimator: Any) -> Iterations | None:
    """The estimators of AdaBoost, which has fewer than planned where one of them ends it."""
    parts, limit = getattr(estimator, "estimators_", None), getattr(estimator, "n_estimators", None)
    if not hasattr(estimator, "estimator_errors_") or not isinstance(limit, int):
        return None
    return Iterations(len(parts or ()), limit, "n_estimators", "len(estimators_)")


def _most(value: object) -> int | None:
    if isinstance(value, (list, tuple, np.ndarray)):
        try:
            values = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            return None
        value = values.max() if values.size else None
    return int(value) if isinstance(value, (int, float, np.number)) and value == value else None  # noqa: PLR0124 - NaN


def used_up(estimator: object) -> str:
    """Which of an estimator's parts have used all their iterations."""
    return " ".join(_used_up(estimator))


def _used_up(estimator: object) -> Iterator[str]:
    for where, part in fitted_parts(estimator):
        found = iterations(part)
        if found is None or found.limit is None or found.done < found.limit:
            continue
        place = f" in {where} ({type(part).__name__})" if where else ""
        yield f"{found.source}={found.done:,} reached {found.named}={found.limit:,}{place}."
