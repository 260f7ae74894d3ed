"""`mllog_callbacks.auto`: trainings are recorded without a line in them."""

import asyncio
import importlib
import inspect
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import lightgbm as lgb
import numpy as np
import pytest
import xgboost
from lightgbm import train as imported_before
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mllog_callbacks import RUN_ENDS, AuditLog, EventType, auto
from mllog_callbacks.automatic import lightning_callbacks, start, statuses
from mllog_lightgbm import MLAuditCallback
from mllog_sklearn import audited
from recorded import Entries

X = np.random.RandomState(0).rand(80, 4)
Y = (X[:, 0] > 0.5).astype(int)
SMALL = {"objective": "binary", "verbosity": -1, "num_threads": 1}


def light(callbacks: Any = None) -> lgb.Booster:
    """Train LightGBM a little."""
    return lgb.train(SMALL, lgb.Dataset(X, Y), 2, callbacks=callbacks)


def gradient() -> xgboost.Booster:
    """Train XGBoost a little."""
    return xgboost.train({"nthread": 1}, xgboost.DMatrix(X, Y), 2)


def models(entries: Entries) -> list[str | None]:
    """The model of each run that ended; each of them began once."""
    recorded = entries()
    started = [each for each in recorded if each.event is EventType.TRAINING_STARTED]
    ended = [each.model for each in recorded if each.event in RUN_ENDS]
    assert len(started) == len(ended)
    return ended


def test_every_training_of_a_block_is_recorded_once(log: AuditLog, entries: Entries) -> None:
    """However the function was imported, by estimators too; what was before and after is not."""
    light()
    with auto(log=log, dataset="churn"):
        light()
        imported_before(SMALL, lgb.Dataset(X, Y), 2)
        lgb.cv(SMALL, lgb.Dataset(X, Y), 2, nfold=2)
        lgb.LGBMClassifier(n_estimators=2, verbosity=-1, n_jobs=1).fit(X, Y)
        gradient()
        xgboost.cv({"nthread": 1}, xgboost.DMatrix(X, Y), 2, nfold=2)
        xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, Y)
        LogisticRegression().fit(X, Y)
    light()
    gradient()
    LogisticRegression().fit(X, Y)
    assert models(entries) == [
        *["LightGBM gbdt"] * 4,
        *["XGBoost gbtree"] * 2,
        "XGBClassifier",
        "LogisticRegression",
    ]
    assert {each.dataset for each in entries()} == {"churn"}


@pytest.mark.parametrize("given", [list, tuple, set])
def test_a_callback_that_was_given_wins(
    log: AuditLog, entries: Entries, given: Callable[[Any], Any]
) -> None:
    """In whatever it is given; the caller's own collection stays as it was."""
    own = given([MLAuditCallback(log, model="mine")])
    with auto(log=log):
        light(own)
        assert len(own) == 1
    assert models(entries) == ["mine"]


def test_other_callbacks_keep_their_order(log: AuditLog) -> None:
    """LightGBM writes an order to the callbacks it is given: the same as without."""

    def first(_: Any) -> None: ...

    def second(_: Any) -> None: ...

    light([first, second])
    without = first.__dict__.pop("order"), second.__dict__.pop("order")
    with auto(log=log):
        light([first, second])
    assert (vars(first)["order"], vars(second)["order"]) == without


def test_an_audited_estimator_wins(log: AuditLog, entries: Entries) -> None:
    """Also one whose framework has an adapter of its own."""
    model = lgb.LGBMClassifier(n_estimators=2, verbosity=-1, n_jobs=1)
    with auto(log=log):
        audited(LogisticRegression(), log, model="mine").fit(X, Y)
        audited(model, log, model="mine too").fit(X, Y)
    assert models(entries) == ["mine", "mine too"]


def test_the_outermost_fit_is_the_one_recorded(log: AuditLog, entries: Entries) -> None:
    """Searches, pipelines and the estimators of users."""
    light_model = lgb.LGBMClassifier(n_estimators=2, verbosity=-1, n_jobs=1)

    class Own(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, rows: Any, labels: Any, sample_weight: Any = None, **_: Any) -> "Own":
            self.inner_ = LogisticRegression().fit(rows, labels, sample_weight)
            self.classes_ = self.inner_.classes_
            return self

    with auto(log=log):
        GridSearchCV(light_model, {"num_leaves": [3, 4]}, cv=2).fit(X, Y)
        with joblib.parallel_config("threading"):
            GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2, n_jobs=2).fit(X, Y)
        make_pipeline(StandardScaler(), light_model).fit(X, Y)
        Own().fit(X, Y)
    assert models(entries) == [
        "GridSearchCV(LGBMClassifier)",
        "GridSearchCV(LogisticRegression)",
        "Pipeline(StandardScaler, LGBMClassifier)",
        "Own",
    ]


def test_a_fit_fails_with_the_same_traceback(log: AuditLog, entries: Entries) -> None:
    """No frame of ours is in it, and none is in the stack."""
    with auto(log=log), pytest.raises(ValueError, match="inconsistent") as caught:
        LogisticRegression().fit(X, Y[:3])
    files = [str(each.path) for each in caught.traceback[1:]]
    assert all("sklearn" in each for each in files)
    assert [each.event for each in entries() if each.event in RUN_ENDS] == [
        EventType.TRAINING_FAILED
    ]


def test_off_holds_for_a_block_a_function_and_a_framework(log: AuditLog, entries: Entries) -> None:
    """In their own thread: others go on recording."""

    @auto.off()
    def unrecorded() -> None:
        light()

    @auto.off()
    async def unrecorded_too() -> None:
        light()

    with auto(log=log):
        with auto.off():
            light()
            thread = threading.Thread(target=gradient)
            thread.start()
            thread.join()
            with auto("lightgbm", log=log, model="within"):
                light()
        unrecorded()
        asyncio.run(unrecorded_too())
        with auto.off("lightgbm"):
            light()
            LogisticRegression().fit(X, Y)
        light()
    assert models(entries) == ["XGBoost gbtree", "within", "LogisticRegression", "LightGBM gbdt"]


def test_it_holds_until_it_is_switched_off(log: AuditLog, entries: Entries) -> None:
    """Called as a function; again, with other arguments, the last call holds."""
    try:
        auto(log=log, model="first")
        light()
        auto("lightgbm", log=log, model="second")
        light()
        auto.off("lightgbm")
        light()
        gradient()
    finally:
        auto.off()
    gradient()
    assert models(entries) == ["first", "second", "first"]


def test_functions_and_classes_are_what_they_were(log: AuditLog) -> None:
    """The same objects, signatures, documentation, pickles and subclasses."""
    before = lgb.train, inspect.signature(lgb.train), lgb.train.__doc__, vars(LogisticRegression)
    with auto(log=log):
        assert before == (
            lgb.train,
            inspect.signature(lgb.train),
            lgb.train.__doc__,
            vars(LogisticRegression),
        )
        assert pickle.loads(pickle.dumps(lgb.train)) is lgb.train
        model = clone(LogisticRegression(C=3)).fit(X, Y)
        assert type(pickle.loads(pickle.dumps(model))) is LogisticRegression
        assert inspect.getsource(lgb.train).startswith("def train(")
        assert vars(model).keys() == vars(LogisticRegression(C=3).fit(X, Y)).keys()


def test_a_module_that_is_loaded_again_is_hooked_again(log: AuditLog, entries: Entries) -> None:
    """Its loader is as it was."""
    engine = sys.modules["lightgbm.engine"]
    assert engine.__spec__ is not None
    loader = type(engine.__spec__.loader)
    before = dict(vars(engine))
    try:
        with auto(log=log):
            importlib.reload(engine)
            assert type(engine.__spec__.loader) is loader
            assert "exec_module" not in vars(engine.__spec__.loader)
            engine.train(SMALL, lgb.Dataset(X, Y), 2)
    finally:
        vars(engine).update(before)  # `lightgbm.CVBooster` is that of the first import
    assert models(entries) == ["LightGBM gbdt"]


def test_nothing_is_recorded_where_logging_is_disabled(
    log: AuditLog, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`MLLOG_DISABLED` is stronger than a call."""
    monkeypatch.setenv("MLLOG_DISABLED", "1")
    with auto(log=log):
        light()
    assert entries() == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1", ("lightgbm", "lightning", "optuna", "sklearn", "transformers", "xgboost")),
        ("sklearn, LightGBM", ("lightgbm", "sklearn")),
        ("0", ()),
        ("", ()),
    ],
)
def test_the_environment_chooses_frameworks(
    value: str, found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All, some, or none."""
    monkeypatch.setenv("MLLOG_AUTO", value)
    try:
        assert start() == found
        assert {each.name for each in statuses() if each.on} == {*found}
    finally:
        auto.off()


def test_unknown_frameworks_are_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By a call as an error, in the environment as a warning: Python starts all the same."""
    with pytest.raises(ValueError, match="no framework 'catboost'; known are lightgbm"):
        auto("catboost")
    monkeypatch.setenv("MLLOG_AUTO", "catboost")
    assert start() == ()
    assert "MLLOG_AUTO names catboost; known are lightgbm, lightning" in caplog.text


def test_lightning_gets_a_callback_where_it_is_on(log: AuditLog) -> None:
    """One for each trainer, without a line in Lightning's log, whose condition is the list."""
    assert lightning_callbacks() == []
    with auto(log=log):
        made = lightning_callbacks()
        assert [type(each).__module__ for each in made] == ["mllog_lightning.callback"]
        assert not made
        external_callbacks = made  # as the function of Lightning has it that calls us
        assert len(external_callbacks) == 1
        assert lightning_callbacks() == []


def test_the_folder_for_python_path_is_shipped() -> None:
    """With `sitecustomize` alone."""
    from mllog_callbacks.automatic import SITE  # noqa: PLC0415 - of this test alone

    assert [each.name for each in Path(SITE).glob("*.py")] == ["sitecustomize.py"]
