"""The sentences of a training's course and end: composed of facts at hand, and of nothing else."""

from collections.abc import Mapping, Sequence
from typing import Final

from mllog_callbacks import Reason
from mllog_callbacks.schema import count, number
from mllog_lightgbm.model import Saved
from mllog_lightgbm.results import Best, Result, Scoreboard
from mllog_lightgbm.stops import Stop

__all__ = [
    "NO_MODEL",
    "completed",
    "evaluated",
    "progressed",
    "saved",
    "stopped_early",
    "vanished",
    "with_model",
]

NO_MODEL: Final = "no model was returned"
"""What follows for the caller when an exception ends the call."""

_TOLD_STRETCH: Final = 10


def progressed(done: int, last: int, results: Sequence[Result], scores: Scoreboard) -> Reason:
    """An iteration is done: how its results stand against the best so far."""
    told = " ".join(_standing(each, scores.best(each), done) for each in results)
    return Reason(
        f"Iteration {done:,} of {last:,} is done.",
        told or "There is no evaluation set, so nothing was measured.",
    )


def _standing(result: Result, best: Best, done: int) -> str:
    told = f"{result.name} is {_value(result.value, result.deviation)}"
    if best.iteration == done:
        waited = f", the first in {count(best.stretch + 1, 'iteration')}"
        return f"{told}, its best so far{waited if best.stretch >= _TOLD_STRETCH else ''}."
    if best.iteration == 0:
        return f"{told}; it never was a number."
    shown = _value(best.value, best.deviation)
    return f"{told}; its best was {shown} at iteration {best.iteration:,}."


def evaluated(iteration: int, results: Sequence[Result], *, chosen: bool, folds: int = 0) -> Reason:
    """The model that is kept was measured; with folds, the models of that iteration."""
    told = ", ".join(f"{each.name} {_of(each)}" for each in results)
    why = (
        "early stopping names it the best" if chosen else "it is the last, and none was named best"
    )
    if folds:
        return Reason(
            f"The models of iteration {iteration:,} were evaluated: {told}.",
            f"These are means and standard deviations over {count(folds, 'fold')}, computed by "
            f"LightGBM at iteration {iteration:,}, the one chosen: {why}.",
        )
    return Reason(
        f"The model of iteration {iteration:,} was evaluated: {told}.",
        f"LightGBM computed these values at iteration {iteration:,}, the one kept: {why}.",
    )


def stopped_early(stop: Stop, last: int, scores: Scoreboard, folds: int = 0) -> Reason:
    """A rule stopped the training before its last iteration."""
    kept = _kept(stop, folds)
    decision = (
        f"{_what(folds)} stopped early after iteration {stop.iteration:,} of at most {last:,}."
    )
    why = f"{_rule_met(stop)} {_hidden_best(stop, scores)}".rstrip()
    return Reason(f"{decision} {kept}.", why)


def _what(folds: int) -> str:
    return f"Cross-validation over {count(folds, 'fold')}" if folds else "Training"


def _kept(stop: Stop, folds: int) -> str:
    if folds:
        return (
            f"Iteration {stop.best_iteration:,} is chosen, and the results that lightgbm.cv "
            "returns end with it"
        )
    return f"The model of iteration {stop.best_iteration:,} is kept"


def _rule_met(stop: Stop) -> str:
    if stop.deciding is None or stop.patience is None:
        return f"{stop.by} raised EarlyStopException and named iteration {stop.best_iteration:,}."
    waited = stop.iteration - stop.best_iteration
    margin = f" by more than {stop.min_delta:g}" if stop.min_delta else ""
    return (
        f"{stop.deciding.name} last improved{margin} at iteration {stop.best_iteration:,} "
        f"({_of(stop.deciding)}); {count(waited, 'iteration')} without improvement "
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
    planned: int,
    last: int,
    stop: Stop | None,
    results: Sequence[Result],
    scores: Scoreboard,
    folds: int = 0,
) -> Reason:
    """All planned iterations ran."""
    which = "the one planned iteration" if planned == 1 else f"all {planned:,} planned iterations"
    decision = f"{_what(folds)} completed: {which} ran."
    if stop is None:
        told = [_standing(each, scores.best(each), last) for each in results]
        told.append(
            "No rule for stopping early chose an iteration, so lightgbm.cv returns the results "
            "of all."
            if folds
            else "No rule for stopping early named a best iteration, so all trees are kept."
        )
        return Reason(decision, " ".join(told))
    kept = _kept(stop, folds)
    best = f" ({stop.deciding.name} {_of(stop.deciding)})" if stop.deciding else ""
    waited = stop.iteration - stop.best_iteration
    when = f"{count(waited, 'iteration')} before the last" if waited else "the last"
    return Reason(
        f"{decision} {kept}.",
        f"{stop.by.rstrip(',')} did not end it sooner: its best iteration, "
        f"{stop.best_iteration:,}{best}, was {when}. {kept}, because it named that one the best.",
    )


def with_model(reason: Reason, head: Mapping[str, float], kept: int, held: int | None) -> Reason:
    """An end, and what the model is like.

    Args:
        reason: The end.
        head: The features of most gain, and their shares; empty where nothing was gained.
        kept: The iteration that is kept.
        held: How many iterations the model has trees of, where these are fewer; else None.
    """
    told = [reason.reasoning]
    if held is not None:
        told.append(f"The model holds trees of {count(held, 'iteration')} only.")
    shares = ", ".join(f"{name} {share:.1%}" for name, share in head.items())
    if shares:
        trees = kept if held is None else held
        first = "iteration" if trees == 1 else f"{trees:,} iterations"
        told.append(f"Of all gain in the first {first} the most came from {shares}.")
    return Reason(reason.decision, " ".join(told))


def saved(saved: Saved, *, cv: bool = False) -> Reason:
    """A model was saved while it was known."""
    what = "The models of all folds were" if cv else "The model was"
    which = f"{saved.iterations:,} of {count(saved.trained, 'iteration')}"
    if saved.best is not None:
        why = f"num_iteration was not given, so best_iteration={saved.best} decided how many"
    elif saved.iterations < saved.trained:
        why = f"the caller asked for them, from iteration {saved.start + 1:,} on"
    else:
        why = "that is all there are"
    size = "" if saved.size is None else f" The file has {count(saved.size, 'byte')}."
    return Reason(
        f"{what} saved to {saved.path}, with {which}.",
        f"save_model was called {saved.place}. It wrote {which}: {why}.{size}",
    )


def vanished(position: str) -> Reason:
    """The call ended, and how was not seen."""
    return Reason(
        f"Training failed {position}; {NO_MODEL}.",
        "The call of LightGBM ended before its last iteration, by an exception that a callback "
        "cannot see; it was raised to the caller.",
    )


def _of(result: Result) -> str:
    return _value(result.value, result.deviation)


def _value(value: float, deviation: float | None) -> str:
    return number(value) if deviation is None else f"{number(value)} +- {number(deviation)}"
