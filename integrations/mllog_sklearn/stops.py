"""How a fit came to its end: all of its iterations, fewer by early stopping, or fewer as enough."""

from typing import Any, Final, NamedTuple

from mllog_callbacks import EventType, Reason
from mllog_callbacks.facts import Kept, Rule, Stop, dump
from mllog_callbacks.schema import assigned, count, number
from mllog_sklearn.curves import EVALUATIONS, curves
from mllog_sklearn.iterations import Iterations, iterations

__all__ = ["Outcome", "outcome"]


class Outcome(NamedTuple):
    """The end of a fit that returned.

    Attributes:
        event: Which end it is.
        reason: What is told.
        snapshot: The numbers behind it.
    """

    event: EventType
    reason: Reason
    snapshot: dict[str, object]


def outcome(
    estimator: Any, method: str, *, where: str = "", converged: bool = True, monitored: bool = False
) -> Outcome:
    """How the fit of an estimator that returned has ended.

    Args:
        estimator: What did the work: the last step of a pipeline, or the estimator itself.
        method: The method that returned.
        where: Which part it is, as in "step clf"; empty for the whole.
        converged: Whether no ConvergenceWarning was made.
        monitored: Whether the caller gave a monitor, which may end it.
    """
    part = f" in {where} ({type(estimator).__name__})" if where else ""
    found = _boosted(estimator) or iterations(estimator)
    if found is None:
        return Outcome(
            EventType.TRAINING_COMPLETED,
            Reason("Training completed.", f"{method} returned without an exception."),
            {},
        )
    fewer = found.limit is not None and found.done < found.limit
    rule = _rule(estimator) or (_MONITOR if monitored and fewer else None)
    snapshot: dict[str, object] = {"iterations_done": found.done}
    if found.limit is not None:
        snapshot["iterations_allowed"] = found.limit
    if rule is not None and rule.kept_at is not None:
        snapshot["kept"] = dump(rule.kept_at)
    if fewer and rule is not None:
        told = Reason(
            f"Training stopped early after iteration {found.done:,} of at most {found.limit:,}"
            f"{part}. {rule.kept}".rstrip(),
            f"{rule.evidence} {rule.kept}".rstrip(),
        )
        snapshot["stop"] = dump(Stop(by="rule", rule=rule.facts))
        return Outcome(EventType.TRAINING_STOPPED, told, snapshot | rule.snapshot)
    if found.limit is not None and not fewer:
        snapshot["stop"] = dump(Stop(by="plan"))
    kept = f" {rule.kept}" if rule is not None and rule.kept else ""
    why = _why(estimator, found, rule, converged=converged)
    told = Reason(f"Training completed{_used(found)}{part}.{kept}", why)
    return Outcome(EventType.TRAINING_COMPLETED, told, snapshot | (rule.snapshot if rule else {}))


def _used(found: Iterations) -> str:
    if found.limit is None:
        return f" after {count(found.done, 'iteration')}"
    if found.done >= found.limit:
        return f": all {count(found.limit, 'planned iteration')} ran"
    return f" after {found.done:,} of at most {count(found.limit, 'iteration')}"


def _why(estimator: Any, found: Iterations, rule: "_Rule | None", *, converged: bool) -> str:
    told = f"{found.source} is {found.done:,}"
    if found.limit is None:
        return f"{told}; {found.named} sets no limit." if found.named else f"{told}."
    if found.done >= found.limit:
        early = " Early stopping was armed and did not end it sooner." if rule is not None else ""
        used = "allows no more" if found.done == found.limit else "is used up"
        return f"{told}, and {found.named}={found.limit:,} {used}.{early}"
    below = f"{told}, below {found.named}={found.limit:,}"
    if not converged:
        return f"{below}; a ConvergenceWarning was made on the way."
    if found.named != "max_iter":
        return f"{below}; no early stopping was armed."
    condition = getattr(estimator, "termination_condition_", None)
    if isinstance(condition, str):
        return f"{below}: termination_condition_ is {condition}."
    criteria = {name: getattr(estimator, name, None) for name in ("tol", "max_no_improvement")}
    armed = assigned({name: value for name, value in criteria.items() if value})
    named = f" ({armed})" if armed else ""
    return f"{below}: the solver's own criterion{named} ended it."


class _Rule(NamedTuple):
    """Early stopping, as an estimator has it armed.

    Attributes:
        evidence: What the rule is and what it saw.
        kept: What follows for the model; empty where it keeps what it has.
        snapshot: The numbers behind it.
        facts: The rule as facts.
        kept_at: Which model is kept; None where it keeps what it has.
    """

    evidence: str
    kept: str
    snapshot: dict[str, object]
    facts: Rule = Rule(name="early stopping", unit="iteration")
    kept_at: Kept | None = None


_MONITOR: Final = _Rule(
    "The monitor given to fit ended it; early stopping was off.", "", {}, Rule(name="monitor")
)


def _rule(estimator: Any) -> _Rule | None:
    """The rule by which an estimator may stop early; None where none is armed."""
    if getattr(estimator, "do_early_stopping_", False):
        return _histogram_rule(estimator)
    if hasattr(estimator, "validation_scores_") and getattr(estimator, "early_stopping", False):
        return _network_rule(estimator)
    if getattr(estimator, "early_stopping", False) is True and _has_patience(estimator):
        return _Rule(_patience(estimator, "its score on a validation_fraction of"), "", {})
    if hasattr(estimator, "n_estimators_") and getattr(estimator, "n_iter_no_change", None):
        return _Rule(_patience(estimator, "the loss on a validation_fraction of"), "", {})
    return _boosting_rule(estimator)


def _has_patience(estimator: Any) -> bool:
    """Whether all is set that the rule needs: with a tolerance of None it stops nothing."""
    needed = ("tol", "n_iter_no_change", "validation_fraction")
    return all(getattr(estimator, name, None) is not None for name in needed)


def _patience(estimator: Any, what: str) -> str:
    return (
        f"Early stopping was armed: {what} {estimator.validation_fraction:g} had not improved by "
        f"tol={estimator.tol:g} in n_iter_no_change={estimator.n_iter_no_change} iterations."
    )


def _histogram_rule(estimator: Any) -> _Rule:
    held_out = len(estimator.validation_score_) > 0
    scores = estimator.validation_score_ if held_out else estimator.train_score_
    named = "validation_score_" if held_out else "train_score_"
    waited = estimator.n_iter_no_change
    reference = len(scores) - 1 - waited
    if reference < 0:
        return _Rule(f"Early stopping was armed with n_iter_no_change={waited}.", "", {})
    best = max(range(len(scores)), key=scores.__getitem__)
    return _Rule(
        f"None of the last n_iter_no_change={waited} values of {named} was above that of iteration "
        f"{reference:,} ({number(scores[reference])}) by more than tol={estimator.tol:g}.",
        f"The trees of all {count(estimator.n_iter_, 'iteration')} are kept.",
        {"best_iteration": best, "best_score": float(scores[best])},
    )


def _network_rule(estimator: Any) -> _Rule | None:
    scores = estimator.validation_scores_
    if not scores:
        return None
    best = max(range(len(scores)), key=scores.__getitem__)
    facts = Rule(
        name="early stopping",
        metric="validation_scores_",
        mode="max",
        best=float(scores[best]),
        best_at=best + 1,
        patience=estimator.n_iter_no_change,
        min_delta=estimator.tol,
        unit="epoch",
    )
    return _Rule(
        f"validation_scores_ was best at epoch {best + 1:,} ({number(scores[best])}); early "
        f"stopping allows n_iter_no_change={estimator.n_iter_no_change} epochs that improve on the "
        f"best by less than tol={estimator.tol:g}.",
        f"The weights of epoch {best + 1:,} are kept.",
        {"kept_epoch": best + 1, "best_score": float(scores[best])},
        facts,
        Kept(at=best + 1, unit="epoch", chosen_by="early stopping"),
    )


def _boosted(estimator: Any) -> Iterations | None:
    """Rounds of XGBoost, which has no attribute for them, and of LightGBM, which tells the best."""
    if callable(getattr(estimator, "get_num_boosting_rounds", None)):
        rounds = estimator.get_num_boosting_rounds()
        done = estimator.get_booster().num_boosted_rounds()
        return Iterations(int(done), int(rounds), "n_estimators", "num_boosted_rounds")
    evaluated = [curve for curve in curves(estimator) if curve.source == EVALUATIONS]
    limit = getattr(estimator, "n_estimators", None)
    if not evaluated or not isinstance(limit, int):
        return None
    done = max(max(len(curve.train), len(curve.validation)) for curve in evaluated)
    return Iterations(done, limit, "n_estimators", f"the length of {EVALUATIONS}")


def _boosting_rule(estimator: Any) -> _Rule | None:
    """Early stopping of LightGBM and XGBoost: they name the best iteration."""
    if callable(getattr(estimator, "get_num_boosting_rounds", None)):
        armed = getattr(estimator, "early_stopping_rounds", None)
        if armed is None:
            return None
        best, patience = int(estimator.best_iteration) + 1, f"early_stopping_rounds={armed}"
        score = getattr(estimator, "best_score", None)
        value = f" ({number(float(score))})" if isinstance(score, (int, float)) else ""
    else:
        best = getattr(estimator, "best_iteration_", None) or 0
        patience, value = "early stopping", ""
        if not isinstance(best, int) or best < 1:
            return None
    return _Rule(
        f"Iteration {best:,}{value} is the best that {patience} saw.",
        f"Predictions use the model of iteration {best:,}.",
        {"kept_iteration": best},
        Rule(name="early stopping", best_at=best, unit="iteration"),
        Kept(at=best, unit="iteration", chosen_by="early stopping"),
    )
