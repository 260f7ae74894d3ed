"""How a fit came to its end: which rule, limit or interrupt ended it, where attributes show it.

What ended a fit is never concluded from what did not: where an estimator keeps no evidence, the
iterations are counted and nothing is said of why there were no more.
"""

from typing import Any, Final, NamedTuple

from sklearn.exceptions import ConvergenceWarning

from mllog_callbacks import EventType, Reason
from mllog_callbacks.facts import Progress, Stop, dump
from mllog_callbacks.schema import count
from mllog_sklearn.curves import EVALUATIONS, curves
from mllog_sklearn.earlier import NOTHING, Earlier
from mllog_sklearn.iterations import Iterations, iterations
from mllog_sklearn.rules import EITHER, MONITOR, Ruled, ruled
from mllog_sklearn.warned import Audience

__all__ = ["INTERRUPTED", "Circumstances", "Outcome", "outcome"]

INTERRUPTED: Final = "Training interrupted by user."
"""The warning of scikit-learn's networks that caught an interrupt and return what they have."""


class Outcome(NamedTuple):
    """The end of a fit that returned.

    Attributes:
        event: Which end it is.
        reason: What is recorded.
        snapshot: The numbers behind it.
    """

    event: EventType
    reason: Reason
    snapshot: dict[str, object]


class Circumstances(NamedTuple):
    """What is known of a fit beside the estimator that it leaves.

    Attributes:
        method: The method that returned.
        where: Which part of the estimator did the work, as in "step clf"; empty for the whole.
        warned: The warnings that were heard.
        monitored: Whether the caller gave a monitor, which may end it.
        before: What the estimator had from earlier fits.
    """

    method: str
    where: str = ""
    warned: Audience = Audience()
    monitored: bool = False
    before: Earlier = NOTHING


def outcome(estimator: Any, around: Circumstances) -> Outcome:
    """How the fit of an estimator that returned has ended.

    Args:
        estimator: What did the work: the last step of a pipeline, or the estimator itself.
        around: What else is known of the fit.
    """
    found = _boosted(estimator) or iterations(estimator)
    if found is None:
        recorded = Reason("Training completed.", f"{around.method} returned without an exception.")
        return Outcome(EventType.TRAINING_COMPLETED, recorded, {})
    rule = ruled(estimator, found, around.before)
    snapshot = _counted(found, around.before)
    if rule is not None and rule.kept is not None:
        snapshot["kept"] = dump(rule.kept)
    if hasattr(estimator, "loss_curve_") and (UserWarning, INTERRUPTED) in around.warned:
        return _interrupted(estimator, found, rule, around, snapshot)
    fewer = found.limit is not None and found.done < found.limit
    if around.monitored and fewer:
        rule = MONITOR if rule is None else EITHER
    part = f" in {around.where} ({type(estimator).__name__})" if around.where else ""
    if fewer and rule is not None and rule.ended:
        snapshot["stop"] = dump(Stop(by="rule", rule=rule.facts))
        if rule.early:
            recorded = Reason(
                f"Training stopped early after iteration {found.done:,} of at most "
                f"{found.limit:,}{part}. {rule.consequence}".rstrip(),
                rule.evidence,
            )
            return Outcome(EventType.TRAINING_STOPPED, recorded, snapshot)
    elif found.limit is not None and not fewer:
        snapshot["stop"] = dump(Stop(by="plan"))
    kept = f" {rule.consequence}" if rule is not None and rule.consequence else ""
    recorded = Reason(
        f"Training completed{_used(found, around.before)}{part}.{kept}",
        _why(estimator, found, rule, around.warned),
    )
    return Outcome(EventType.TRAINING_COMPLETED, recorded, snapshot)


def _counted(found: Iterations, before: Earlier) -> dict[str, object]:
    total = found.done if before.iterations else None
    planned = None if found.limit is None else found.limit - before.iterations
    done = found.done - before.iterations
    progress = Progress(unit="iteration", done=done, planned=planned, total=total)
    return {"progress": dump(progress)}


def _interrupted(
    estimator: Any,
    found: Iterations,
    rule: Ruled | None,
    around: Circumstances,
    snapshot: dict[str, object],
) -> Outcome:
    """scikit-learn caught an interrupt, and its fit returned all the same."""
    part = f" in {around.where}" if around.where else ""
    kept = f" {rule.consequence}" if rule is not None and rule.consequence else ""
    recorded = Reason(
        f"Training was stopped by hand after {found.done:,} of at most "
        f"{count(found.limit or 0, 'epoch')}{part}.{kept}",
        f'{type(estimator).__name__} warned "{INTERRUPTED}" and returned the model that it had.',
    )
    stop = Stop(by="hand", signal="KeyboardInterrupt")
    return Outcome(EventType.TRAINING_STOPPED, recorded, {**snapshot, "stop": dump(stop)})


def _used(found: Iterations, before: Earlier) -> str:
    more = f", {before.iterations:,} of them in earlier fits" if before.iterations else ""
    if found.limit is None:
        return f" after {count(found.done, 'iteration')}{more}"
    if found.done >= found.limit:
        return f": all {count(found.limit, 'planned iteration')} ran{more}"
    return f" after {found.done:,} of at most {count(found.limit, 'iteration')}{more}"


def _why(estimator: Any, found: Iterations, rule: Ruled | None, warned: Audience) -> str:
    recorded = f"{found.source} is {found.done:,}"
    if found.limit is None:
        return f"{recorded}; {found.named} sets no limit." if found.named else f"{recorded}."
    if found.done >= found.limit:
        on = rule is not None and rule.early and not rule.ended
        early = " Early stopping was on and did not end it sooner." if on else ""
        used = "allows no more" if found.done == found.limit else "is used up"
        return f"{recorded}, and {found.named}={found.limit:,} {used}.{early}"
    below = f"{recorded}, below {found.named}={found.limit:,}"
    if rule is not None and rule.ended:
        return f"{below}. {rule.evidence}"
    if any(kind is ConvergenceWarning for kind, _ in warned):
        return f"{below}; a ConvergenceWarning was made."
    return f"{below}; {type(estimator).__name__} keeps no record of what ended it."


def _boosted(estimator: Any) -> Iterations | None:
    """Rounds of XGBoost, which has no attribute for them, and of LightGBM, which has the best."""
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
