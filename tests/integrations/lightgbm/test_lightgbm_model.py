"""The trained model: which features it gains from, where it is saved, and that it stays plain."""

import gc
import hashlib
import time
import weakref
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from lightgbm_training import PARAMS, data, train
from mllog_callbacks import AuditLog, EventType, Issue
from mllog_lightgbm import MLAuditCallback
from recorded import Entries, done, facts_of, of, the_end

SAVED = EventType.MODEL_SAVED


def test_the_end_names_the_features_of_most_gain(log: AuditLog, entries: Entries) -> None:
    """Their shares of all gain, over the iterations that are kept."""
    booster = train(log, lgb.early_stopping(5, verbose=False), num_boost_round=300)
    gain = booster.feature_importance("gain", iteration=booster.best_iteration)
    shares = gain / gain.sum()
    first = int(np.argmax(shares))
    end = the_end(entries())
    assert end.metrics_snapshot is not None
    recorded = end.metrics_snapshot["importance"]
    assert isinstance(recorded, dict)
    assert len(recorded) == 5
    assert recorded[booster.feature_name()[first]] == pytest.approx(shares[first])
    top = f"Top features by gain: {booster.feature_name()[first]} {shares[first]:.1%}"
    assert top in str(end.reasoning)


def test_a_model_without_splits_says_so_and_names_no_feature(
    log: AuditLog, entries: Entries
) -> None:
    """LightGBM runs all iterations, and keeps the constant of the first alone."""
    booster = train(log, params={"min_gain_to_split": 1e9})
    end = the_end(entries())
    assert "gain" not in str(end.reasoning)
    assert booster.current_iteration() == 1
    assert "it holds trees of 1 iteration only." in str(end.decision)
    assert end.metrics_snapshot is not None
    assert end.metrics_snapshot["kept"] == {"at": 20, "unit": "iteration", "holds": 1}
    assert done(end) == 20


def test_trees_taken_back_by_a_callback_are_not_counted(log: AuditLog, entries: Entries) -> None:
    """All iterations ran, and the model is without the one that was rolled back."""

    def take_back(env: Any) -> None:
        if env.iteration == 2:
            env.model.rollback_one_iter()

    train(log, take_back, num_boost_round=5)
    end = the_end(entries())
    assert "it holds trees of 4 iterations only." in str(end.decision)
    assert "Top features by gain: " in str(end.reasoning)


def test_a_model_cut_to_its_best_iteration_holds_all_that_is_kept(
    log: AuditLog, entries: Entries
) -> None:
    """LightGBM drops the trees after it, which is no news."""
    train(log, lgb.early_stopping(5, verbose=False), num_boost_round=300)
    end = the_end(entries())
    assert "Kept: the model of iteration " in str(end.decision)
    assert "holds" not in str(end.decision)


def test_saving_the_model_is_recorded_while_it_lives(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Where, how much of it, why so much, and by whose call."""
    path = tmp_path / "model.txt"
    booster = train(log, lgb.early_stopping(5, verbose=False), num_boost_round=300)
    best = booster.best_iteration
    assert booster.save_model(path) is booster
    booster.save_model(str(path), num_iteration=2)
    chosen, asked = of(entries(), SAVED)
    assert chosen.decision == f"Model saved to {path}."
    assert f"It holds {best} iterations of {best}, chosen by best_iteration." in str(
        chosen.reasoning
    )
    place = "test_saving_the_model_is_recorded_while_it_lives, test_lightgbm_model.py line "
    assert f"Saved by {place}" in str(chosen.reasoning)
    saved = facts_of(asked)["saved"]
    assert saved.pop("by").startswith(place)
    assert saved == {
        "path": str(path),
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "format": "txt",
        "unit": "iteration",
        "holds": 2,
        "of": best,
        "chosen_by": "the caller",
    }
    assert asked.dataset == "breast_cancer"


def test_check_points_during_the_training_are_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As they are saved."""

    def check_point(env: Any) -> None:
        if env.iteration == 4:
            env.model.save_model(tmp_path / "five.txt")

    train(log, check_point)
    recorded = entries()
    (saved,) = of(recorded, SAVED)
    assert "It holds 5 iterations of 5." in str(saved.reasoning)
    assert recorded.index(saved) < recorded.index(the_end(recorded))


def test_boosters_of_a_cross_validation_are_saved_together(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """`CVBooster.save_model` writes all folds into one file; each booster can be saved too."""
    found: Any = lgb.cv(
        PARAMS,
        data()[0],
        4,
        nfold=3,
        callbacks=[MLAuditCallback(log)],
        return_cvbooster=True,
    )
    found["cvbooster"].save_model(tmp_path / "cv.json")
    found["cvbooster"].boosters[1].save_model(tmp_path / "second.txt")
    together, alone = of(entries(), SAVED)
    assert str(together.decision).startswith("Models of 3 folds saved to ")
    assert "Each holds 4 iterations of 4." in str(together.reasoning)
    assert "It holds 4 iterations of 4." in str(alone.reasoning)


def test_models_of_others_and_closed_logs_are_left_alone(
    log: AuditLog, entries: Entries, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A booster that was not audited is not recorded; a save after the log is closed is none."""
    booster = train(log)
    lgb.train(PARAMS, data()[0], 2).save_model(tmp_path / "other.txt")
    assert not of(entries(), SAVED)
    log.close()
    booster.save_model(tmp_path / "late.txt")
    assert (tmp_path / "late.txt").exists()
    assert not caplog.records


def test_a_save_that_fails_fails_as_ever(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """And is not recorded as saved."""
    booster = train(log)
    with pytest.raises(lgb.basic.LightGBMError):
        booster.save_model(tmp_path / "missing" / "model.txt")
    with pytest.raises(TypeError):
        booster.save_model()
    assert not of(entries(), SAVED)


def test_lightgbms_own_methods_are_back_when_the_last_model_has_gone(log: AuditLog) -> None:
    """The classes are LightGBM's own before and after."""
    gc.collect()  # models of other tests
    own = lgb.Booster.save_model.__code__, lgb.CVBooster.save_model.__code__
    booster = train(log)
    assert lgb.Booster.save_model.__code__ is not own[0]
    assert type(booster) is lgb.Booster
    del booster
    gc.collect()
    assert (lgb.Booster.save_model.__code__, lgb.CVBooster.save_model.__code__) == own


def test_an_objective_that_keeps_its_error_is_not_kept_by_us(log: AuditLog) -> None:
    """Its traceback holds the frames of the call: these go all the same."""

    class Objective:
        error: BaseException | None = None

        def __call__(self, _predicted: Any, _data: lgb.Dataset) -> Any:
            self.error = ValueError("kept")
            raise self.error

    training = data()[0]
    alive = weakref.ref(training)
    with pytest.raises(ValueError, match="kept"):
        lgb.train(PARAMS | {"objective": Objective()}, training, callbacks=[MLAuditCallback(log)])
    del training
    gc.collect()
    assert alive() is None


def test_a_user_who_keeps_the_model_and_is_called_back_is_not_kept_by_us(log: AuditLog) -> None:
    """His function holds him, he holds the model: both go when nobody else holds them."""

    class Trainer:
        def __init__(self) -> None:
            callback = MLAuditCallback(log, on_issue=self.hear)
            self.model = lgb.train(PARAMS, data()[0], 5, callbacks=[callback])

        def hear(self, issue: Issue) -> None:
            """Nothing is done."""

    trainer = Trainer()
    alive = weakref.ref(trainer)
    del trainer
    deadline = time.monotonic() + 20
    while alive() is not None and time.monotonic() < deadline:
        time.sleep(0.05)  # until the thread beside has looked at what waits
        gc.collect()
    assert alive() is None


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_ours_keeps_anything_alive(log: AuditLog, *, fails: bool) -> None:
    """Booster, data and frame go when the caller lets them go, by reference counts alone."""

    def fail(env: Any) -> None:
        if fails and env.iteration == 3:
            raise ValueError

    gc.collect()
    gc.disable()
    try:
        training, valid = data()
        callback = MLAuditCallback(log)
        alive: list[weakref.ref[Any]] = [weakref.ref(training), weakref.ref(valid)]
        try:
            booster = lgb.train(
                PARAMS, training, 10, valid_sets=[valid], callbacks=[callback, fail]
            )
            alive.append(weakref.ref(booster))
            del booster
        except ValueError:
            pass
        del training, valid
        assert [each() for each in alive] == [None] * len(alive)
        assert callback.__dict__["_trainings"] == {}
    finally:
        gc.enable()
