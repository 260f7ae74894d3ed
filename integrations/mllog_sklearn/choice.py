"""Which candidate a search chose, what others there were, and what speaks against the choice."""

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, number
from mllog_sklearn.candidates import table
from mllog_sklearn.parameters import described
from mllog_sklearn.search import Found, Scores

__all__ = ["compared"]

_EDGE: Final = 3
"""Distinct values of a parameter tried, from which on an extreme one is worth a word."""


def compared(results: Found) -> tuple[Reason, dict[str, object]]:
    """Which candidate was chosen, by what, and how it compares with the others by every metric."""
    metrics = ", ".join(each.metric for each in results.scores)
    snapshot: dict[str, object] = {"candidates": table(results)}
    if results.best is None:
        refit = getattr(results.search, "refit", None)
        recorded = [f"refit={refit}: the choice is left to the caller.", *_firsts(results)]
        decision = f"{results.compete()} compared by {metrics}; none was chosen."
        return Reason(decision, " ".join(recorded)), snapshot
    best = results.best
    params = {name: described(each) for name, each in results.params[best].items()}
    snapshot |= {"best_params": params, **results.scored(best)}
    by = f" by {results.chosen_by}, which was given as refit" if results.chosen_by else ""
    decision = f"{results.place(best)} was chosen{by}: {assigned(params) or 'no change'}."
    recorded = [_standing(results, each, best) for each in results.scores]
    runner_up = _runner_up(results, results.first, best)
    if runner_up is not None and not results.chosen_by:
        ahead = results.first.means[runner_up] > results.first.means[best]
        named = "ranked_first" if ahead else "runner_up"
        snapshot[named] = {"params": _params(results, runner_up), **results.scored(runner_up)}
    if results.chosen_by:
        snapshot["chosen_by"] = results.chosen_by
        snapshot["ranked_first"] = {
            each.metric: {"params": _params(results, first), **each.of(first)}
            for each in results.scores
            if (first := _first(results, each)) is not None
        }
    recorded += [*_doubts(results, best), *_failed(results)]
    return Reason(decision, " ".join(recorded)), snapshot


def _params(results: Found, index: int) -> dict[str, object]:
    return {name: described(each) for name, each in results.params[index].items()}


def _firsts(results: Found) -> Iterator[str]:
    """The candidate that each metric ranks first."""
    for scores in results.scores:
        first = _first(results, scores)
        if first is not None:
            params = assigned(_params(results, first)) or "no change"
            yield (
                f"By mean_test {scores.metric} the first is {results.place(first)}, {params} "
                f"({number(scores.means[first])} +- {number(scores.deviations[first])})."
            )


def _first(results: Found, scores: Scores) -> int | None:
    """The best of those compared last; None where none has a finite score."""
    compete = _competing(results, results.best)
    finite = np.flatnonzero(compete & np.isfinite(scores.means))
    return int(finite[np.argmax(scores.means[finite])]) if len(finite) else None


def _standing(results: Found, scores: Scores, best: int) -> str:
    if not math.isfinite(scores.means[best]):
        rank = f"rank {int(scores.ranks[best])} of {count(len(results.params), 'candidate')}"
        return f"Its mean_test {scores.metric} is not finite; it has {rank}."
    own = (
        f"mean_test {scores.metric} {number(scores.means[best])} +- "
        f"{number(scores.deviations[best])} over {count(results.splits, 'split')}"
    )
    compete = _competing(results, best)
    first = _first(results, scores)
    leads = first is None or scores.means[best] >= scores.means[first]
    place = "is the best" if leads else f"has rank {int(scores.ranks[best])}"
    last = "" if results.rounds is None else " of the last round"
    recorded = f"{own} {place} of {count(int(np.sum(compete)), 'candidate')}{last}."
    if leads or first is None:
        return recorded
    behind = float(scores.means[first] - scores.means[best])
    return (
        f"{recorded} It is {number(behind)} behind the best mean, of {results.place(first)} "
        f"({number(scores.means[first])})."
    )


def _competing(results: Found, best: int | None) -> Any:
    """The candidates that the best is compared with, itself among them."""
    if results.rounds is None:
        return np.ones(len(results.params), dtype=bool)
    rounds = np.asarray(results.rounds)
    return rounds == (rounds.max() if best is None else rounds[best])


def _runner_up(results: Found, scores: Scores, best: int) -> int | None:
    compete = _competing(results, best) & np.isfinite(scores.means)
    ranked = np.argsort(scores.ranks, kind="stable")
    others = [index for index in ranked if index != best and compete[index]]
    return int(others[0]) if others else None


def _doubts(results: Found, best: int) -> Iterator[str]:
    if not results.chosen_by and math.isfinite(results.first.means[best]):
        yield from _neighbours(results, results.first, best)
    for scores in results.scores:
        if scores.train_means is None:
            continue
        train = float(scores.train_means[best])
        if not math.isfinite(train):
            continue
        named = "" if len(results.scores) == 1 else f" {scores.metric}"
        yield (
            f"Its mean training{named} score is {number(train)}, "
            f"{number(train - scores.means[best])} above that of the tests."
            if train > scores.means[best]
            else f"Its mean training{named} score is {number(train)}."
        )
    yield from _edges(results, best)
    if hasattr(results.search, "refit_time_"):
        yield f"It was refitted on all rows in {results.search.refit_time_:.3g} s."


def _failed(results: Found) -> Iterator[str]:
    failed = int(np.count_nonzero(results.failed))
    if failed:
        yield f"{count(failed, 'candidate')} had fits without a finite score."


def _neighbours(results: Found, scores: Scores, best: int) -> Iterator[str]:
    """The next of the others, and how many are as good."""
    runner_up = _runner_up(results, scores, best)
    if runner_up is not None and scores.means[runner_up] <= scores.means[best]:
        yield _margin(results, scores, best, runner_up)
    error = scores.deviations[best] / math.sqrt(max(1, results.splits))
    within = (np.abs(scores.means - scores.means[best]) <= error) & _competing(results, best)
    many = int(np.sum(within)) - 1
    if many > 0:
        verb = "is" if many == 1 else "are"
        yield f"{count(many, 'other')} {verb} within one standard error of it."


def _margin(results: Found, scores: Scores, best: int, runner_up: int) -> str:
    margin = float(scores.means[best] - scores.means[runner_up])
    if margin == 0:
        first = "; the first was taken" if best < runner_up else ""
        return f"{results.place(runner_up)} has the same mean{first}."
    params = assigned(_params(results, runner_up))
    other = f"the runner-up ({number(scores.means[runner_up])}{', ' + params if params else ''})"
    if margin <= float(scores.deviations[best]):
        return f"It is {number(margin)} ahead of {other}, within one standard deviation."
    return f"It is {number(margin)} ahead of {other}, beyond one standard deviation."


def _edges(results: Found, best: int) -> Iterator[str]:
    """Parameters whose chosen value is the least or greatest of those that were tried."""
    for name, value in results.params[best].items():
        tried = {each[name] for each in results.params if _is_number(each.get(name))}
        if not _is_number(value) or len(tried) < _EDGE or name == results.resource:
            continue
        for side, extreme in (("smallest", min), ("largest", max)):
            if value == extreme(tried):
                yield f"{name}={value} is the {side} of {len(tried)} values tried."


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
