"""What a search has found: its best candidate against the others, and what failed."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from mllog_callbacks import Issue, Reason
from mllog_callbacks.detectors import Severity
from mllog_callbacks.wording import assigned, count, number
from mllog_sklearn.issues import issue
from mllog_sklearn.parameters import described

__all__ = ["Found", "candidate_told", "compared", "completed", "failed_fits", "found", "rounds"]

_ERROR_CHARS: Final = 200
_FAILURES: Final = re.compile(
    r"^(\d+) fits failed with the following error:\n(.*?)(?=\n-{10,}|\Z)", re.DOTALL | re.MULTILINE
)
_EDGE: Final = 3
"""Distinct values of a parameter tried, from which on an extreme one is worth a word."""


class Found(NamedTuple):
    """The results of a finished search.

    Attributes:
        metric: What the candidates were ranked by.
        params: The parameters of each candidate.
        means: Mean test score of each candidate.
        deviations: Standard deviation of each over the splits.
        ranks: Rank of each candidate, from 1.
        train_means: Mean training score of each; None where it was not asked for.
        splits: Number of splits.
        failed: Test scores that are not finite, of each candidate.
        best: Index of the one that was chosen; None where none was.
        rounds: The round of each candidate, of a halving search; else None.
    """

    metric: str
    params: list[dict[str, Any]]
    means: Any
    deviations: Any
    ranks: Any
    train_means: Any
    splits: int
    failed: Any
    best: int | None
    rounds: Any

    @property
    def fits(self) -> int:
        """Fits of candidates in all."""
        return len(self.params) * self.splits


def found(search: Any) -> Found | None:
    """Read the results of a search; None where it is no search that ranks candidates."""
    results = getattr(search, "cv_results_", None)
    if not isinstance(results, Mapping) or not isinstance(results.get("params"), list):
        return None
    refit = getattr(search, "refit", True)
    metric = refit if isinstance(refit, str) and f"mean_test_{refit}" in results else "score"
    if f"mean_test_{metric}" not in results:
        scored = [name for name in results if name.startswith("mean_test_")]
        if not scored:
            return None
        metric = scored[0].removeprefix("mean_test_")
    splits = [
        results[name]
        for name in results
        if name.startswith("split") and name.endswith(f"_test_{metric}")
    ]
    failed = np.sum([~np.isfinite(np.asarray(each, dtype=float)) for each in splits], axis=0)
    best = getattr(search, "best_index_", None)
    return Found(
        _named(search, metric),
        results["params"],
        np.asarray(results[f"mean_test_{metric}"], dtype=float),
        np.asarray(results[f"std_test_{metric}"], dtype=float),
        results[f"rank_test_{metric}"],
        results.get(f"mean_train_{metric}"),
        len(splits),
        failed if splits else np.zeros(len(results["params"]), dtype=int),
        None if best is None else int(best),
        results.get("iter"),
    )


def _named(search: Any, metric: str) -> str:
    scoring = getattr(search, "scoring", None)
    return scoring if metric == "score" and isinstance(scoring, str) else metric


def compared(results: Found, search: Any) -> tuple[Reason, dict[str, object]]:
    """Which candidate was chosen, by how much, and what speaks against it."""
    if results.best is None:
        return (
            Reason(
                f"{count(len(results.params), 'candidate')} were compared by {results.metric}; "
                "none was chosen.",
                f"refit={getattr(search, 'refit', None)}: the choice is left to the caller.",
            ),
            {"candidates": len(results.params), "splits": results.splits},
        )
    best = results.best
    told = [_standing(results, best), *_doubts(results, best, search)]
    snapshot = {
        "best_params": {name: described(each) for name, each in results.params[best].items()},
        **_scored(results, best),
        "candidates": len(results.params),
        "splits": results.splits,
    }
    choice = assigned({name: described(each) for name, each in results.params[best].items()})
    decision = (
        f"Candidate {best + 1:,} of {len(results.params):,} was chosen: {choice or 'no change'}."
    )
    runner_up = _runner_up(results, best)
    if runner_up is not None:
        snapshot["runner_up"] = _scored(results, runner_up)
    return Reason(decision, " ".join(told)), snapshot


def _scored(results: Found, index: int) -> dict[str, dict[str, float]]:
    """A candidate's means over the splits, by set and metric; the deviation stands beside."""
    name, mean, deviation = results.metric, results.means[index], results.deviations[index]
    found = {"mean_test": {name: float(mean), f"{name}_std": float(deviation)}}
    if results.train_means is not None:
        found["mean_train"] = {name: float(results.train_means[index])}
    return found


def _standing(results: Found, best: int) -> str:
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


def _doubts(results: Found, best: int, search: Any) -> Iterator[str]:
    runner_up = _runner_up(results, best)
    if runner_up is not None:
        yield _margin(results, best, runner_up)
    error = results.deviations[best] / math.sqrt(max(1, results.splits))
    within = (results.means >= results.means[best] - error) & _beside(results, best)
    many = int(np.sum(within)) - 1
    if many > 0:
        verb = "is" if many == 1 else "are"
        yield f"{count(many, 'other')} {verb} within one standard error of it."
    if results.train_means is not None:
        train = float(results.train_means[best])
        yield (
            f"Its mean training score is {number(train)}, {number(train - results.means[best])} "
            "above that of the tests."
            if train > results.means[best]
            else f"Its mean training score is {number(train)}."
        )
    yield from _edges(results, best)
    if hasattr(search, "refit_time_"):
        yield f"It was refitted on all rows in {search.refit_time_:.3g} s."


def _margin(results: Found, best: int, runner_up: int) -> str:
    margin = float(results.means[best] - results.means[runner_up])
    other = f"the runner-up ({number(results.means[runner_up])})"
    if margin == 0:
        return f"Candidate {runner_up + 1:,} has the same mean; the first was taken."
    deviation = float(results.deviations[best])
    if margin <= deviation:
        return f"It is {number(margin)} ahead of {other}, within one standard deviation."
    return f"It is {number(margin)} ahead of {other}, beyond one standard deviation."


def _edges(results: Found, best: int) -> Iterator[str]:
    """Parameters whose chosen value is the least or greatest of those that were tried."""
    for name, value in results.params[best].items():
        tried = {each[name] for each in results.params if _is_number(each.get(name))}
        if not _is_number(value) or len(tried) < _EDGE:
            continue
        for side, extreme in (("least", min), ("greatest", max)):
            if value == extreme(tried):
                yield (
                    f"{name}={value} is the {side} of {len(tried)} values tried: none beyond it "
                    "was."
                )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def failed_fits(results: Found, warned: str) -> Iterator[Issue]:
    """Fits that left no score, told once for all.

    Args:
        results: What the search found.
        warned: The message of scikit-learn's FitFailedWarning; may be empty.
    """
    many = int(results.failed.sum())
    if not many:
        return
    hit = np.flatnonzero(results.failed)
    best_hit = results.best is not None and bool(results.failed[results.best])
    errors = "; ".join(f"{many_} with {error}" for many_, error in _errors(warned))
    examples = "; ".join(
        assigned({name: described(each) for name, each in results.params[index].items()})
        for index in hit[:3]
    )
    yield issue(
        "failed_fits",
        f"{many:,} of {count(results.fits, 'fit')} of the search have no finite score.",
        f"They belong to {count(len(hit), 'candidate')} of {len(results.params):,}, such as "
        f"{examples}. {f'Fits raised: {errors}.' if errors else ''}".rstrip(),
        {"failed": many, "fits": results.fits, "candidates": len(hit)},
        Severity.ERROR if best_hit else Severity.WARNING,
    )


def _errors(warned: str) -> Iterator[tuple[str, str]]:
    """How many fits raised which error, as the warning lists them."""
    for many, traceback in _FAILURES.findall(warned):
        yield many, traceback.strip().splitlines()[-1][:_ERROR_CHARS]


def candidate_told(results: Found, index: int) -> tuple[Reason, dict[str, object]]:
    """One candidate: its parameters, and where it stands."""
    params = {name: described(each) for name, each in results.params[index].items()}
    mean, deviation = results.means[index], results.deviations[index]
    return (
        Reason(
            f"Candidate {index + 1:,} of {len(results.params):,} scored {results.metric} "
            f"{number(mean)} +- {number(deviation)}, rank {int(results.ranks[index])}.",
            f"Its parameters are {assigned(params) or 'those of the estimator'}.",
        ),
        {
            "candidate": index + 1,
            "params": params,
            **_scored(results, index),
            "rank": int(results.ranks[index]),
        },
    )


def completed(results: Found) -> tuple[Reason, dict[str, object]]:
    """A search came to its end."""
    fits = f"{count(len(results.params), 'candidate')} on {count(results.splits, 'split')}"
    chosen = (
        "No candidate was chosen."
        if results.best is None
        else f"Candidate {results.best + 1:,} was chosen."
    )
    return (
        Reason(f"Training completed: {fits} were fitted, {count(results.fits, 'fit')}.", chosen),
        {"candidates": len(results.params), "splits": results.splits, "fits": results.fits},
    )


def rounds(search: Any) -> Iterator[tuple[Reason, dict[str, object]]]:
    """The rounds of a halving search: how many candidates, on what, and who went on."""
    many = getattr(search, "n_candidates_", None)
    resources = getattr(search, "n_resources_", None)
    if not isinstance(many, list) or not isinstance(resources, list):
        return
    for index, (candidates, amount) in enumerate(zip(many, resources, strict=False)):
        following = many[index + 1] if index + 1 < len(many) else None
        went = (
            "It was the last."
            if following is None
            else f"The best {following:,} of them, by factor={search.factor}, went on."
        )
        yield (
            Reason(
                f"Round {index + 1} of {len(many)}: {count(candidates, 'candidate')}, each with "
                f"{search.resource}={amount:,}.",
                went,
            ),
            {"round": index + 1, "candidates": candidates, "resources": amount},
        )
