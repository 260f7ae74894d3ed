"""Small real trainings of each adapter, to be killed: a framework is imported when it is asked for.

`READY` holds, by adapter, what imports a framework and returns the training: a function of a log,
a folder and chance, which runs one training to its end.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mllog_callbacks import AuditLog

__all__ = ["READY", "Training"]

Training = Callable[[AuditLog, Path, random.Random], Any]


def _lightgbm() -> Training:
    import lightgbm as lgb  # noqa: PLC0415 - one of the frameworks alone
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415

    from mllog_lightgbm import MLAuditCallback  # noqa: PLC0415

    features, labels = load_breast_cancer(return_X_y=True)

    def train(log: AuditLog, _: Path, chance: random.Random) -> None:
        rounds = chance.randrange(5, 200)
        audit = MLAuditCallback(log, dataset="cancer")
        params = {"objective": "binary", "verbosity": -1, "num_threads": 1}
        if chance.random() < 1 / 3:
            model = lgb.LGBMClassifier(n_estimators=rounds, n_jobs=1, verbosity=-1)
            model.fit(
                features[100:],
                labels[100:],
                eval_set=[(features[:100], labels[:100])],
                callbacks=[audit],
            )
            return
        training = lgb.Dataset(features[100:], labels[100:])
        valid = lgb.Dataset(features[:100], labels[:100], reference=training)
        stopping = lgb.early_stopping(10, verbose=False)
        lgb.train(params, training, rounds, valid_sets=[valid], callbacks=[audit, stopping])

    return train


def _xgboost() -> Training:
    import xgboost as xgb  # noqa: PLC0415
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415

    from mllog_xgboost import MLAuditCallback  # noqa: PLC0415

    features, labels = load_breast_cancer(return_X_y=True)

    def train(log: AuditLog, _: Path, chance: random.Random) -> None:
        rounds = chance.randrange(5, 200)
        audit = MLAuditCallback(log, dataset="cancer")
        if chance.random() < 1 / 3:
            model = xgb.XGBClassifier(n_estimators=rounds, n_jobs=1, callbacks=[audit])
            model.fit(
                features[100:],
                labels[100:],
                eval_set=[(features[:100], labels[:100])],
                verbose=False,
            )
            return
        xgb.train(
            {"objective": "binary:logistic", "nthread": 1},
            xgb.DMatrix(features[100:], labels[100:]),
            rounds,
            evals=[(xgb.DMatrix(features[:100], labels[:100]), "valid")],
            verbose_eval=False,
            early_stopping_rounds=10,
            callbacks=[audit],
        )

    return train


def _sklearn() -> Training:
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415
    from sklearn.linear_model import SGDClassifier  # noqa: PLC0415
    from sklearn.model_selection import GridSearchCV  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    from mllog_sklearn import audited  # noqa: PLC0415

    data = load_breast_cancer(return_X_y=True)

    def train(log: AuditLog, _: Path, chance: random.Random) -> None:
        seed = chance.randrange(100)
        models = (
            GradientBoostingClassifier(n_estimators=chance.randrange(5, 60), random_state=seed),
            make_pipeline(StandardScaler(), SGDClassifier(random_state=seed)),
            GridSearchCV(SGDClassifier(random_state=seed), {"alpha": [1e-4, 1e-3, 1e-2]}),
        )
        audited(chance.choice(models), log=log, dataset="cancer").fit(*data)

    return train


def _lightning() -> Training:
    import lightning.pytorch as pl  # noqa: PLC0415

    from lightning_training import loader, make_trainer, regression  # noqa: PLC0415

    def train(log: AuditLog, folder: Path, chance: random.Random) -> None:
        checkpoint = pl.callbacks.ModelCheckpoint(folder / "kept", monitor="val_loss")
        epochs = chance.randrange(1, 30)
        trainer = make_trainer(pl, log, folder, checkpoint, max_epochs=epochs)
        trainer.fit(regression(pl)(), loader(), loader(seed=1))

    return train


def _transformers() -> Training:
    from mllog_transformers import MLAuditCallback  # noqa: PLC0415
    from transformers_training import trainer  # noqa: PLC0415

    def train(log: AuditLog, folder: Path, chance: random.Random) -> None:
        audit = MLAuditCallback(log, dataset="counting")
        trainer(folder, audit, max_steps=chance.randrange(2, 40)).train()

    return train


READY: Final[dict[str, Callable[[], Training]]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "sklearn": _sklearn,
    "lightning": _lightning,
    "transformers": _transformers,
}

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a forked child hangs in GNU OpenMP beside more
