"""The rule by which a pruner stops a trial, with the values that it compared."""

import math
from typing import Any

import optuna
from optuna.pruners import BasePruner, PercentilePruner, ThresholdPruner, _percentile
from optuna.trial import FrozenTrial, TrialState

from mllog_callbacks.facts import Rule

__all__ = ["rule_of"]


def rule_of(pruner: BasePruner, study: optuna.Study, trial: FrozenTrial) -> Rule:
    """The rule, as it was just now.

    Args:
        pruner: What decided.
        study: The study.
        trial: The trial that it prunes.
    """
    step = trial.last_step
    value = None if step is None else trial.intermediate_values[step]
    threshold = mode = None
    if step is not None and len(study.directions) == 1:
        mode = "max" if study.direction == optuna.study.StudyDirection.MAXIMIZE else "min"
        if isinstance(pruner, PercentilePruner):
            value, threshold = _percentile_values(pruner, study, trial, step)
        elif isinstance(pruner, ThresholdPruner) and value is not None:
            mode, threshold = _crossed(pruner, value)
    finite = threshold is not None and math.isfinite(threshold)
    return Rule(
        name=type(pruner).__name__,
        mode=mode,
        value=value,
        threshold=threshold if finite else None,
        step=step,
        trial=trial.number,
    )


def _percentile_values(
    pruner: Any,  # noqa: ANN401 - its fields have no public names
    study: optuna.Study,
    trial: FrozenTrial,
    step: int,
) -> tuple[float, float | None]:
    """The best value so far, and the percentile of other trials, by the pruner's own functions."""
    best = _percentile._get_best_intermediate_result_over_steps(trial, study.direction)  # noqa: SLF001 - what it compares
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return float(best), None
    other = _percentile._get_percentile_intermediate_result_over_trials(  # noqa: SLF001 - likewise
        complete,
        study.direction,
        step,
        pruner._percentile,  # noqa: SLF001 - its own setting
        pruner._n_min_trials,  # noqa: SLF001 - likewise
    )
    return float(best), other


def _crossed(pruner: Any, value: float) -> tuple[str, float]:  # noqa: ANN401 - as above
    """Which of its two bounds a value is beyond: the upper one is met where less is wanted."""
    if value > pruner._upper:  # noqa: SLF001 - its own setting
        return "min", float(pruner._upper)  # noqa: SLF001 - likewise
    return "max", float(pruner._lower)  # noqa: SLF001 - likewise
