"""What a search has found: its candidates, its rounds, and what failed."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from mllog_callbacks import Issue, Reason
from mllog_callbacks.detectors import Severity
from mllog_callbacks.schema import assigned, count, number, shown
from mllog_sklearn.errors import cause
from mllog_sklearn.issues import issue
from mllog_sklearn.parameters import described, fitted_parts

__all__ = [
    "NOT_FINITE",
    "Found",
    "Scores",
    "all_failed",
    "candidate_recorded",
    "completed",
    "failed_fits",
    "found",
    "rounds",
]

_SEARCHES: Final = 10
"""Searches that are read of an estimator, at most."""

_FAILURES: Final = re.compile(
    r"^(\d+) fits failed with the following error:\n(.*?)(?=\n-{10,}|\Z)", re.DOTALL | re.MULTILINE
)


NOT_FINITE: Final = "scores are non-finite"
"""What scikit-learn warns of as well, where fits failed."""

_SOME_FAILED: Final = re.compile(r"^(\d+) fits failed out of a total of (\d+)\.", re.MULTILINE)
_ALL_FAILED: Final = re.compile(r"^All the (\d+) fits failed", re.MULTILINE)


class Scores(NamedTuple):
    """The scores of all candidates by one metric.

    Attributes:
        metric: Its name.
        means: Mean test score of each candidate.
        deviations: Standard deviation of each over the splits.
        ranks: Rank of each candidate, from 1.
        train_means: Mean training score of each; None where it was not asked for.
    """

    metric: str
    means: Any
    deviations: Any
    ranks: Any
    train_means: Any

    def of(self, index: int) -> dict[str, dict[str, float]]:
        """A candidate's means over the splits, by set and metric, with their deviation."""
        mean, deviation = float(self.means[index]), float(self.deviations[index])
        recorded = {"mean_test": {self.metric: mean, f"{self.metric}_std": deviation}}
        if self.train_means is not None:
            recorded["mean_train"] = {self.metric: float(self.train_means[index])}
        return {
            name: {each: value for each, value in values.items() if math.isfinite(value)}
            for name, values in recorded.items()
        }


class Found(NamedTuple):
    """The results of a finished search.

    Attributes:
        scores: The scores by each metric; that which decided is the first, where one did.
        params: The parameters of each candidate.
        splits: Number of splits.
        failed: Test scores that are not finite, of each candidate.
        fit_seconds: Mean time of a fit of each candidate; None where it is not kept.
        best: Index of the one that was chosen; None where none was.
        chosen_by: The function that chose; empty where the first metric did, or nothing.
        rounds: The round of each candidate, of a halving search; else None. A candidate is listed
            once for each of its rounds.
        resource: What a halving search gives more of from round to round; empty for others.
        search: The search itself.
        where: Its place, as in "step clf"; empty where it is no part of another estimator.
    """

    scores: list[Scores]
    params: list[dict[str, Any]]
    splits: int
    failed: Any
    fit_seconds: Any
    best: int | None
    chosen_by: str
    rounds: Any
    resource: str
    search: Any
    where: str

    @property
    def first(self) -> Scores:
        """The scores by the metric that decided, where one did."""
        return self.scores[0]

    @property
    def fits(self) -> int:
        """Fits of candidates in all."""
        return len(self.params) * self.splits

    @property
    def candidates(self) -> int:
        """Candidates, each counted once."""
        return len(self.params) if self.rounds is None else list(self.rounds).count(0)

    @property
    def distinct(self) -> int:
        """Candidates that differ in their parameters, as far as these can be shown."""
        return len(
            {assigned({key: repr(each[key]) for key in sorted(each)}) for each in self.params}
        )

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
        """A candidate's means by every metric."""
        recorded: dict[str, dict[str, float]] = {}
        for each in self.scores:
            for name, values in each.of(index).items():
                recorded.setdefault(name, {}).update(values)
        return recorded

    def counts(self) -> dict[str, object]:
        """How many candidates there were, and how many fits, of which how many left no score."""
        asked = getattr(self.search, "n_iter", None)
        return {
            **({"asked": asked} if isinstance(asked, int) else {}),
            "candidates": self.candidates,
            "distinct": self.distinct,
            "splits": self.splits,
            "fits": self.fits,
            "failed_fits": int(self.failed.sum()),
            "failed_candidates": int(np.count_nonzero(self.failed)),
        }


def found(estimator: Any) -> list[Found]:
    """Read the results of a search, also of those within another estimator."""
    read = []
    for where, search in fitted_parts(estimator):
        results = getattr(search, "cv_results_", None)
        if isinstance(results, Mapping) and isinstance(results.get("params"), list):
            read.append(_read(search, results, where))
    return [each for each in read if each is not None][:_SEARCHES]


def _read(search: Any, results: Mapping[str, Any], where: str) -> Found | None:
    refit = getattr(search, "refit", True)
    keys = [name.removeprefix("mean_test_") for name in results if name.startswith("mean_test_")]
    if not keys:
        return None
    keys.sort(key=lambda key: key != refit)  # a stable sort: the one that decided goes first
    splits = [
        results[name]
        for name in results
        if name.startswith("split") and name.endswith(f"_test_{keys[0]}")
    ]
    failed = np.sum([~np.isfinite(np.asarray(each, dtype=float)) for each in splits], axis=0)
    best = getattr(search, "best_index_", None)
    return Found(
        [_scores(search, results, key) for key in keys],
        results["params"],
        len(splits),
        failed if splits else np.zeros(len(results["params"]), dtype=int),
        results.get("mean_fit_time"),
        None if best is None or refit is False else int(best),
        shown(refit) if callable(refit) else "",
        results.get("iter"),
        str(getattr(search, "resource", "")),
        search,
        where,
    )


def _scores(search: Any, results: Mapping[str, Any], key: str) -> Scores:
    scoring = getattr(search, "scoring", None)
    return Scores(
        scoring if key == "score" and isinstance(scoring, str) else key,
        np.asarray(results[f"mean_test_{key}"], dtype=float),
        np.asarray(results[f"std_test_{key}"], dtype=float),
        results[f"rank_test_{key}"],
        results.get(f"mean_train_{key}"),
    )


def failed_fits(results: Found, warned: str) -> Iterator[Issue]:
    """Fits that left no score, recorded once for all.

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
    raised = list(_errors(warned))
    examples = "; ".join(
        assigned({name: described(each) for name, each in results.params[index].items()})
        for index in hit[:3]
    )
    yield issue(
        "failed_fits",
        f"{many:,} of {count(results.fits, 'fit')} of the search have no finite score.",
        f"They belong to {count(len(hit), 'candidate')} of {len(results.params):,}, such as "
        f"{examples}. {_raised(raised)}".rstrip(),
        {"failed": many, "fits": results.fits, "candidates": len(hit), **_causes(raised)},
        Severity.ERROR if best_hit else Severity.WARNING,
    )


def _failed_with_a_score(results: Found, warned: str) -> Iterator[Issue]:
    """Fits that failed, and have the score that the caller gave for that."""
    raised = list(_errors(warned))
    for many, fits in _SOME_FAILED.findall(warned) if raised else ():
        score = shown(getattr(results.search, "error_score", None))
        yield issue(
            "failed_fits",
            f"{int(many):,} of {count(int(fits), 'fit')} of the search failed.",
            f"Their score is error_score={score}. {_raised(raised)}",
            {"failed": int(many), "fits": int(fits), **_causes(raised)},
        )


def all_failed(error: BaseException) -> Iterator[Issue]:
    """What scikit-learn says of a search of which no fit succeeded, which then fails itself."""
    text = str(error)
    recorded = _ALL_FAILED.search(text)
    raised = list(_errors(text))
    if recorded is not None and raised:
        many = int(recorded[1])
        yield issue(
            "failed_fits",
            f"All {count(many, 'fit')} of the search failed.",
            _raised(raised),
            {"failed": many, "fits": many, **_causes(raised)},
            Severity.ERROR,
        )


def _raised(raised: list[tuple[int, str]]) -> str:
    if not raised:
        return ""
    return f"Fits raised: {'; '.join(f'{many:,} with {error}' for many, error in raised)}"


def _causes(raised: list[tuple[int, str]]) -> dict[str, str]:
    return {"raised": "; ".join(error for _, error in raised)} if raised else {}


def _errors(warned: str) -> Iterator[tuple[int, str]]:
    """How many fits raised which error, as the warning lists them."""
    for many, traceback in _FAILURES.findall(warned):
        yield int(many), cause(traceback)


def candidate_recorded(results: Found, index: int) -> tuple[Reason, dict[str, object]]:
    """One candidate: its parameters, and its place by each metric."""
    params = {name: described(each) for name, each in results.params[index].items()}
    recorded = []
    for each in results.scores:
        mean, deviation, rank = each.means[index], each.deviations[index], int(each.ranks[index])
        if math.isfinite(mean):
            recorded.append(
                f"mean_test {each.metric} {number(mean)} +- {number(deviation)}, rank {rank}"
            )
        else:
            recorded.append(f"no finite mean_test {each.metric}, rank {rank}")
    return (
        Reason(
            f"{results.place(index)} has {'; '.join(recorded)}.",
            f"Its parameters are {assigned(params) or 'those of the estimator'}.",
        ),
        {
            "candidate": index + 1,
            "params": params,
            **results.scored(index),
            "rank": int(results.first.ranks[index]),
        },
    )


def completed(results: Found) -> tuple[Reason, dict[str, object]]:
    """A search came to its end."""
    part = f" in {results.where}" if results.where else ""
    failed = int(results.failed.sum())
    lost = f", {failed:,} of which left no finite score" if failed else ""
    fits = f"{count(results.splits, 'split')}, {count(results.fits, 'fit')}{lost}"
    chosen = (
        "No candidate was chosen."
        if results.best is None
        else f"{results.place(results.best)} was chosen."
    )
    return (
        Reason(f"Training completed: {results.compete()} fitted on {fits}{part}.", chosen),
        results.counts(),
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
