"""Real trainings of each adapter that go on until they are killed, forked from one process.

Called with a folder, how many to kill and the name of a signal: prints, for each, its folder and
the process's exit code.
"""

import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import lightgbm as lgb
import lightning.pytorch as pl
import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier

import mllog_lightgbm
import mllog_lightning
import mllog_xgboost
from lightning_training import loader, regression
from mllog_callbacks import AuditLog
from mllog_sklearn import audited
from processes import ended, forked

ENDLESS: Final = 1_000_000
DATA: Final = load_breast_cancer(return_X_y=True)


def _lightgbm(log: AuditLog, _: Path) -> None:
    training = lgb.Dataset(*DATA)
    params = {"objective": "binary", "verbosity": -1, "num_threads": 1, "learning_rate": 1e-4}
    lgb.train(
        params,
        training,
        ENDLESS,
        valid_sets=[training],
        callbacks=[mllog_lightgbm.MLAuditCallback(log, dataset="cancer")],
    )


def _xgboost(log: AuditLog, _: Path) -> None:
    training = xgb.DMatrix(*DATA)
    xgb.train(
        {"objective": "binary:logistic", "nthread": 1, "eta": 1e-4},
        training,
        ENDLESS,
        evals=[(training, "fit")],
        verbose_eval=False,
        callbacks=[mllog_xgboost.MLAuditCallback(log, dataset="cancer")],
    )


def _sklearn(log: AuditLog, _: Path) -> None:
    model = GradientBoostingClassifier(n_estimators=ENDLESS, random_state=0)
    audited(model, log=log, dataset="cancer").fit(*DATA)


def _lightning(log: AuditLog, folder: Path) -> None:
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=ENDLESS,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(folder),
        callbacks=[mllog_lightning.MLAuditCallback(log, dataset="plane")],
    )
    trainer.fit(regression(pl)(), loader(), loader(seed=1))


ADAPTERS: Final[dict[str, Callable[[AuditLog, Path], Any]]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "sklearn": _sklearn,
    "lightning": _lightning,
}


def _train(train: Callable[[AuditLog, Path], Any], folder: Path) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    train(AuditLog(folder / "logs"), folder)


def _has_begun(folder: Path) -> bool:
    with suppress(OSError):
        logs = folder.glob("logs/*.jsonl")
        return any(b'"TRAINING_STARTED"' in each.read_bytes() for each in logs)
    return False


def main(folder: Path, kills: int, name: str) -> None:
    """Kill trainings at random moments after they began, each adapter in turn."""
    warnings.simplefilter("ignore")
    chance = random.Random(kills)  # noqa: S311 - a seed, not a secret
    for number in range(kills):
        adapter = [*ADAPTERS][number % len(ADAPTERS)]
        own = folder / f"{number}-{adapter}"
        own.mkdir()
        child = forked(lambda a=adapter, o=own: _train(ADAPTERS[a], o))  # type: ignore[misc]  # bound now
        deadline = time.monotonic() + 60
        while not _has_begun(own) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.3))
        os.kill(child, signal.Signals[name])
        print(own, ended(child), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
