"""The sentences of a training's course and end: composed of facts at hand, and of nothing else."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from mllog_callbacks import Reason
from mllog_callbacks.schema import count, number, shown
from mllog_lightgbm.model import Saved
from mllog_lightgbm.opening import Opening
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
    "with_changes",
    "with_model",
    "with_rescaled",
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


def evaluated(
    iteration: int, results: Sequence[Result], *, chosen_by: str | None, folds: int = 0
) -> Reason:
    """The model that is kept was measured; with folds, the models of that iteration."""
    told = ", ".join(f"{each.name} {_of(each)}" for each in results)
    why = "the last" if chosen_by is None else f"chosen by {chosen_by}"
    if folds:
        return Reason(
            f"The models of iteration {iteration:,} were evaluated: {told}.",
            f"Means and standard deviations over {count(folds, 'fold')} at iteration "
            f"{iteration:,} ({why}), as computed by LightGBM.",
        )
    return Reason(
        f"The model of iteration {iteration:,} was evaluated: {told}.",
        f"Scores of the kept model (iteration {iteration:,}, {why}), as computed by LightGBM.",
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
    if stop.asked is not None:
        return f"The user had it end on this issue ({stop.asked.name}). {stop.asked.message}"
    if stop.deciding is None or stop.patience is None:
        return (
            f"The callback {stop.by} raised EarlyStopException after iteration "
            f"{stop.iteration:,} with best_iteration {stop.best_iteration:,}."
        )
    if math.isnan(stop.deciding.value):
        return (
            f"{stop.deciding.name} was NaN at iteration {stop.best_iteration:,}, which no value "
            f"is better than; {count(stop.patience, 'iteration')} without improvement reached "
            f"{stop.by}."
        )
    waited = stop.iteration - stop.best_iteration
    margin = f" by more than {stop.min_delta:g}" if stop.min_delta else ""
    return (
        f"{stop.deciding.name} last improved{margin} at iteration {stop.best_iteration:,} "
        f"({_of(stop.deciding)}); {count(waited, 'iteration')} without improvement "
        f"reached {stop.by}."
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
    last: int,
    stop: Stop | None,
    results: Sequence[Result],
    scores: Scoreboard,
    opening: Opening,
) -> Reason:
    """All planned iterations ran, those of a model that is continued among them."""
    folds = opening.folds
    which = "the one planned iteration" if last == 1 else f"all {last:,} planned iterations"
    if opening.continued:
        which += f" ({opening.continued:,} of them before it)"
    decision = f"{_what(folds)} completed: {which} ran."
    if stop is None:
        told = [_standing(each, scores.best(each), last) for each in results]
        told.append(_without_stop(last, opening))
        return Reason(decision, " ".join(told))
    kept = _kept(stop, folds)
    best = f", {stop.deciding.name} {_of(stop.deciding)}" if stop.deciding else ""
    waited = stop.iteration - stop.best_iteration
    when = f"{count(waited, 'iteration')} before the last" if waited else "the last"
    met = " in the last planned iteration" if stop.met else ""
    what = "stopped" if stop.met else "did not stop"
    return Reason(
        f"{decision} {kept}.",
        f"{stop.by} {what} it{met}: the best iteration is {stop.best_iteration:,} ({when}{best}).",
    )


def _without_stop(planned: int, opening: Opening) -> str:
    """Which model follows where no rule chose one, and which rules there were."""
    off = [each.off for each in opening.stopping.rules if each.off]
    why = f"Early stopping was off ({off[0]})" if off else "No rule chose an iteration"
    if not off and opening.stopping.on is False:
        why = "Early stopping was not used"
    if opening.folds:
        return f"{why}, so lightgbm.cv returns the results of all."
    every = "the one iteration is" if planned == 1 else f"all {planned:,} iterations are"
    return f"{why}, so {every} kept."


def with_changes(reason: Reason, changed: Mapping[str, Mapping[str, object]]) -> Reason:
    """An end, and the parameters that changed on the way.

    Args:
        reason: The end.
        changed: Each parameter's first value, last value and number of changes.
    """
    told = [
        f"{name} changed {count(int(str(each['changes'])), 'time')}, from {shown(each['first'])} "
        f"to {shown(each['last'])}."
        for name, each in changed.items()
    ]
    return Reason(reason.decision, " ".join([reason.reasoning, *told]))


def with_rescaled(reason: Reason, at: int, stop: Stop | None) -> Reason:
    """An end whose model is not the one that was measured."""
    scores = ", ".join(f"{each.name} {_of(each)}" for each in (stop.results if stop else ()))
    return Reason(
        reason.decision,
        f"{reason.reasoning} The scores measured at iteration {at:,} ({scores}) are not those of "
        "the returned model: with boosting=dart, later iterations rescaled its trees.",
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
        told.append(f"Top features by gain (first {first}): {shares}.")
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
