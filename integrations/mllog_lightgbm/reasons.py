"""The sentences of the entries: composed from facts at hand, and from nothing else."""

from collections.abc import Mapping, Sequence
from typing import Final

import lightgbm

from mllog_callbacks import Reason
from mllog_callbacks.wording import assigned, by_label, count, number
from mllog_lightgbm.facts import DataFacts, Parameters
from mllog_lightgbm.results import Best, Result, Scoreboard
from mllog_lightgbm.stops import Stop

__all__ = [
    "NO_MODEL",
    "completed",
    "evaluated",
    "hyperparameters",
    "progressed",
    "started",
    "stopped_early",
    "vanished",
]

NO_MODEL: Final = "no model was returned"
"""What follows for the caller when an exception ends the call."""


def started(planned: int, continued: int, folds: int, data: Mapping[str, DataFacts]) -> Reason:
    """A training starts: over how many iterations, on which data."""
    what = f"Cross-validation over {folds} folds" if folds else "Training"
    told = [_described(name, facts) for name, facts in data.items()]
    if continued:
        told.append(f"It continues a model of {count(continued, 'iteration')}.")
    return Reason(f"{what} of at most {count(planned, 'iteration')} started.", " ".join(told))


def _described(name: str, facts: DataFacts) -> str:
    told = f"{name}: {count(facts.rows, 'row')}, {count(facts.features, 'feature')}"
    if not facts.classes:
        return told + "."
    return f"{told}; rows by label {by_label(facts.classes)}."


def hyperparameters(found: Parameters) -> Reason:
    """Who set which hyperparameter."""
    given = assigned(found.given, found.aliases)
    others = len(found.resolved.keys() - found.given.keys())
    rest = (
        f"The other {others} have the values of LightGBM {lightgbm.__version__}: its defaults, or "
        "what it derives from those given."
        if others
        else "What LightGBM chose for the others could not be read from the booster."
    )
    decision = f"{count(len(found.given), 'hyperparameter')} set by the caller of LightGBM"
    return Reason(f"{decision}: {given}." if given else f"{decision}.", rest)


def progressed(done: int, last: int, results: Sequence[Result], scores: Scoreboard) -> Reason:
    """An iteration is done: how its results stand against the best so far."""
    told = " ".join(_standing(each, scores.best(each), done) for each in results)
    return Reason(
        f"Iteration {done:,} of {last:,} is done.",
        told or "There is no evaluation set, so nothing was measured.",
    )


def _standing(result: Result, best: Best, done: int) -> str:
    told = f"{result.name} is {number(result.value)}"
    if best.iteration == done:
        return f"{told}, its best so far."
    if best.iteration == 0:
        return f"{told}; it never was a number."
    return f"{told}; its best was {number(best.value)} at iteration {best.iteration:,}."


def evaluated(iteration: int, results: Sequence[Result], *, chosen: bool) -> Reason:
    """The model that is kept was measured."""
    told = ", ".join(f"{each.name} {_with_deviation(each)}" for each in results)
    why = (
        "early stopping names it the best" if chosen else "it is the last, and none was named best"
    )
    return Reason(
        f"The model of iteration {iteration:,} was evaluated: {told}.",
        f"LightGBM computed these values at iteration {iteration:,}, the one kept: {why}.",
    )


def stopped_early(stop: Stop, last: int, scores: Scoreboard) -> Reason:
    """A rule stopped the training before its last iteration."""
    kept = f"The model of iteration {stop.best_iteration:,} is kept."
    decision = (
        f"Training stopped early after iteration {stop.iteration:,} of at most {last:,}. {kept}"
    )
    return Reason(decision, f"{_rule_met(stop)} {_hidden_best(stop, scores)}{kept}")


def _rule_met(stop: Stop) -> str:
    if stop.deciding is None or stop.patience is None:
        return f"{stop.by} raised EarlyStopException and named iteration {stop.best_iteration:,}."
    waited = stop.iteration - stop.best_iteration
    margin = f" by more than {stop.min_delta:g}" if stop.min_delta else ""
    return (
        f"{stop.deciding.name} last improved{margin} at iteration {stop.best_iteration:,} "
        f"({number(stop.deciding.value)}); {count(waited, 'iteration')} without improvement "
        f"reached {stop.by}.".replace(",.", ".")
    )


def _hidden_best(stop: Stop, scores: Scoreboard) -> str:
    """What `min_delta` hides: a better value that was not better by enough."""
    if stop.deciding is None or not stop.min_delta:
        return ""
    best = scores.best(stop.deciding)
    if best.iteration in {0, stop.best_iteration}:
        return ""
    return (
        f"A better value, {number(best.value)} at iteration {best.iteration:,}, did not count: "
        f"it is within min_delta={stop.min_delta:g}. "
    )


def completed(
    planned: int, last: int, stop: Stop | None, results: Sequence[Result], scores: Scoreboard
) -> Reason:
    """All planned iterations ran."""
    decision = f"Training completed: all {count(planned, 'planned iteration')} ran."
    if stop is None:
        told = [_standing(each, scores.best(each), last) for each in results]
        told.append("No rule for stopping early named a best iteration, so all trees are kept.")
        return Reason(decision, " ".join(told))
    kept = f"The model of iteration {stop.best_iteration:,} is kept"
    best = f" ({stop.deciding.name} {number(stop.deciding.value)})" if stop.deciding else ""
    waited = stop.iteration - stop.best_iteration
    when = f"{count(waited, 'iteration')} before the last" if waited else "the last"
    return Reason(
        f"{decision} {kept}.",
        f"{stop.by.rstrip(',')} did not end it sooner: its best iteration, "
        f"{stop.best_iteration:,}{best}, was {when}. {kept}, because it named that one the best.",
    )


def vanished(position: str) -> Reason:
    """The call ended, and how was not seen."""
    return Reason(
        f"Training failed {position}; {NO_MODEL}.",
        "The call of LightGBM ended before its last iteration, by an exception that a callback "
        "cannot see; it was raised to the caller.",
    )


def _with_deviation(result: Result) -> str:
    if result.deviation is None:
        return number(result.value)
    return f"{number(result.value)} +- {number(result.deviation)}"
