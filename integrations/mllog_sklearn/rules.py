"""The rules by which estimators stop before their limit, and what shows that one did."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from mllog_callbacks.facts import Kept, Rule
from mllog_callbacks.schema import count, number
from mllog_sklearn.earlier import Earlier
from mllog_sklearn.iterations import Iterations

__all__ = ["EITHER", "MONITOR", "Ruled", "is_real", "ruled"]

_EARLY: Final = "early stopping"


class Ruled(NamedTuple):
    """A rule that an estimator had.

    Attributes:
        facts: The rule.
        ended: Whether the estimator's attributes show that it ended the fit.
        evidence: What shows it, or what the rule is.
        kept: Which model is kept; None where it is the last.
        consequence: The same in words; empty where it is the last.
        early: Whether it stops a fit early; else it is how a fit converges.
    """

    facts: Rule
    ended: bool
    evidence: str
    kept: Kept | None = None
    consequence: str = ""
    early: bool = True


MONITOR: Final = Ruled(
    Rule(name="monitor"), ended=True, evidence="The monitor that was given to fit ended it."
)


EITHER: Final = Ruled(
    Rule(name="early stopping or monitor"),
    ended=True,
    evidence="Early stopping was on, and a monitor was given to fit; which of the two ended it is "
    "not recorded.",
)
"""Of gradient boosting, which keeps no trace of its own validation loss."""


def ruled(estimator: Any, found: Iterations, before: Earlier) -> Ruled | None:
    """The rule of a fitted estimator; None where it has none, or none that it keeps traces of."""
    for read in _READERS:
        rule = read(estimator, found, before)
        if rule is not None:
            return rule
    return None


def _of_network(estimator: Any, _found: Iterations, before: Earlier) -> Ruled | None:
    """A network counts the epochs without improvement, and stops when they exceed its patience."""
    waited = getattr(estimator, "_no_improvement_count", None)
    if not isinstance(waited, int) or not hasattr(estimator, "loss_curve_"):
        return None
    if getattr(estimator, "solver", None) not in {"sgd", "adam"}:
        return None
    rule = Rule(
        name="tol",
        set="training",
        metric="loss",
        mode="min",
        best=_real(getattr(estimator, "best_loss_", None)),
        waited=waited,
        patience=int(estimator.n_iter_no_change),
        min_delta=float(estimator.tol),
        unit="epoch",
    )
    ended = waited > estimator.n_iter_no_change
    if estimator.early_stopping:
        return _of_network_with_validation(estimator, rule, before, ended=ended)
    evidence = (
        f"The training loss did not improve by tol={estimator.tol:g} in {count(waited, 'epoch')} "
        f"in a row, more than n_iter_no_change={estimator.n_iter_no_change}."
    )
    return Ruled(rule, ended, evidence, early=False) if ended else None


def _of_network_with_validation(
    estimator: Any, rule: Rule, before: Earlier, *, ended: bool
) -> Ruled | None:
    scores = [float(each) for each in getattr(estimator, "validation_scores_", None) or ()]
    best = _first_best(scores)
    if best is None or scores[best] != estimator.best_validation_score_:
        return None
    at = best + 1 - before.values.get("validation_scores_", 0)
    place = f"epoch {at:,}" if at > 0 else f"epoch {best + 1:,}, counted over earlier fits,"
    rule = Rule(
        name=_EARLY,
        set="validation",
        metric="score",
        mode="max",
        best=scores[best],
        best_at=at if at > 0 else None,
        waited=rule.waited,
        patience=rule.patience,
        min_delta=rule.min_delta,
        unit="epoch",
    )
    evidence = f"The validation score was best at {place} ({number(scores[best])})"
    if ended:
        evidence += (
            f" and did not improve by tol={estimator.tol:g} in {count(rule.waited or 0, 'epoch')} "
            f"in a row, more than n_iter_no_change={estimator.n_iter_no_change}"
        )
    kept = Kept(at=at if at > 0 else None, unit="epoch", chosen_by=_EARLY)
    return Ruled(rule, ended, f"{evidence}.", kept, f"The weights of {place} are kept.")


def _first_best(scores: Sequence[float]) -> int | None:
    """Where the greatest value is; NaN is none."""
    numbers = [index for index, score in enumerate(scores) if score == score]  # noqa: PLR0124 - NaN
    return max(numbers, key=scores.__getitem__) if numbers else None


def _of_histogram_boosting(estimator: Any, _found: Iterations, _before: Earlier) -> Ruled | None:
    """It compares the last scores with the one before them, as is done here once more."""
    if not getattr(estimator, "do_early_stopping_", False):
        return None
    held_out = len(estimator.validation_score_) > 0
    scores = estimator.validation_score_ if held_out else estimator.train_score_
    waited, tol = estimator.n_iter_no_change, estimator.tol
    at = len(scores) - 1 - waited
    rule = Rule(
        name=_EARLY,
        set="validation" if held_out else "training",
        metric="score",
        mode="max",
        best=float(scores[at]) if at >= 0 else None,
        best_at=at if at >= 0 else None,
        waited=waited if at >= 0 else None,
        patience=waited,
        min_delta=float(tol),
        unit="iteration",
    )
    if at < 0 or any(score > scores[at] + tol for score in scores[at + 1 :]):
        return Ruled(rule, ended=False, evidence="")
    return Ruled(
        rule,
        ended=True,
        evidence=f"None of the last n_iter_no_change={waited} values of "
        f"{'validation_score_' if held_out else 'train_score_'} was above that of iteration "
        f"{at:,} ({number(scores[at])}) by more than tol={tol:g}.",
        kept=Kept(at=int(estimator.n_iter_), unit="iteration"),
        consequence=f"The trees of all {count(estimator.n_iter_, 'iteration')} are kept.",
    )


def _of_gradient_boosting(estimator: Any, found: Iterations, _before: Earlier) -> Ruled | None:
    """`n_estimators_` is documented as the number that early stopping selected, where it is on."""
    patience = getattr(estimator, "n_iter_no_change", None)
    if not hasattr(estimator, "n_estimators_") or patience is None:
        return None
    return _patient(estimator, found, "loss")


def _of_linear(estimator: Any, found: Iterations, _before: Earlier) -> Ruled | None:
    """`n_iter_` is documented as the iterations before the stopping criterion was reached."""
    linear = any(cls.__name__ == "BaseSGD" for cls in type(estimator).__mro__)
    if not linear or not getattr(estimator, "early_stopping", False) or estimator.tol is None:
        return None
    return _patient(estimator, found, "score")


def _patient(estimator: Any, found: Iterations, watched: str) -> Ruled:
    rule = Rule(
        name=_EARLY,
        set="validation",
        patience=int(estimator.n_iter_no_change),
        min_delta=float(estimator.tol),
        unit="iteration",
    )
    evidence = (
        f"Early stopping was on: {found.source}={found.done:,} is the number of iterations that it "
        f"ended after. It watches the {watched} on held-out rows (tol={estimator.tol:g}, "
        f"n_iter_no_change={estimator.n_iter_no_change}, "
        f"validation_fraction={estimator.validation_fraction:g})."
    )
    return Ruled(rule, found.limit is not None and found.done < found.limit, evidence)


def _of_xgboost(estimator: Any, found: Iterations, _before: Earlier) -> Ruled | None:
    patience = getattr(estimator, "early_stopping_rounds", None)
    if not callable(getattr(estimator, "get_num_boosting_rounds", None)) or patience is None:
        return None
    best = int(estimator.best_iteration) + 1
    ended = found.done - best == patience
    return _boosted(best, patience, _real(getattr(estimator, "best_score", None)), ended=ended)


def _of_lightgbm(estimator: Any, found: Iterations, _before: Earlier) -> Ruled | None:
    """It names a best iteration only where early stopping ended a training."""
    best = getattr(estimator, "best_iteration_", None)
    if not isinstance(best, int) or best < 1 or found.limit is None:
        return None
    return _boosted(best, None, None, ended=found.done < found.limit)


def _boosted(best: int, patience: int | None, value: float | None, *, ended: bool) -> Ruled:
    allowed = "" if patience is None else f" (early_stopping_rounds={patience})"
    score = "" if value is None else f" ({number(value)})"
    return Ruled(
        Rule(name=_EARLY, best=value, best_at=best, patience=patience, unit="iteration"),
        ended,
        f"Iteration {best:,}{score} is the best that early stopping saw{allowed}.",
        Kept(at=best, unit="iteration", chosen_by=_EARLY),
        f"Predictions use the model of iteration {best:,}.",
    )


def _of_adaptive_boosting(estimator: Any, found: Iterations, _before: Earlier) -> Ruled | None:
    """An estimator without an error ends it: what comes after would have nothing to learn."""
    errors = getattr(estimator, "estimator_errors_", None)
    if errors is None or found.limit is None or not 0 < found.done < found.limit:
        return None
    if float(errors[found.done - 1]) != 0:
        return None
    return Ruled(
        Rule(name="perfect fit", set="training", metric="error", value=0.0, threshold=0.0),
        ended=True,
        evidence=f"estimator_errors_ of estimator {found.done:,} is 0: a perfect fit on the "
        "training data ends boosting.",
    )


def _of_condition(estimator: Any, _found: Iterations, _before: Earlier) -> Ruled | None:
    """Estimators that keep whether or how they came to their end."""
    condition = getattr(estimator, "termination_condition_", None)
    if isinstance(condition, str):
        evidence = f"termination_condition_ is {condition}."
        return Ruled(Rule(name=condition), ended=True, evidence=evidence, early=False)
    if getattr(estimator, "converged_", None) is True:
        tol = _real(getattr(estimator, "tol", None))
        evidence = "converged_ is True" + ("" if tol is None else f" (tol={tol:g})")
        rule = Rule(name="tol", min_delta=tol)
        return Ruled(rule, ended=True, evidence=f"{evidence}.", early=False)
    return None


def is_real(value: object) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _real(value: Any) -> float | None:
    return float(value) if is_real(value) else None


_READERS: Final[tuple[Callable[[Any, Iterations, Earlier], Ruled | None], ...]] = (
    _of_histogram_boosting,
    _of_network,
    _of_gradient_boosting,
    _of_linear,
    _of_xgboost,
    _of_lightgbm,
    _of_adaptive_boosting,
    _of_condition,
)
