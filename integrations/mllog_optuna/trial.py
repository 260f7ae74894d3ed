"""What a trial came to."""

from typing import Final, Literal

from optuna.trial import FrozenTrial, TrialState

from mllog_callbacks.facts import Failure, Rule, Trial, ended_by
from mllog_optuna.study import Metrics

__all__ = ["failed_trial", "trial_facts"]

_State = Literal["complete", "pruned", "failed", "running", "waiting"]
_STATES: Final[dict[TrialState, _State]] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def trial_facts(
    trial: FrozenTrial,
    metrics: Metrics,
    rule: Rule | None,
    failure: Failure | None,
    *,
    is_best: bool,
) -> Trial:
    """The facts of a trial that ended.

    Args:
        trial: The trial, as its study keeps it.
        metrics: The objectives.
        rule: The rule by which the pruner had it stopped; None where it did not.
        failure: What its objective raised; None where it raised nothing, or a prune.
        is_best: Whether it is better than all before.
    """
    state = _STATES[trial.state]
    values = trial.values or []
    if state == "pruned" and rule is None:
        rule = Rule(name="TrialPruned, raised by the objective", trial=trial.number)
    return Trial(
        number=trial.number,
        state=state,
        parameters=trial.params,
        values=dict(zip(metrics, values, strict=False)) if state == "complete" else None,
        best_so_far=is_best or None,
        reported=_reported(trial),
        seconds=_seconds(trial),
        rule=rule if state == "pruned" else None,
        error=(failure or _no_value(trial)) if state == "failed" else None,
    )


def failed_trial(trial: FrozenTrial, error: BaseException) -> Trial:
    """The facts of a trial whose exception ended the search; the exception is not kept."""
    _, failure = ended_by(error)
    return Trial(
        number=trial.number,
        state="failed",
        parameters=trial.params,
        reported=_reported(trial),
        seconds=_seconds(trial),
        error=failure,
    )


def _reported(trial: FrozenTrial) -> dict[str, float] | None:
    """The last intermediate value."""
    values = trial.intermediate_values
    return {str(max(values)): values[max(values)]} if values else None


def _seconds(trial: FrozenTrial) -> float | None:
    return None if trial.duration is None else round(trial.duration.total_seconds(), 3)


def _no_value(trial: FrozenTrial) -> Failure:
    """Of a trial whose objective raised nothing: it returned what is no value."""
    reason = trial.system_attrs.get("fail_reason")
    return Failure(
        message=reason if isinstance(reason, str) else None,
        where="the objective returned no value that is finite",
    )
