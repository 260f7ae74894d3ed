"""Small real LightGBM trainings, and what to ask of their trail."""

from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.datasets import load_breast_cancer

from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

PARAMS = {"objective": "binary", "verbosity": -1, "seed": 0, "num_threads": 1}


def data() -> tuple[lgb.Dataset, lgb.Dataset]:
    """Breast-cancer data: 426 rows to train on, 143 to validate."""
    features, labels = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    features, labels = features[order], labels[order]
    train = lgb.Dataset(features[:426], labels[:426])
    return train, lgb.Dataset(features[426:], labels[426:], reference=train)


def train(log: AuditLog, *others: Any, params: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    """Train with the audit callback and others."""
    training, valid = data()
    kwargs = dict[str, Any](num_boost_round=20, valid_sets=[valid]) | kwargs
    callbacks = [MLAuditCallback(log, dataset="breast_cancer"), *others]
    return lgb.train(PARAMS | (params or {}), training, callbacks=callbacks, **kwargs)
