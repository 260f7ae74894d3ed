"""Why a search chose its candidate: how it stands beside the others, and what speaks against it."""

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, number
from mllog_sklearn.parameters import described
from mllog_sklearn.search import Found

__all__ = ["compared"]

_EDGE: Final = 3
"""Distinct values of a parameter tried, from which on an extreme one is worth a word."""


def compared(results: Found) -> tuple[Reason, dict[str, object]]:
    """Which candidate was chosen, by how much, and what speaks against it."""
    if results.best is None:
        refit = getattr(results.search, "refit", None)
        return (
            Reason(
                f"{results.compete()} compared by {results.metric}; none was chosen.",
                f"refit={refit}: the choice is left to the caller.",
            ),
            {"candidates": results.candidates, "splits": results.splits},
        )
    best = results.best
    told = [_standing(results, best), *_doubts(results, best)]
    snapshot = {
        "best_params": {name: described(each) for name, each in results.params[best].items()},
        **results.scored(best),
        "candidates": results.candidates,
        "splits": results.splits,
    }
    choice = assigned({name: described(each) for name, each in results.params[best].items()})
    decision = f"{results.place(best)} was chosen: {choice or 'no change'}."
    runner_up = _runner_up(results, best)
    if runner_up is not None:
        ahead = results.means[runner_up] > results.means[best]
        snapshot["ranked_first" if ahead else "runner_up"] = results.scored(runner_up)
    return Reason(decision, " ".join(told)), snapshot


def _standing(results: Found, best: int) -> str:
    if not math.isfinite(results.means[best]):
        rank = f"rank {int(results.ranks[best])} of {count(len(results.params), 'candidate')}"
        return f"Its mean_test {results.metric} is not finite; it has {rank}."
    own = (
        f"mean_test {results.metric} {number(results.means[best])} +- "
        f"{number(results.deviations[best])} over {count(results.splits, 'split')}"
    )
    beside = _beside(results, best)
    best_mean = np.nanmax(np.append(results.means[beside], -np.inf))
    first = results.means[best] >= best_mean
    place = "is the best" if first else f"has rank {int(results.ranks[best])}, chosen by refit,"
    last = "" if results.rounds is None else " of the last round"
    return f"{own} {place} of {count(int(np.sum(beside)), 'candidate')}{last}."


def _beside(results: Found, best: int) -> Any:
    """The candidates that the best is compared with, itself among them."""
    if results.rounds is None:
        return np.ones(len(results.params), dtype=bool)
    return np.asarray(results.rounds) == results.rounds[best]


def _runner_up(results: Found, best: int) -> int | None:
    beside = _beside(results, best) & np.isfinite(results.means)
    ranked = np.argsort(results.ranks, kind="stable")
    others = [index for index in ranked if index != best and beside[index]]
    return int(others[0]) if others else None


def _doubts(results: Found, best: int) -> Iterator[str]:
    if math.isfinite(results.means[best]):
        yield from _neighbours(results, best)
    if results.train_means is not None:
        train = float(results.train_means[best])
        yield (
            f"Its mean training score is {number(train)}, {number(train - results.means[best])} "
            "above that of the tests."
            if train > results.means[best]
            else f"Its mean training score is {number(train)}."
        )
    yield from _edges(results, best)
    if hasattr(results.search, "refit_time_"):
        yield f"It was refitted on all rows in {results.search.refit_time_:.3g} s."


def _neighbours(results: Found, best: int) -> Iterator[str]:
    """The next of the others, and how many are as good."""
    runner_up = _runner_up(results, best)
    if runner_up is not None:
        yield _margin(results, best, runner_up)
    error = results.deviations[best] / math.sqrt(max(1, results.splits))
    within = (np.abs(results.means - results.means[best]) <= error) & _beside(results, best)
    many = int(np.sum(within)) - 1
    if many > 0:
        verb = "is" if many == 1 else "are"
        yield f"{count(many, 'other')} {verb} within one standard error of it."


def _margin(results: Found, best: int, runner_up: int) -> str:
    margin = float(results.means[best] - results.means[runner_up])
    other = f"the runner-up ({number(results.means[runner_up])})"
    if margin == 0:
        first = "; the first was taken" if best < runner_up else ""
        return f"{results.place(runner_up)} has the same mean{first}."
    if margin < 0:
        first = f"{results.place(runner_up)} ({number(results.means[runner_up])})"
        return f"It is {number(-margin)} behind the best mean, of {first}."
    deviation = float(results.deviations[best])
    if margin <= deviation:
        return f"It is {number(margin)} ahead of {other}, within one standard deviation."
    return f"It is {number(margin)} ahead of {other}, beyond one standard deviation."


def _edges(results: Found, best: int) -> Iterator[str]:
    """Parameters whose chosen value is the least or greatest of those that were tried."""
    for name, value in results.params[best].items():
        tried = {each[name] for each in results.params if _is_number(each.get(name))}
        if not _is_number(value) or len(tried) < _EDGE or name == results.resource:
            continue
        for side, extreme in (("least", min), ("greatest", max)):
            if value == extreme(tried):
                yield (
                    f"{name}={value} is the {side} of {len(tried)} values tried: none beyond it "
                    "was."
                )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
