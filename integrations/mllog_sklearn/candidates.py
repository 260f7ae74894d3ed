"""The candidates of a search as a table: a column for each parameter and each metric."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from mllog_sklearn.parameters import described
from mllog_sklearn.search import Found

__all__ = ["column", "table"]

_LISTED: Final = 50
"""Candidates that are listed, at most: the best by the first metric, and the one chosen."""


def table(results: Found) -> dict[str, object]:
    """All candidates, or the best of many: parameters, scores by every metric, time, failures."""
    listed = _listed(results)
    names = dict.fromkeys(name for params in results.params for name in params)
    made: dict[str, object] = {
        **results.counts(),
        "listed": len(listed),
        "number": [index + 1 for index in listed],
        "parameters": {
            name: column([results.params[index].get(name) for index in listed]) for name in names
        },
        "mean": {each.metric: _reals(each.means, listed) for each in results.scores},
        "deviation": {each.metric: _reals(each.deviations, listed) for each in results.scores},
        "rank": {each.metric: [int(each.ranks[i]) for i in listed] for each in results.scores},
        "failed": [int(results.failed[index]) for index in listed],
    }
    if results.fit_seconds is not None:
        made["fit_seconds"] = _reals(results.fit_seconds, listed)
    if results.rounds is not None:
        made["round"] = [int(results.rounds[index]) + 1 for index in listed]
    if results.best is not None:
        made["chosen"] = results.best + 1
    return made


def _listed(results: Found) -> list[int]:
    if len(results.params) <= _LISTED:
        return list(range(len(results.params)))
    kept = np.argsort(results.first.ranks, kind="stable")[:_LISTED].tolist()
    if results.best is not None and results.best not in kept:
        kept[-1] = results.best
    return sorted(kept)


def _reals(values: Any, listed: Sequence[int]) -> list[float | None]:
    """Finite values as they are; others are not known."""
    return [
        float(f"{value:.6g}") if math.isfinite(value) else None
        for value in (float(values[index]) for index in listed)
    ]


def column(values: Sequence[Any]) -> list[object]:
    """Values of one type, as readers of logs have one type for all items of a list."""
    recorded = [described(each) for each in values]
    kinds = {float if type(each) is int else type(each) for each in recorded if each is not None}
    if len(kinds) <= 1 and not kinds & {dict, list}:
        return recorded
    return [
        None if value is None else str(text) for value, text in zip(values, recorded, strict=True)
    ]
