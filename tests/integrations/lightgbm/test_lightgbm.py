"""A LightGBM training leaves its story: start, settings, progress, evaluation, one end."""

import copy
import gc
import pickle
import threading
from pathlib import Path
from typing import Any

import lightgbm as lgb
import pytest
from sklearn.datasets import load_breast_cancer

from lightgbm_training import PARAMS, data, train
from mllog_callbacks import RUN_ENDS, AuditLog, EventType
from mllog_lightgbm import MLAuditCallback
from recorded import Entries, done, facts_of, of, the_end


def test_a_training_records_its_story_in_order(log: AuditLog, entries: Entries) -> None:
    """Start, hyperparameters, progress, evaluation, end; every entry with dataset and model."""
    train(log)
    recorded = entries()
    assert [entry.event for entry in recorded] == [
        EventType.TRAINING_STARTED,
        EventType.DATASET_VALIDATED,
        EventType.ALGORITHM_SELECTED,
        EventType.HYPERPARAMETERS_SET,
        *[EventType.TRAINING_PROGRESS] * 5,  # 1, 2, 5, 10, 20
        EventType.MODEL_EVALUATED,
        EventType.TRAINING_COMPLETED,
    ]
    assert {entry.dataset for entry in recorded} == {"breast_cancer"}
    assert {entry.model for entry in recorded} == {"LightGBM gbdt"}
    assert all(entry.decision and entry.reasoning for entry in recorded)


def test_hyperparameters_of_the_caller_stand_apart_from_defaults(
    log: AuditLog, entries: Entries
) -> None:
    """Aliases are resolved, and the caller's own name is recorded."""
    train(log, params={"eta": 0.05, "max_leaves": 7})
    (recorded,) = of(entries(), EventType.HYPERPARAMETERS_SET)
    found = facts_of(recorded)["parameters"]
    given, defaults = found["given"], found["defaults"]
    assert found["aliases"] == {"learning_rate": "eta", "num_leaves": "max_leaves"}
    assert given["learning_rate"] == 0.05
    assert given["num_leaves"] == 7
    assert defaults["min_data_in_leaf"] == 20
    assert not given.keys() & defaults.keys()
    assert "learning_rate=0.05 (given as eta)" in str(recorded.decision)
    assert lgb.__version__ in str(recorded.reasoning)


def test_what_lightgbm_fills_in_for_its_arguments_is_not_the_callers(
    log: AuditLog, entries: Entries
) -> None:
    """An objective and a number of iterations nobody gave are not recorded as given."""
    training, _ = data()
    lgb.train({"verbosity": -1, "num_threads": 1}, training, callbacks=[MLAuditCallback(log)])
    (recorded,) = of(entries(), EventType.HYPERPARAMETERS_SET)
    found = facts_of(recorded)["parameters"]
    assert found["given"] == {"verbosity": -1, "num_threads": 1}


def test_progress_is_recorded_at_a_rate_a_person_reads(log: AuditLog, entries: Entries) -> None:
    """At INFO: 1, 2, 5 and their tenfolds, and the last."""
    train(log, num_boost_round=300)
    recorded = of(entries(), EventType.TRAINING_PROGRESS)
    assert [*map(done, recorded)] == [1, 2, 5, 10, 20, 50, 100, 200, 300]


def test_debug_records_every_iteration_and_error_only_failures(tmp_path: Path) -> None:
    """The level of the log decides."""
    for level, expected in (("DEBUG", 20), ("ERROR", 0)):
        with AuditLog(tmp_path / level, level=level) as log:
            train(log)
            assert log.flush(10)
            assert log.stats.emitted == (expected + 6 if expected else 0)


def test_progress_records_the_best_so_far_in_the_metrics_own_direction(
    log: AuditLog, entries: Entries
) -> None:
    """A metric to maximise is at its best where it is highest."""
    results: dict[str, Any] = {}
    train(
        log,
        lgb.record_evaluation(results),
        params={"metric": ["auc", "binary_logloss"]},
        num_boost_round=100,
    )
    recorded = of(entries(), EventType.TRAINING_PROGRESS)[-1]
    for metric, best in (("auc", max), ("binary_logloss", min)):
        values = results["valid_0"][metric]
        top = best(values)
        at = values.index(top) + 1
        expected = (
            f"valid_0 {metric}: {values[-1]:.4g}, the best so far."
            if at == 100
            else f"valid_0 {metric}: {values[-1]:.4g} (best {top:.4g} at {at})."
        )
        assert expected in str(recorded.reasoning)


def test_early_stopping_records_metric_best_patience_and_consequence(
    log: AuditLog, entries: Entries
) -> None:
    """Every number is the booster's own."""
    results: dict[str, Any] = {}
    booster = train(
        log,
        lgb.early_stopping(10, verbose=False),
        lgb.record_evaluation(results),
        num_boost_round=1000,
    )
    recorded = entries()
    end, best = the_end(recorded), booster.best_iteration
    value = results["valid_0"]["binary_logloss"][best - 1]
    assert end.event is EventType.TRAINING_STOPPED
    assert end.decision == (
        f"Training stopped early after iteration {best + 10} of 1,000. "
        f"Kept: the model of iteration {best}, chosen by early_stopping."
    )
    assert str(end.reasoning).startswith(
        f"valid_0 binary_logloss last improved at iteration {best} ({value:.4g}); 10 iterations "
        "without improvement reached the patience of early_stopping (10 iterations). "
    )
    kept = {"at": best, "unit": "iteration", "chosen_by": "early_stopping"}
    assert facts_of(end)["kept"] == kept
    assert facts_of(end)["stop"] == {
        "by": "rule",
        "rule": {
            "name": "early_stopping",
            "set": "valid_0",
            "metric": "binary_logloss",
            "mode": "min",
            "best": value,
            "best_at": best,
            "waited": 10,
            "patience": 10,
            "min_delta": 0.0,
            "unit": "iteration",
        },
    }
    (evaluated,) = of(recorded, EventType.MODEL_EVALUATED)
    assert evaluated.metrics_snapshot == {
        "run": 1,
        "results": {"valid_0": {"binary_logloss": value}},
        "kept": kept,
        "computed_by": "LightGBM",
    }
    assert str(best) in str(evaluated.decision)


def test_early_stopping_switched_on_by_parameter_says_so(log: AuditLog, entries: Entries) -> None:
    """LightGBM then adds the callback itself; and `min_delta` may hide a better value."""
    params = {"early_stopping_round": 5, "early_stopping_min_delta": 0.05}
    train(log, params=params, num_boost_round=1000)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert "min_delta 0.05, set by early_stopping_round)." in str(end.reasoning)
    assert facts_of(end)["stop"]["rule"]["set_by"] == "early_stopping_round"
    assert "did not count: it is within min_delta=0.05" in str(end.reasoning)


def test_the_metric_that_decided_is_named_among_several(log: AuditLog, entries: Entries) -> None:
    """Several sets and metrics, the training data among them: it is never what decides."""
    training, valid = data()
    results: dict[str, Any] = {}
    booster = lgb.train(
        PARAMS | {"metric": ["auc", "binary_logloss"]},
        training,
        num_boost_round=500,
        valid_sets=[training, valid],
        valid_names=["fit", "held_out"],
        callbacks=[
            MLAuditCallback(log),
            lgb.early_stopping(5, verbose=False),
            lgb.record_evaluation(results),
        ],
    )
    end, best = the_end(entries()), booster.best_iteration
    metric = next(
        name for name in ("auc", "binary_logloss") if f"held_out {name}" in str(end.reasoning)
    )
    value = results["held_out"][metric][best - 1]
    assert f"held_out {metric} last improved at iteration {best} ({value:.4g})" in str(
        end.reasoning
    )


def test_early_stopping_that_is_never_met_completes(log: AuditLog, entries: Entries) -> None:
    """All iterations ran; the best one is named, and why it is kept."""
    booster = train(log, lgb.early_stopping(50, verbose=False), num_boost_round=10)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_COMPLETED
    best = booster.best_iteration
    assert f"Kept: the model of iteration {best}, chosen by early_stopping" in str(end.decision)
    assert "early_stopping did not end it earlier: valid_0 binary_logloss was best" in str(
        end.reasoning
    )
    assert facts_of(end)["rules"]["early_stopping"]["best_at"] == best


def test_a_training_without_validation_says_nothing_was_measured(
    log: AuditLog, entries: Entries
) -> None:
    """No metric is invented."""
    train(log, valid_sets=None)
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED
    assert not of(recorded, EventType.MODEL_EVALUATED)
    assert "No metric was measured" in str(of(recorded, EventType.TRAINING_PROGRESS)[0].reasoning)


def test_continued_training_records_where_it_began(log: AuditLog, entries: Entries) -> None:
    """With `init_model` iterations count on."""
    training, _ = data()
    first = lgb.train(PARAMS, training, num_boost_round=5)
    train(log, init_model=first, num_boost_round=5)
    recorded = entries()
    assert "continues a model of 5 iterations" in str(recorded[0].reasoning)
    end = the_end(recorded)
    assert (
        end.decision == "Training completed: all 10 planned iterations ran (5 of them in the model "
        "that it continues). Kept: the model of iteration 10."
    )
    progress = {"unit": "iteration", "done": 10, "planned": 10, "before": 5}
    assert facts_of(end)["progress"] == progress
    assert [*map(done, of(recorded, EventType.TRAINING_PROGRESS))] == [6, 10]


def test_cross_validation_records_folds_and_one_end(log: AuditLog, entries: Entries) -> None:
    """Means and deviations are those `lightgbm.cv` returns."""
    training, _ = data()
    results: dict[str, Any] = lgb.cv(
        PARAMS, training, num_boost_round=5, nfold=3, callbacks=[MLAuditCallback(log)]
    )
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED
    assert str(recorded[0].decision).startswith("Cross-validation over 3 folds")
    (evaluated,) = of(recorded, EventType.MODEL_EVALUATED)
    assert evaluated.metrics_snapshot is not None
    for name, of_cv in (("results", "mean"), ("deviations", "stdv")):
        last = results[f"valid binary_logloss-{of_cv}"][-1]
        assert evaluated.metrics_snapshot[name] == {"valid": {"binary_logloss": last}}
    assert evaluated.metrics_snapshot["folds"] == 3


def test_the_round_that_cross_validation_chooses_is_recorded_in_words(
    log: AuditLog, entries: Entries
) -> None:
    """With the mean and the deviation that chose it."""
    results: dict[str, Any] = lgb.cv(
        PARAMS | {"early_stopping_round": 5},
        data()[0],
        num_boost_round=300,
        nfold=3,
        callbacks=[MLAuditCallback(log)],
        eval_train_metric=True,
    )
    end, best = the_end(entries()), len(results["valid binary_logloss-mean"])
    mean = results["valid binary_logloss-mean"][-1]
    deviation = results["valid binary_logloss-stdv"][-1]
    assert end.decision == (
        f"Cross-validation over 3 folds stopped early after iteration {best + 5} of 300. "
        f"Kept: the results of iteration {best}, chosen by early_stopping."
    )
    assert str(end.reasoning).startswith(
        f"valid binary_logloss last improved at iteration {best} ({mean:.4g} +- {deviation:.4g}); "
        "5 iterations without improvement reached the patience of early_stopping ("
    )


def test_a_new_best_after_a_long_stretch_is_recorded(log: AuditLog, entries: Entries) -> None:
    """Also where no iteration is due: 33, after 30 without."""
    values = iter([0.5, 0.4, *[0.45] * 30, 0.3, *[0.35] * 7])

    def scripted(_predicted: Any, _data: lgb.Dataset) -> tuple[str, float, bool]:
        return "scripted", next(values), False

    train(log, params={"metric": "None"}, feval=scripted, num_boost_round=40)
    recorded = of(entries(), EventType.TRAINING_PROGRESS)
    assert [*map(done, recorded)] == [1, 2, 5, 10, 20, 33, 40]
    assert recorded[-2].reasoning == "valid_0 scripted: 0.3, the best so far, the first in 31."
    best = {"value": 0.3, "at": 33, "waited": 30}
    assert facts_of(recorded[-2])["best"]["valid_0"]["scripted"] == best


def test_the_scikit_learn_interface_is_audited_too(log: AuditLog, entries: Entries) -> None:
    """`LGBMClassifier.fit` calls `lightgbm.train`."""
    features, labels = load_breast_cancer(return_X_y=True)
    model = lgb.LGBMClassifier(n_estimators=5, verbosity=-1, n_jobs=1)
    model.fit(features, labels, callbacks=[MLAuditCallback(log)])
    assert the_end(entries()).event is EventType.TRAINING_COMPLETED


def test_one_callback_serves_many_trainings_also_at_once(log: AuditLog, entries: Entries) -> None:
    """Each training has its own start and end."""
    callback = MLAuditCallback(log)

    def work() -> None:
        training, valid = data()
        for _ in range(3):
            lgb.train(PARAMS, training, num_boost_round=3, valid_sets=[valid], callbacks=[callback])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorded = entries()
    assert len(of(recorded, EventType.TRAINING_STARTED)) == 12
    assert len(of(recorded, EventType.TRAINING_COMPLETED)) == 12


def test_trainings_within_trainings_and_several_audit_callbacks(
    log: AuditLog, entries: Entries
) -> None:
    """Each callback records each of its trainings once."""
    callback = MLAuditCallback(log, model="outer and inner")

    def nested(env: Any) -> None:
        if env.iteration == 1:
            lgb.train(PARAMS, data()[0], num_boost_round=2, callbacks=[callback])

    both: list[Any] = [callback, nested, MLAuditCallback(log, model="second")]
    lgb.train(PARAMS, data()[0], num_boost_round=3, callbacks=both)
    ends = of(entries(), *RUN_ENDS)
    assert {end.event for end in ends} == {EventType.TRAINING_COMPLETED}
    assert [end.model for end in ends].count("outer and inner") == 2
    assert [end.model for end in ends].count("second") == 1


def test_a_copied_or_pickled_callback_logs_on(log: AuditLog, entries: Entries) -> None:
    """A copy in the same process writes to the same session."""
    copied = copy.deepcopy(MLAuditCallback(log))
    training, _ = data()
    lgb.train(PARAMS, training, num_boost_round=2, callbacks=[copied])
    assert the_end(entries()).event is EventType.TRAINING_COMPLETED
    unpickled = pickle.loads(pickle.dumps(MLAuditCallback(log, dataset="d")))
    lgb.train(PARAMS, training, num_boost_round=2, callbacks=[unpickled])


def test_without_access_to_frames_the_last_planned_iteration_is_the_end(
    log: AuditLog, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on an interpreter where the call cannot be watched; one callback still serves many."""
    monkeypatch.setattr("mllog_lightgbm.callback.is_training", lambda _frame: False)
    callback = MLAuditCallback(log)
    for _ in range(2):
        training, valid = data()
        lgb.train(PARAMS, training, 4, valid_sets=[valid], callbacks=[callback])
    recorded = [entry.event for entry in entries()]
    assert recorded.count(EventType.TRAINING_STARTED) == 2
    assert recorded.count(EventType.TRAINING_COMPLETED) == 2


def test_nothing_of_ours_remains_after_the_training(log: AuditLog) -> None:
    """The booster has its own class again, and no frame, booster or data set is kept alive."""
    gc.collect()
    gc.disable()
    try:
        booster = train(log, lgb.early_stopping(3, verbose=False), num_boost_round=100)
        assert type(booster) is lgb.Booster
        del booster
        assert not [each for each in gc.get_objects() if type(each) is lgb.Booster]
    finally:
        gc.enable()
