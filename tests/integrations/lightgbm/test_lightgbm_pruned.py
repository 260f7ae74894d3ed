"""Trials that optuna prunes are stopped by its rule, and have not failed."""

import lightgbm as lgb
import optuna

from lightgbm_training import PARAMS, data
from mllog_callbacks import AuditLog, EventType
from mllog_lightgbm import MLAuditCallback
from recorded import Entries, of


class Pruning:
    """Reports each iteration to a trial, as the callback of optuna's integration does."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial

    def __call__(self, env: lgb.callback.CallbackEnv) -> None:
        """Report, and leave where the trial is to be pruned."""
        self._trial.report((env.evaluation_result_list or [])[0][2], step=env.iteration)
        if self._trial.should_prune():
            msg = f"Trial was pruned at iteration {env.iteration}."
            raise optuna.TrialPruned(msg)


def test_a_pruned_trial_is_stopped_by_a_rule(log: AuditLog, entries: Entries) -> None:
    """With the trial, the step and the value that was compared."""
    audit = MLAuditCallback(log)

    def objective(trial: optuna.Trial) -> float:
        training, valid = data()
        rate = trial.suggest_float("learning_rate", 1e-4, 0.5)
        lgb.train(
            PARAMS | {"learning_rate": rate},
            training,
            12,
            valid_sets=[valid],
            callbacks=[audit, Pruning(trial)],
        )
        return 0.0

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        pruner=optuna.pruners.ThresholdPruner(upper=0.3, n_warmup_steps=4),
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    study.enqueue_trial({"learning_rate": 0.4})
    study.enqueue_trial({"learning_rate": 0.001})
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]
    recorded = entries()
    assert not of(recorded, EventType.TRAINING_FAILED)
    (end,) = of(recorded, EventType.TRAINING_STOPPED)
    snapshot = end.metrics_snapshot or {}
    assert "error" not in snapshot
    assert snapshot["stop"] == {
        "by": "rule",
        "rule": {
            "name": "optuna ThresholdPruner",
            "value": study.trials[1].intermediate_values[4],
            "step": 4,
            "trial": 1,
            "message": "Trial was pruned at iteration 4.",
        },
        "where": "in the callback Pruning",
    }
    assert "in iteration 5 of 12 by optuna ThresholdPruner" in str(end.decision)
    assert "in the callback Pruning" in str(end.reasoning)
