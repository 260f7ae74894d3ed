"""What a study chose: the best trial, with the next best and the margin between them."""

import optuna
from optuna.trial import FrozenTrial, TrialState

from mllog_callbacks.facts import Candidates, ModelCompared, RunnerUp
from mllog_optuna.study import Metrics

__all__ = ["chosen"]

_LISTED = 200


def chosen(study: optuna.Study, metrics: Metrics) -> ModelCompared | None:
    """The best of a study's complete trials, also of those before; None where there is none.

    Of several objectives none is chosen: the study has a front of best trials.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return None
    first = next(iter(metrics))
    ranked = sorted(complete, key=lambda trial: _by(trial, 0, metrics[first]))
    listed = ranked[:_LISTED]
    names = dict.fromkeys(name for trial in listed for name in trial.params)
    candidates = Candidates(
        candidates=len(complete),
        number=tuple(trial.number for trial in listed),
        parameters={name: tuple(each.params.get(name) for each in listed) for name in names},
        mean={name: tuple(trial.values[at] for trial in listed) for at, name in enumerate(metrics)},
        rank={name: _ranks(listed, at, metrics[name]) for at, name in enumerate(metrics)},
        chosen=ranked[0].number if len(metrics) == 1 else None,
    )
    other = _runner_up(ranked) if len(metrics) == 1 and len(ranked) > 1 else None
    return ModelCompared(candidates=candidates, runner_up=other)


def _by(trial: FrozenTrial, at: int, mode: str) -> float:
    value: float = trial.values[at]
    return -value if mode == "max" else value


def _ranks(trials: list[FrozenTrial], at: int, mode: str) -> tuple[int, ...]:
    """The rank of each, from 1; equal values have equal ranks."""
    values = sorted(_by(trial, at, mode) for trial in trials)
    return tuple(values.index(_by(trial, at, mode)) + 1 for trial in trials)


def _runner_up(ranked: list[FrozenTrial]) -> RunnerUp:
    best, other = ranked[0].values[0], ranked[1].values[0]
    return RunnerUp(
        number=ranked[1].number,
        value=other,
        margin=abs(best - other),
        parameters=ranked[1].params,
    )
