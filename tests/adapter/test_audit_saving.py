"""Models saved by functions no training knows of: recorded in the run that trained them."""

import hashlib
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import lightgbm as lgb
import numpy as np
import pytest
import skops.io
import xgboost
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mllog_callbacks
import mllog_lightgbm
import mllog_xgboost
from mllog_callbacks import AuditLog, EventType, audit_saving, record_saved
from mllog_sklearn import audited
from recorded import Entries, facts_of, of

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(60, 3))
TARGET = DATA[:, 0] > 0


def _joblib(model: Any, path: Path) -> None:
    joblib.dump(model, path)


def _pickle(model: Any, path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump(model, file)


def _unclosed(model: Any, path: Path) -> None:
    pickle.dump(model, open(path, "wb"), protocol=4)  # noqa: PTH123, SIM115 - as many do


def _cloudpickle(model: Any, path: Path) -> None:
    with path.open("wb") as file:
        cloudpickle.dump(model, file)


def _skops(model: Any, path: Path) -> None:
    skops.io.dump(model, path)


SAVERS: list[tuple[Callable[[Any, Path], None], str]] = [
    (_joblib, f"joblib {joblib.__version__}"),
    (_pickle, "pickle, protocol 4"),
    (_unclosed, "pickle, protocol 4"),
    (_cloudpickle, f"cloudpickle {cloudpickle.__version__}"),
    (_skops, f"skops {skops.__version__}"),
]


def saves(entries: Entries) -> list[dict[str, Any]]:
    """What is recorded of each save, with the number of its run."""
    recorded = [facts_of(each) for each in of(entries(), EventType.MODEL_SAVED)]
    return [{"run": each.get("run"), **each["saved"]} for each in recorded]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of _unclosed
def test_each_way_to_save_is_recorded_in_its_run(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """With size, hash and format of what is on the disk in the end."""
    audited(Ridge(), log).fit(DATA, TARGET)
    model = audited(LogisticRegression(), log).fit(DATA, TARGET)
    own = pickle.dump
    with audit_saving(log):
        for number, (save, _) in enumerate(SAVERS):
            save(model, tmp_path / f"model{number}")
    assert pickle.dump is own
    joblib.dump(model, tmp_path / "after")
    found = {Path(each["path"]).name: each for each in saves(entries)}
    assert len(found) == len(SAVERS)
    for number, (save, form) in enumerate(SAVERS):
        content = (tmp_path / f"model{number}").read_bytes()
        each = found[f"model{number}"]
        assert each["run"] == 2
        assert each["bytes"] == len(content)
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
        if save not in {_pickle, _unclosed}:
            assert each["format"] == form
        else:
            assert each["format"].startswith("pickle, protocol ")
        assert each["by"].startswith(f"{save.__name__}, test_audit_saving.py line ")


def test_parts_and_holders_are_of_the_run_that_trained_them(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """A step of a pipeline, the best of a search, a dictionary with models; boosters of others."""
    pipe = audited(make_pipeline(StandardScaler(), Ridge()), log).fit(DATA, TARGET)
    search = audited(GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2), log)
    search.fit(DATA, TARGET)
    forest = lgb.LGBMClassifier(n_estimators=2, verbose=-1, min_child_samples=1)
    forest.fit(DATA, TARGET, callbacks=[mllog_lightgbm.MLAuditCallback(log)])
    trees = xgboost.XGBClassifier(n_estimators=2, callbacks=[mllog_xgboost.MLAuditCallback(log)])
    trees.fit(DATA, TARGET)
    trees.set_params(callbacks=None)
    cases: list[tuple[Any, list[tuple[int, str | None, int | None]]]] = [
        (pipe, [(1, None, None)]),
        (pipe[-1], [(1, "step ridge", None)]),
        (search, [(2, None, None)]),
        (search.best_estimator_, [(2, "best_estimator_", None)]),
        ({"model": search, "names": ["a"]}, [(2, None, None)]),
        ([pipe, search], [(1, None, 2), (2, None, 2)]),
        (forest, [(3, None, None)]),
        (trees, [(4, None, None)]),
        (Ridge().fit(DATA, TARGET), [(0, None, None)]),  # whose training was not recorded
        ({"a": 1}, []),
    ]
    with audit_saving(log):
        for model, _ in cases:
            joblib.dump(model, tmp_path / "model")
    found = [(each["run"] or 0, each.get("part"), each.get("models")) for each in saves(entries)]
    assert found == [each for _, expected in cases for each in expected]


@audit_saving()
def _saved_within(model: Any, path: Path) -> None:
    joblib.dump(model, path)


def test_nothing_else_changes(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """What is pickled to memory or by joblib itself, or fails; an export is said by its caller."""
    model = audited(Ridge(), log).fit(DATA, TARGET)
    _saved_within(model, tmp_path / "decorated")
    cache = joblib.Memory(tmp_path / "cache", verbose=0).cache(lambda: model)
    memory = io.BytesIO()
    kept = (tmp_path / "open").open("wb")
    with audit_saving(log):
        cache()
        pickle.dump(model, memory)
        pickle.dump({"a": 1}, memory)
        with pytest.raises(TypeError, match="write"):
            pickle.dump(model, None)  # type: ignore[arg-type]  # on purpose
        with pytest.raises(FileNotFoundError):
            joblib.dump(model, tmp_path / "nowhere/model")
        pickle.dump(model, kept)
    kept.close()
    assert pickle.loads(memory.getvalue()).alpha == 1.0
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07")
    record_saved(model, tmp_path / "model.onnx", format="ONNX")
    decorated, still, export = saves(entries)
    assert Path(decorated["path"]).name == "decorated"
    assert still["not_known"] == {"sha256": "the file was still open when audit_saving ended"}
    assert "sha256" not in still
    assert (export["run"], export["format"]) == (1, "ONNX")
    assert export["sha256"] == hashlib.sha256(b"\x08\x07").hexdigest()


def test_auto_records_what_it_trained(tmp_path: Path) -> None:
    """By joblib, cloudpickle and skops, without a block; of other models nothing."""
    with AuditLog(tmp_path / "logs", session="run") as log, mllog_callbacks.auto(log=log):
        model = Ridge().fit(DATA, TARGET)
        trees = lgb.train({"verbose": -1}, lgb.Dataset(DATA, TARGET), 1)
        for each in model, {"booster": trees}, DATA:
            joblib.dump(each, tmp_path / "model.joblib")
        skops.io.dump(model, tmp_path / "model.skops")
        with mllog_callbacks.auto.off():
            joblib.dump(Ridge().fit(DATA, TARGET), tmp_path / "other")
    recorded = list(mllog_callbacks.read_entries(tmp_path / "logs"))
    found = [facts_of(each) for each in of(recorded, EventType.MODEL_SAVED)]
    assert [(each["run"], Path(each["saved"]["path"]).name) for each in found] == [
        (1, "model.joblib"),
        (2, "model.joblib"),
        (1, "model.skops"),
    ]
