"""The candidates of a search on the page: a table, and a chart of their scores."""

from typing import Any, Final

from mllog_callbacks.reading.story import Candidate, Candidates, Run, candidates, cut, number, value
from mllog_callbacks.report._scales import Scale, scale_of
from mllog_callbacks.schema import count

__all__ = ["candidates_of"]

_ROWS: Final = 30
_COLUMNS: Final = 8
_LEFT, _RIGHT, _TOP, _STEP = 250.0, 800.0, 20.0, 22.0
_LABEL: Final = 34


def candidates_of(run: Run) -> list[dict[str, Any]]:
    """What the template shows of each comparison of a run."""
    return [_table(each) | {"chart": _chart(each)} for each in candidates(run)]


def _table(found: Candidates) -> dict[str, Any]:
    rows = found.rows[:_ROWS]
    names = list(dict.fromkeys(name for each in rows for name in each.parameters))[:_COLUMNS]
    timed = any(each.seconds is not None for each in rows)
    failures = any(each.failed for each in rows)
    scores = [f"{metric}: mean ± deviation (rank)" for metric in found.metrics]
    extra = ["Fit (s)"] * timed + ["Failed fits"] * failures
    missing = found.all - len(rows)
    return {
        "columns": [cut(each, 60) for each in (*names, *scores, *extra)],
        "rows": [
            {
                "number": each.number,
                "chosen": each.chosen,
                "cells": _cells(each, found, names, timed=timed, failures=failures),
            }
            for each in rows
        ],
        "left_out": f"{count(missing, 'more candidate')} not shown." if missing > 0 else "",
    }


def _cells(
    each: Candidate, found: Candidates, names: list[str], *, timed: bool, failures: bool
) -> list[str]:
    recorded = [value(each.parameters.get(name), 40) for name in names]
    recorded += [_score(each, metric) for metric in found.metrics]
    if timed:
        recorded.append("" if each.seconds is None else f"{each.seconds:.3g}")
    return [*recorded, str(each.failed or 0)] if failures else recorded


def _score(each: Candidate, metric: str) -> str:
    if metric not in each.means:
        return "no score"
    deviation, rank = each.deviations.get(metric), each.ranks.get(metric)
    spread = "" if deviation is None else f" ± {deviation:.4g}"
    place = "" if rank is None else f" ({rank})"
    return f"{each.means[metric]:.4g}{spread}{place}"


def _chart(found: Candidates) -> dict[str, Any] | None:
    """Mean and deviation of each by the first metric, the best at the top."""
    metric = found.metrics[0]
    rows = [each for each in found.rows[:_ROWS] if metric in each.means]
    if len(rows) < 2:  # noqa: PLR2004 - one is no comparison
        return None
    ends = [end for each in rows for end in _ends(each, metric)]
    scale = scale_of(ends, _LEFT, _RIGHT)
    bottom = _TOP + _STEP * len(rows)
    return {
        "metric": metric,
        "height": bottom + 40,
        "bottom": bottom,
        "ticks": [(round(scale.place(each), 1), number(each)) for each in scale.ticks(6)],
        "rows": [_drawn(each, metric, scale, index) for index, each in enumerate(rows)],
    }


def _ends(each: Candidate, metric: str) -> tuple[float, float]:
    deviation = each.deviations.get(metric, 0.0)
    return each.means[metric] - deviation, each.means[metric] + deviation


def _drawn(each: Candidate, metric: str, scale: Scale, index: int) -> dict[str, Any]:
    low, high = _ends(each, metric)
    recorded = ", ".join(f"{name}={value(given, 20)}" for name, given in each.parameters.items())
    return {
        "y": _TOP + _STEP * (index + 0.5),
        "x": round(scale.place(each.means[metric]), 1),
        "low": round(scale.place(low), 1),
        "high": round(scale.place(high), 1),
        "chosen": each.chosen,
        "label": cut(f"{each.number}: {recorded}", _LABEL),
        "words": f"Candidate {each.number}: {_score(each, metric)}",
    }
