"""The scores of a run: of the model it keeps, by each metric, with its noise and direction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, Literal, TypeAlias

from mllog_callbacks.reading.story import Candidates, Curve, Run, candidates, kept, measured
from mllog_callbacks.schema import assumed_direction

__all__ = ["ASSUMED", "Mode", "Score", "scores_of"]

Mode: TypeAlias = Literal["min", "max", ""]
"""Which values are better; empty where that is not known."""

ASSUMED: Final = "assumed from its name"
_RANKS: Final = "the ranks of the candidates"


@dataclass(frozen=True, slots=True)
class Score:
    """The value of a metric.

    Attributes:
        name: Data set and metric, as in "valid_0 auc".
        value: Its value.
        deviation: Its standard deviation over folds; None where there are none.
        folds: How many folds; None where that is not recorded.
        mode: Which values are better.
        mode_by: What shows that.
    """

    name: str
    value: float
    deviation: float | None = None
    folds: int | None = None
    mode: Mode = ""
    mode_by: str = ""

    @property
    def error(self) -> float | None:
        """The standard error over folds; the deviation where their number is not recorded."""
        if self.deviation is None:
            return None
        return self.deviation / sqrt(self.folds) if self.folds else self.deviation


def scores_of(run: Run) -> dict[str, Score]:
    """The scores of the model a run keeps, by name; the one that is compared first comes first."""
    found: dict[str, Score] = {}
    for each in _found(run):
        found.setdefault(each.name, each)
    best = kept(run)
    if best is None:
        return found
    first = found.pop(best.name, None)
    if first is None:
        first = _scored(run, "", best.name, best.value)
    return {best.name: first, **found}


def _found(run: Run) -> Iterator[Score]:
    for listed in candidates(run):
        if (winner := listed.chosen) is not None:
            for metric, mean in winner.means.items():
                mode = _by_ranks(listed, metric)
                deviation = winner.deviations.get(metric)
                yield Score(metric, mean, deviation, _splits(run), mode, _RANKS if mode else "")
    for recorded in reversed(run.evaluations):
        for (dataset, metric), value in measured(recorded.snapshot):
            if value is not None:
                deviation = _deviation(recorded.snapshot, dataset, metric)
                yield _scored(run, dataset, metric, value, deviation)
    if run.end is not None and not run.evaluations:
        yield from _last(run, run.end.snapshot)


def _last(run: Run, end: Mapping[str, Any]) -> Iterator[Score]:
    """The last values of a run of which nothing was evaluated."""
    results = _inner(end, "results")
    for dataset in results:
        for metric, value in _inner(results, dataset).items():
            if isinstance(value, int | float):
                yield _scored(run, dataset, metric, value, _deviation(end, dataset, metric))


def _scored(
    run: Run, dataset: str, metric: str, value: float, deviation: float | None = None
) -> Score:
    mode, by = _direction(run, dataset, metric)
    name = f"{dataset} {metric}".strip()
    folds = None if deviation is None else _folds(run) or _splits(run)
    return Score(name, value, deviation, folds, mode, by)


def _deviation(snapshot: Mapping[str, Any], dataset: str, metric: str) -> float | None:
    """The standard deviation over folds, in either of the places where adapters have it."""
    for values, name in (
        (_inner(snapshot, "deviations", dataset), metric),
        (_inner(snapshot, dataset), f"{metric}_std"),
        (_inner(snapshot, "results", dataset), f"{metric}_std"),
    ):
        found = values.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return float(found)
    return None


def _inner(found: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        inner = found.get(name)
        found = inner if isinstance(inner, dict) else {}
    return found


def _folds(run: Run) -> int | None:
    for recorded in (run.end, run.start):
        if recorded is not None:
            for place in (recorded.snapshot, _inner(recorded.snapshot, "plan")):
                if type(folds := place.get("folds")) is int:
                    return folds
    return None


def _splits(run: Run) -> int | None:
    for recorded in run.evaluations:
        found = _inner(recorded.snapshot, "candidates").get("splits")
        if type(found) is int:
            return found
    return None


def _by_ranks(found: Candidates, metric: str) -> Mode:
    """Whether the candidates of better ranks have the larger values."""
    ranks = [(each.ranks.get(metric), each.means.get(metric)) for each in found.rows]
    known = sorted((rank, mean) for rank, mean in ranks if rank is not None and mean is not None)
    if len(known) < 2 or known[0][1] == known[-1][1]:  # noqa: PLR2004 - one has no order
        return ""
    return "max" if known[0][1] > known[-1][1] else "min"


def _direction(run: Run, dataset: str, metric: str) -> tuple[Mode, str]:
    """Which values of a metric are better, by the rules of the run, its bests, or its name."""
    for rule in _rules(run):
        mode = rule.get("mode")
        if mode in {"min", "max"} and rule.get("metric") in {metric, f"{dataset}_{metric}"}:
            return mode, f"the rule {rule.get('name', 'of the run')}"
    if mode := _by_best(run, dataset, metric):
        return mode, "the best value that the run recorded"
    for found in candidates(run):
        if by_ranks := _by_ranks(found, metric):
            return by_ranks, _RANKS
    assumed = assumed_direction(metric)
    if assumed is None:
        return "", ""
    return ("max" if assumed else "min"), ASSUMED


def _rules(run: Run) -> Iterator[Mapping[str, Any]]:
    for recorded in (run.end, run.start):
        if recorded is None:
            continue
        if stopped := _inner(recorded.snapshot, "stop", "rule"):
            yield stopped
        rules = _inner(recorded.snapshot, "rules")
        for name, each in rules.items():
            if isinstance(each, dict):
                yield {**each, "name": name}
        if checkpoint := _inner(recorded.snapshot, "best_checkpoint"):
            monitor = checkpoint.get("monitor")
            yield {**checkpoint, "name": "of the best checkpoint", "metric": monitor}


def _by_best(run: Run, dataset: str, metric: str) -> Mode:
    """By the best value that the run has of its own: whether another of the curve is above it."""
    if run.end is None:
        return ""
    best = _inner(run.end.snapshot, "best", dataset, metric).get("value")
    if not isinstance(best, int | float):
        return ""
    for curve in run.curves:
        if (curve.dataset, curve.metric) == (dataset, metric):
            return _side(curve, best)
    return ""


def _side(curve: Curve, best: float) -> Mode:
    others = [each.value for each in curve.points if each.value is not None and each.value != best]
    if not others:
        return ""
    if best < min(others):
        return "min"
    return "max" if best > max(others) else ""
