"""What a run chose from: the candidates of a search, by their facts, whatever wrote them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from mllog_callbacks.reading.story._formatting import number, value
from mllog_callbacks.reading.story._model import Run

__all__ = ["Candidate", "Candidates", "candidates", "choice_in_words"]

_MOST: Final = 200
"""Candidates that are read of an entry, at most."""


class Candidate(NamedTuple):
    """One candidate.

    Attributes:
        number: Its number, from 1.
        parameters: Its parameters, by name.
        means: Its mean scores, by metric; without those that are not known.
        deviations: Their standard deviations over the splits, likewise.
        ranks: Its rank by each metric.
        seconds: Mean time of a fit.
        failed: Fits that left no score.
        chosen: Whether it was chosen.
    """

    number: int
    parameters: Mapping[str, Any]
    means: Mapping[str, float]
    deviations: Mapping[str, float]
    ranks: Mapping[str, int]
    seconds: float | None
    failed: int | None
    chosen: bool


class Candidates(NamedTuple):
    """The candidates of one comparison, the best by the first metric first.

    Attributes:
        metrics: The metrics.
        rows: The candidates that are listed.
        all: How many there were.
        fits: How many fits of them; None where that is not recorded.
        failed: Fits that left no score.
    """

    metrics: Sequence[str]
    rows: Sequence[Candidate]
    all: int
    fits: int | None
    failed: int | None

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that was chosen."""
        return next((each for each in self.rows if each.chosen), None)

    @property
    def runner_up(self) -> Candidate | None:
        """The best of the others."""
        return next((each for each in self.rows if not each.chosen and self.score(each)), None)

    def score(self, candidate: Candidate) -> str:
        """A candidate's score by the first metric, with its deviation; empty where it has none."""
        metric = self.metrics[0]
        if metric not in candidate.means:
            return ""
        deviation = candidate.deviations.get(metric)
        spread = "" if deviation is None else f" ± {number(_four(deviation))}"
        return f"{number(_four(candidate.means[metric]))}{spread}"


def candidates(run: Run) -> list[Candidates]:
    """The candidates of each comparison of a run that records them."""
    facts = [recorded.snapshot.get("candidates") for recorded in run.evaluations]
    return [found for each in facts if isinstance(each, dict) and (found := _read(each))]


def _read(facts: Mapping[str, Any]) -> Candidates | None:
    numbers, means = facts.get("number"), facts.get("mean")
    if not isinstance(numbers, list) or not isinstance(means, dict) or not numbers or not means:
        return None
    rows = [_row(facts, index) for index in range(min(len(numbers), _MOST))]
    metrics = [str(metric) for metric in means]
    rows.sort(key=lambda row: (row.ranks.get(metrics[0], len(rows) + 1), row.number))
    return Candidates(
        metrics,
        rows,
        _whole(facts.get("candidates")) or len(numbers),
        _whole(facts.get("fits")),
        _whole(facts.get("failed_fits")),
    )


def _row(facts: Mapping[str, Any], index: int) -> Candidate:
    listed = _whole(_at(facts.get("number"), index))
    number_ = index + 1 if listed is None else listed
    return Candidate(
        number_,
        {name: _at(column, index) for name, column in _columns(facts, "parameters")},
        _reals(facts, "mean", index),
        _reals(facts, "deviation", index),
        {name: int(rank) for name, rank in _reals(facts, "rank", index).items()},
        _real(_at(facts.get("fit_seconds"), index)),
        _whole(_at(facts.get("failed"), index)),
        facts.get("chosen") == number_,
    )


def _columns(facts: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    found = facts.get(name)
    return list(found.items()) if isinstance(found, dict) else []


def _reals(facts: Mapping[str, Any], name: str, index: int) -> dict[str, float]:
    found = ((metric, _real(_at(column, index))) for metric, column in _columns(facts, name))
    return {metric: each for metric, each in found if each is not None}


def _at(column: object, index: int) -> object:
    return column[index] if isinstance(column, list) and index < len(column) else None


def _real(given: object) -> float | None:
    known = isinstance(given, (int, float)) and not isinstance(given, bool)
    return float(given) if known else None  # type: ignore[arg-type]  # it is a number


def _whole(given: object) -> int | None:
    return given if type(given) is int else None


def _four(given: float) -> float:
    return float(f"{given:.4g}")


def choice_in_words(found: Candidates) -> str:
    """Which candidate was chosen, with its score, the runner-up and the margin between them."""
    chosen, other = found.chosen, found.runner_up
    metric = found.metrics[0]
    if chosen is None:
        return f"Of {found.all:,} candidates none was chosen."
    recorded = f"Of {found.all:,} candidates number {chosen.number:,}"
    recorded += f" ({_parameters(chosen)}) was chosen" if chosen.parameters else " was chosen"
    recorded += f": {metric} {found.score(chosen)}." if found.score(chosen) else "."
    if other is None or metric not in chosen.means:
        return recorded
    margin = number(_four(abs(chosen.means[metric] - other.means[metric])))
    return (
        f"{recorded} The next best ({_parameters(other)}) has {found.score(other)}, {margin} apart."
    )


def _parameters(candidate: Candidate) -> str:
    return ", ".join(f"{name}={value(each, 40)}" for name, each in candidate.parameters.items())
