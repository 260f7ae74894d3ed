"""Trials that optuna prunes are stopped by its rule, and have not failed."""

from pathlib import Path
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl
import torch

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from recorded import Entries, of

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


class Pruning(pl.Callback):
    """Reports each epoch to a trial, as the callback of optuna's integration does."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report, and leave where the trial is to be pruned."""
        if trainer.sanity_checking:
            return
        epoch = pl_module.current_epoch
        self._trial.report(trainer.callback_metrics["val_loss"].item(), step=epoch)
        if self._trial.should_prune():
            msg = f"Trial was pruned at epoch {epoch}."
            raise optuna.TrialPruned(msg)


def test_a_pruned_trial_is_stopped_by_a_rule(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """With the trial, the epoch and the value that was compared."""
    torch.manual_seed(0)

    def objective(trial: optuna.Trial) -> float:
        trainer = make_trainer(pl, log, tmp_path, Pruning(trial))
        rate = trial.suggest_float("rate", 1e-9, 1.0)
        trainer.fit(regression(pl)(rate=rate), loader(), loader(seed=1))
        return 0.0

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        pruner=optuna.pruners.ThresholdPruner(upper=3.0, n_warmup_steps=1),
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    study.enqueue_trial({"rate": 0.1})
    study.enqueue_trial({"rate": 1e-9})
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]
    recorded = entries()
    assert not of(recorded, EventType.TRAINING_FAILED)
    (end,) = of(recorded, EventType.TRAINING_STOPPED)
    facts = snapshot(end)
    assert "error" not in facts
    assert facts["stop"]["by"] == "rule"
    assert facts["stop"]["rule"] == {
        "name": "optuna ThresholdPruner",
        "value": study.trials[1].intermediate_values[1],
        "step": 1,
        "trial": 1,
        "message": "Trial was pruned at epoch 1.",
    }
    assert "by optuna ThresholdPruner" in str(end.decision)
