"""What a search has found: its candidates, its rounds, and what failed."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from mllog_callbacks import Issue, Reason
from mllog_callbacks.detectors import Severity
from mllog_callbacks.schema import assigned, count, number, shown
from mllog_sklearn.issues import issue
from mllog_sklearn.parameters import described, parts

__all__ = [
    "Found",
    "all_failed",
    "candidate_told",
    "completed",
    "failed_fits",
    "found",
    "rounds",
]

_ERROR_CHARS: Final = 200
_FAILURES: Final = re.compile(
    r"^(\d+) fits failed with the following error:\n(.*?)(?=\n-{10,}|\Z)", re.DOTALL | re.MULTILINE
)


_SOME_FAILED: Final = re.compile(r"^(\d+) fits failed out of a total of (\d+)\.", re.MULTILINE)
_ALL_FAILED: Final = re.compile(r"^All the (\d+) fits failed", re.MULTILINE)


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
        rounds: The round of each candidate, of a halving search; else None. A candidate stands in
            the results once for each of its rounds.
        resource: What a halving search gives more of from round to round; empty for others.
        search: The search itself.
        where: Its place, as in "step clf"; empty where it is no part of another estimator.
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
    resource: str
    search: Any
    where: str

    @property
    def fits(self) -> int:
        """Fits of candidates in all."""
        return len(self.params) * self.splits

    @property
    def candidates(self) -> int:
        """Candidates, each counted once."""
        return len(self.params) if self.rounds is None else list(self.rounds).count(0)

    def compete(self) -> str:
        """How many candidates there were, in how many rounds, with the verb that follows."""
        rounds = "" if self.rounds is None else f" in {count(len(set(self.rounds)), 'round')}"
        verb = "was" if self.candidates == 1 else "were"
        return f"{count(self.candidates, 'candidate')}{rounds} {verb}"

    def place(self, index: int) -> str:
        """A candidate by its number; in a halving search by its number in its round."""
        if self.rounds is None:
            return f"Candidate {index + 1:,} of {len(self.params):,}"
        rounds = list(self.rounds)
        now = rounds[index]
        place = rounds[: index + 1].count(now)
        return f"Candidate {place:,} of {rounds.count(now):,} in round {now + 1}"

    def scored(self, index: int) -> dict[str, dict[str, float]]:
        """A candidate's means over the splits, by set and metric; the deviation stands beside."""
        mean, deviation = float(self.means[index]), float(self.deviations[index])
        told = {"mean_test": {self.metric: mean, f"{self.metric}_std": deviation}}
        if self.train_means is not None:
            told["mean_train"] = {self.metric: float(self.train_means[index])}
        return told


def _searching(estimator: Any) -> tuple[Any, str]:
    """The search that an estimator is, or ends with as a pipeline, and its place."""
    where = ""
    while steps := parts(estimator):
        name, estimator = steps[-1]
        where = f"{where}{', ' if where else ''}step {name}"
    return estimator, where


def found(estimator: Any) -> Found | None:
    """Read the results of a search, also at a pipeline's end; None where none ranks candidates."""
    search, where = _searching(estimator)
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
        str(getattr(search, "resource", "")),
        search,
        where,
    )


def _named(search: Any, metric: str) -> str:
    scoring = getattr(search, "scoring", None)
    return scoring if metric == "score" and isinstance(scoring, str) else metric


def failed_fits(results: Found, warned: str) -> Iterator[Issue]:
    """Fits that left no score, told once for all.

    Args:
        results: What the search found.
        warned: The message of scikit-learn's FitFailedWarning; may be empty.
    """
    many = int(results.failed.sum())
    if not many:
        yield from _failed_with_a_score(results, warned)
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


def _failed_with_a_score(results: Found, warned: str) -> Iterator[Issue]:
    """Fits that failed, and have the score that the caller gave for that."""
    errors = "; ".join(f"{many} with {error}" for many, error in _errors(warned))
    for many, fits in _SOME_FAILED.findall(warned) if errors else ():
        score = shown(getattr(results.search, "error_score", None))
        yield issue(
            "failed_fits",
            f"{int(many):,} of {count(int(fits), 'fit')} of the search failed.",
            f"Their score is error_score={score}. Fits raised: {errors}.",
            {"failed": int(many), "fits": int(fits)},
        )


def all_failed(error: BaseException) -> Iterator[Issue]:
    """What scikit-learn says of a search of which no fit succeeded, which then fails itself."""
    text = str(error)
    told = _ALL_FAILED.search(text)
    errors = "; ".join(f"{many} with {raised}" for many, raised in _errors(text))
    if told is not None and errors:
        many = int(told[1])
        yield issue(
            "failed_fits",
            f"All {count(many, 'fit')} of the search failed.",
            f"Fits raised: {errors}.",
            {"failed": many, "fits": many},
            Severity.ERROR,
        )


def _errors(warned: str) -> Iterator[tuple[str, str]]:
    """How many fits raised which error, as the warning lists them."""
    for many, traceback in _FAILURES.findall(warned):
        yield many, traceback.strip().splitlines()[-1][:_ERROR_CHARS]


def candidate_told(results: Found, index: int) -> tuple[Reason, dict[str, object]]:
    """One candidate: its parameters, and where it stands."""
    params = {name: described(each) for name, each in results.params[index].items()}
    mean, deviation = results.means[index], results.deviations[index]
    scored = f"has mean_test {results.metric} {number(mean)} +- {number(deviation)}"
    if not math.isfinite(mean):
        scored = f"has no finite mean_test {results.metric}"
    return (
        Reason(
            f"{results.place(index)} {scored}, rank {int(results.ranks[index])}.",
            f"Its parameters are {assigned(params) or 'those of the estimator'}.",
        ),
        {
            "candidate": index + 1,
            "params": params,
            **results.scored(index),
            "rank": int(results.ranks[index]),
        },
    )


def completed(results: Found) -> tuple[Reason, dict[str, object]]:
    """A search came to its end."""
    part = f" in {results.where}" if results.where else ""
    fits = f"{count(results.splits, 'split')}, {count(results.fits, 'fit')}"
    chosen = (
        "No candidate was chosen."
        if results.best is None
        else f"{results.place(results.best)} was chosen."
    )
    return (
        Reason(f"Training completed: {results.compete()} fitted on {fits}{part}.", chosen),
        {"candidates": results.candidates, "splits": results.splits, "fits": results.fits},
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
