"""Trainings that their user had end on an issue, each by its framework's own means."""

from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import torch
import xgboost as xgb
from pytorch_lightning import LightningModule, Trainer

import mllog_lightgbm
import mllog_lightning
import mllog_optuna
import mllog_xgboost
from mllog_callbacks import AuditLog, EventType, Issue, LogEntry
from recorded import Entries, facts_of, issues, the_end

X = np.random.default_rng(0).random((120, 3))
Y = (X[:, 0] > 0.5).astype(int)
BROKEN_FROM = 4
PLANNED = 30


def _lightgbm(log: AuditLog, **settings: Any) -> None:
    """A metric of its own is NaN from the fourth iteration on."""
    done = [0]

    def metric(_scores: Any, _data: Any) -> tuple[str, float, bool]:
        done[0] += 1
        return "own", float("nan") if done[0] >= BROKEN_FROM else 1 / done[0], False

    lgb.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1, "metric": "none"},
        lgb.Dataset(X[:80], Y[:80]),
        # a function is called from a thread beside the training, a tenth of a second later or so
        20_000 if "on_issue" in settings else PLANNED,
        valid_sets=[lgb.Dataset(X[80:], Y[80:])],
        feval=metric,
        callbacks=[mllog_lightgbm.MLAuditCallback(log, **settings)],
    )


def _xgboost(log: AuditLog, **settings: Any) -> None:
    done = [0]

    def metric(_scores: Any, _data: Any) -> tuple[str, float]:
        done[0] += 1
        return "own", float("nan") if done[0] >= BROKEN_FROM else 1 / done[0]

    xgb.train(
        {"objective": "binary:logistic", "nthread": 1, "disable_default_eval_metric": 1},
        xgb.DMatrix(X[:80], Y[:80]),
        PLANNED,
        evals=[(xgb.DMatrix(X[80:], Y[80:]), "valid")],
        custom_metric=metric,
        callbacks=[mllog_xgboost.MLAuditCallback(log, **settings)],
        verbose_eval=False,
    )


class _Broken(LightningModule):
    """Its validation loss is NaN from the fourth epoch on."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch: Any, _index: int) -> Any:
        return self.layer(batch[0]).pow(2).mean()

    def validation_step(self, batch: Any, _index: int) -> None:
        loss = self.layer(batch[0]).pow(2).mean()
        broken = self.current_epoch + 1 >= BROKEN_FROM
        self.log("val_loss", loss * float("nan") if broken else loss)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def _lightning(log: AuditLog, **settings: Any) -> None:
    data = torch.utils.data.TensorDataset(torch.as_tensor(X[:32], dtype=torch.float32))
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    trainer = Trainer(
        max_epochs=PLANNED,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=[mllog_lightning.MLAuditCallback(log, **settings)],
    )
    trainer.fit(_Broken(), loader, loader)


TRAININGS: dict[str, Callable[..., None]] = {
    "lightgbm": _lightgbm,
    "lightning": _lightning,
    "xgboost": _xgboost,
}


def _stop(recorded: list[LogEntry]) -> dict[str, Any]:
    """Why a training was stopped; early, and recorded once."""
    end = the_end(recorded)
    facts = dict[str, Any](end.metrics_snapshot or {})
    assert end.event == EventType.TRAINING_STOPPED
    assert facts["stop"]["by"] == "rule"
    found: dict[str, Any] = facts["stop"]["rule"]
    return found


@pytest.mark.filterwarnings("ignore:.*num_workers")
@pytest.mark.parametrize("name", TRAININGS)
def test_an_issue_that_its_user_named_ends_a_training(
    name: str, log: AuditLog, entries: Entries
) -> None:
    """Soon after it, and by a rule that names it; its own stop is no failure."""
    TRAININGS[name](log, stop_on=["non_finite"])
    recorded = entries()
    rule = _stop(recorded)
    assert rule["name"] == "stop_on=non_finite"
    assert rule["message"] == issues(recorded, "non_finite")[0].decision
    assert len(issues(recorded, "non_finite")) >= 1
    done = facts_of(the_end(recorded)).get("progress", {}).get("done")
    assert done is None or done <= BROKEN_FROM + 1
    typed = name in {"lightgbm", "lightning", "xgboost"}
    why = "stop_on=non_finite ended it" if typed else "The user had it end on this issue"
    assert why in str(the_end(recorded).reasoning)


@pytest.mark.filterwarnings("ignore:.*num_workers")
@pytest.mark.parametrize("name", TRAININGS)
def test_a_function_that_says_stop_ends_a_training(
    name: str, log: AuditLog, entries: Entries
) -> None:
    """At the issue that it said it of; any other answer lets it go on."""

    def judge(issue: Issue) -> str | None:
        return "stop" if issue.name == "non_finite" else None

    TRAININGS[name](log, on_issue=judge)
    assert _stop(entries())["name"] == "on_issue"


@pytest.mark.parametrize("name", TRAININGS)
def test_what_is_no_issue_is_refused(name: str, log: AuditLog) -> None:
    """Before a training begins."""
    with pytest.raises(ValueError, match="no issue 'nan' to stop on"):
        TRAININGS[name](log, stop_on="nan")


def test_an_adapter_that_cannot_stop_a_training_says_so() -> None:
    """Rather than to promise it."""
    with pytest.raises(ValueError, match="has no means to stop a training"):
        mllog_optuna.MLAuditCallback(stop_on="non_finite")
