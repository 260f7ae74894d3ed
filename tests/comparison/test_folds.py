"""Folds are a group, however they were made, with mean and deviation of their scores."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

import lightgbm as lgb
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_validate
from sklearn.preprocessing import scale

from mllog_callbacks import AuditLog, read_trail
from mllog_callbacks.comparison import group_in_words
from mllog_lightgbm import MLAuditCallback
from mllog_sklearn import audited

X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)
PARAMS: Final[dict[str, Any]] = {
    "objective": "binary",
    "metric": "auc",
    "verbosity": -1,
    "num_threads": 1,
    "num_leaves": 4,
}


def _loop(log: AuditLog) -> None:
    """Of 569 rows, three folds have as many rows each: they are not the same data for that."""
    for seed, (kept, held) in enumerate(KFold(4).split(X)):
        train = lgb.Dataset(X[kept], Y[kept])
        valid = lgb.Dataset(X[held], Y[held], reference=train)
        audit = MLAuditCallback(log)
        lgb.train(PARAMS | {"seed": seed}, train, 4, valid_sets=[valid], callbacks=[audit])


def _cross_validate(log: AuditLog) -> None:
    cross_validate(audited(LogisticRegression(), log=log), X, Y, cv=4)


@pytest.mark.parametrize("train", [_loop, _cross_validate])
def test_folds_are_one_group(train: Callable[[AuditLog], None], tmp_path: Path) -> None:
    """Of the same settings on other data, whose deviation is not taken for that of seeds."""
    with AuditLog(tmp_path) as log:
        train(log)
    found = read_trail(tmp_path).compare()
    groups = {each.kind: each for each in found.groups}
    assert {*groups} == {"data", "script"}
    values = [run.scores[found.metric].value for run in found.runs]
    assert len(values) == len(groups["data"].members) == 4
    assert groups["data"].mean == pytest.approx(fmean(values))
    assert groups["data"].deviation == pytest.approx(stdev(values))
    assert group_in_words(groups["data"]).startswith("Same settings, other data: 4 runs, ")


def test_the_folds_of_lightgbm_cv_are_one_run(tmp_path: Path) -> None:
    """With their number, mean and deviation, as LightGBM has them."""
    with AuditLog(tmp_path) as log:
        audit = MLAuditCallback(log)
        made: Any = lgb.cv(PARAMS, lgb.Dataset(X, Y), 4, nfold=4, callbacks=[audit], seed=1)
    (run,) = read_trail(tmp_path).compare().runs
    score = run.scores["valid auc"]
    assert (score.value, score.deviation, score.folds) == (
        made["valid auc-mean"][-1],
        made["valid auc-stdv"][-1],
        4,
    )
