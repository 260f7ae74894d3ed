"""What is special to XGBoost; what every adapter does is asked by the contract."""

import copy
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import average_precision_score

from mllog_callbacks import AuditLog, EventType, LogEntry
from mllog_xgboost import MLAuditCallback
from recorded import Entries, issues, of, one, the_end

PARAMS = {"objective": "binary:logistic", "nthread": 1, "seed": 0}


def data() -> tuple[xgb.DMatrix, xgb.DMatrix]:
    """Breast-cancer data, a half of the rows to train on."""
    features, labels = load_breast_cancer(return_X_y=True)
    return xgb.DMatrix(features[::2], labels[::2]), xgb.DMatrix(features[1::2], labels[1::2])


def train(log: AuditLog, *others: Any, rounds: int = 10, **kwargs: Any) -> xgb.Booster:
    """Train with the audit callback after others."""
    training, valid = data()
    kwargs = {"evals": [(training, "fit"), (valid, "held_out")], "verbose_eval": False} | kwargs
    callbacks = [*others, MLAuditCallback(log)]
    params = kwargs.pop("params", PARAMS)
    return xgb.train(params, training, rounds, callbacks=callbacks, **kwargs)


def facts(entry: LogEntry) -> dict[str, Any]:
    """The facts of an entry, without its run's number and its seconds."""
    return {
        name: value
        for name, value in (entry.metrics_snapshot or {}).items()
        if name not in {"run", "seconds"}
    }


@pytest.mark.parametrize("save_best", [False, True])
def test_early_stopping_is_recorded_with_rule_best_and_kept_model(
    log: AuditLog, entries: Entries, *, save_best: bool
) -> None:
    """Also where a later callback is not called any more."""
    early = xgb.callback.EarlyStopping(rounds=5, save_best=save_best)
    booster = train(log, early, rounds=500)
    recorded = entries()
    end, best = the_end(recorded), booster.best_iteration + 1
    kept = best if save_best else best + 5
    assert booster.num_boosted_rounds() == kept
    assert facts(end)["stop"] == {
        "by": "rule",
        "rule": {
            "name": "EarlyStopping",
            "set": "held_out",
            "metric": "logloss",
            "mode": "min",
            "best": booster.best_score,
            "best_at": best,
            "waited": 5,
            "patience": 5,
            "unit": "iteration",
        },
    }
    assert facts(end)["kept"]["at"] == kept
    assert end.decision is not None
    assert end.decision.startswith(f"Training stopped early after iteration {best + 5} of 500.")
    assert ("The kept model is not cut to its best" in str(end.reasoning)) is not save_best
    evaluated = one(recorded, EventType.MODEL_EVALUATED)
    assert facts(evaluated)["kept"]["at"] == kept
    if save_best:
        assert facts(evaluated)["results"]["held_out"]["logloss"] == booster.best_score


def test_a_model_that_is_cut_after_all_iterations_is_the_best_one(
    log: AuditLog, entries: Entries
) -> None:
    """`save_best` cuts it also where early stopping did not end the training."""
    params = PARAMS | {"eta": 0.9}
    early = xgb.callback.EarlyStopping(rounds=90, save_best=True)
    booster = train(log, early, rounds=60, params=params)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_COMPLETED
    best = booster.best_iteration + 1
    assert facts(end)["kept"] == {"at": best, "unit": "iteration", "chosen_by": "EarlyStopping"}
    assert facts(end)["rules"]["EarlyStopping"]["waited"] == 60 - best


def test_a_patience_that_is_met_in_the_last_iteration_is_recorded(
    log: AuditLog, entries: Entries
) -> None:
    """All planned iterations ran, and the rule is named."""
    best = train(log, rounds=500, early_stopping_rounds=5).best_iteration + 1
    train(log, rounds=best + 5, early_stopping_rounds=5)
    end = of(entries(), EventType.TRAINING_COMPLETED)[-1]
    assert facts(end)["stop"] == {"by": "plan"}
    assert facts(end)["rules"]["EarlyStopping"]["waited"] == 5
    assert "5 iterations without improvement reached the patience of EarlyStopping" in str(
        end.reasoning
    )


def test_an_early_stopping_that_is_used_again_keeps_its_state(
    log: AuditLog, entries: Entries
) -> None:
    """Said at the start; the end names the value and the count that were kept, and no iteration."""
    early = xgb.callback.EarlyStopping(rounds=5)
    first = train(log, early, rounds=500)
    train(log, early, params=PARAMS | {"eta": 0.01})
    recorded = entries()
    assert len(of(recorded, EventType.TRAINING_STARTED)) == 2
    start = of(recorded, EventType.TRAINING_STARTED)[1]
    assert facts(start)["rules"]["EarlyStopping"]["waited"] == 5
    assert facts(start)["rules"]["EarlyStopping"]["best"] == first.best_score
    rule = facts(of(recorded, EventType.TRAINING_STOPPED)[1])["stop"]["rule"]
    assert rule["carried"] is True
    assert rule["best"] == first.best_score
    assert "best_at" not in rule


def test_a_continued_training_counts_its_own_iterations(log: AuditLog, entries: Entries) -> None:
    """XGBoost's own best iteration counts those of the model it continues."""
    first = xgb.train(PARAMS, data()[0], 7)
    booster = train(log, rounds=500, xgb_model=first, early_stopping_rounds=5)
    best = booster.best_iteration + 1 - 7
    recorded = entries()
    end = facts(the_end(recorded))
    assert end["stop"]["rule"]["best_at"] == best
    assert end["progress"] == {
        "unit": "iteration",
        "done": best + 5,
        "planned": 500,
        "total": best + 5 + 7,
    }
    assert str(recorded[0].reasoning).startswith("It continues a model.")


def test_the_file_that_is_continued_is_named(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As the caller gave it."""
    path = str(tmp_path / "model.json")
    xgb.train(PARAMS, data()[0], 3).save_model(path)
    train(log, xgb_model=path)
    assert f"It continues a model loaded from {path}." in str(entries()[0].reasoning)


class Stopper(xgb.callback.TrainingCallback):
    """Ends a training in its second iteration, before or after it."""

    def __init__(self, *, before: bool) -> None:
        self.before = before

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - as in XGBoost
        """Stop where it is to be before."""
        return self.before and epoch == 1

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - as in XGBoost
        """Stop where it is to be after; copies and pickles of the booster are plain."""
        assert type(pickle.loads(pickle.dumps(model))) is xgb.Booster
        assert type(copy.deepcopy(model)) is xgb.Booster
        return epoch == 1


@pytest.mark.parametrize(("before", "done"), [(True, 1), (False, 2)])
def test_a_callback_that_stops_the_training_is_named(
    log: AuditLog, entries: Entries, *, before: bool, done: int
) -> None:
    """XGBoost's own and ours never ask for an end but by their rules."""
    booster = train(log, Stopper(before=before))
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert facts(end)["progress"]["done"] == facts(end)["kept"]["at"] == done
    assert facts(end)["stop"] == {"by": "request", "requested_by": "Stopper"}
    assert type(booster) is xgb.Booster


def test_cross_validation_has_its_end(log: AuditLog, entries: Entries) -> None:
    """XGBoost calls no hook then; the means and deviations are those it returns."""
    results: Any = xgb.cv(
        PARAMS, data()[0], 5, nfold=3, metrics=["auc"], callbacks=[MLAuditCallback(log)]
    )
    recorded = entries()
    end, last = the_end(recorded), of(recorded, EventType.TRAINING_PROGRESS)[-1]
    assert end.event is EventType.TRAINING_COMPLETED
    assert recorded[0].decision == "Cross-validation over 3 folds of at most 5 iterations started."
    assert facts(end)["results"]["test"] == {"auc": results["test-auc-mean"].iloc[-1]}
    assert facts(last)["deviations"]["test"] == {"auc": results["test-auc-std"].iloc[-1]}
    assert "kept" not in facts(end)
    given = facts(one(recorded, EventType.HYPERPARAMETERS_SET))["parameters"]["given"]
    assert given == PARAMS | {"eval_metric": ["auc"]}


def test_an_objective_that_fails_is_named_with_its_line(log: AuditLog, entries: Entries) -> None:
    """Within the booster's update, for which there is no hook."""

    def objective(_predicted: Any, _data: xgb.DMatrix) -> Any:
        msg = "no gradient"
        raise ZeroDivisionError(msg)

    with pytest.raises(ZeroDivisionError):
        train(log, obj=objective)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_FAILED
    assert "no gradient was raised while trees were grown (in objective, test_xgboost.py" in str(
        end.reasoning
    )


def test_what_fails_after_the_training_is_no_completion(log: AuditLog, entries: Entries) -> None:
    """A linear model cannot be cut to its best."""
    early = xgb.callback.EarlyStopping(rounds=50, save_best=True)
    with pytest.raises(xgb.core.XGBoostError, match="save_best"):
        train(log, early, params=PARAMS | {"booster": "gblinear"})
    end = the_end(entries())
    assert end.event is EventType.TRAINING_FAILED
    assert facts(end)["progress"]["done"] == 10
    assert facts(end)["error"]["where"] == "by a callback after the training"
    assert str(end.decision).startswith(
        "Training failed after iteration 10 of 10 with XGBoostError"
    )


def test_training_data_among_the_evals_is_described_once(log: AuditLog, entries: Entries) -> None:
    """Itself or a copy, under the name that its results have; classes, weights, missing values."""
    training, valid = data()
    features = training.get_data().toarray()
    features[0, 0] = np.nan
    training = xgb.DMatrix(features, training.get_label(), weight=np.linspace(1, 2, len(features)))
    same = xgb.DMatrix(features.copy(), training.get_label())
    xgb.train(
        PARAMS,
        training,
        3,
        evals=[(training, "fit"), (same, "copy"), (valid, "held_out")],
        verbose_eval=False,
        callbacks=[MLAuditCallback(log)],
    )
    found = facts(one(entries(), EventType.DATASET_VALIDATED))["data"]
    rows = {
        str(label): int(many)
        for label, many in enumerate(np.bincount(data()[0].get_label().astype(int)))
    }
    del found["training"]["fingerprint"]
    assert found["training"] == {
        "role": "training",
        "rows": 285,
        "features": 30,
        "classes": rows,
        "weights": {"least": 1.0, "largest": 2.0, "mean": pytest.approx(1.5)},
        "missing": 1,
    }
    assert found["fit"] == found["copy"] == {"role": "training", "same_as": "training"}
    assert found["held_out"]["role"] == "validation"


def test_who_chose_the_algorithm_is_recorded(log: AuditLog, entries: Entries) -> None:
    """By XGBoost's own configuration; names that it does not use are listed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XGBoost's, of the names that it does not use
        train(log, params=PARAMS | {"n_estimators": 500, "max_depth": 3})
    found = facts(one(entries(), EventType.ALGORITHM_SELECTED))
    by = {name: each["by"] for name, each in found["choices"].items()}
    assert by["objective"] == "the caller"
    assert by["booster"] == f"the defaults of XGBoost {xgb.__version__}"
    assert found["parameters"]["unknown"] == ["n_estimators"]
    assert found["parameters"]["defaults"]["eta"] == pytest.approx(0.3)
    assert "max_depth" not in found["parameters"]["defaults"]


def test_an_error_of_xgboost_is_recorded_without_its_native_trace(
    log: AuditLog, entries: Entries
) -> None:
    """Addresses in a library are of no use to a reader; that it was cut is seen."""
    training, _ = data()
    with pytest.raises(xgb.core.XGBoostError, match="Stack trace"):
        xgb.train(PARAMS | {"objective": "nope"}, training, callbacks=[MLAuditCallback(log)])
    reasoning = str(the_end(entries()).reasoning)
    assert "Unknown objective function: `nope`" in reasoning
    assert "… was raised while trees were grown" in reasoning
    assert "Stack trace" not in reasoning
    assert "[bt]" not in reasoning


@pytest.mark.skipif(xgb.__version__ < "3", reason="XGBoost 2 calls its callbacks in any order")
def test_what_fails_before_the_first_iteration_has_an_end_too(
    log: AuditLog, entries: Entries
) -> None:
    """Another callback's start, heard while its exception is still held."""

    class Refusing(xgb.callback.TrainingCallback):
        def before_training(self, model: Any) -> Any:  # noqa: ARG002 - as in XGBoost
            msg = "not today"
            raise ZeroDivisionError(msg)

    training, _ = data()
    with pytest.raises(ZeroDivisionError) as raised:
        xgb.train(PARAMS, training, callbacks=[MLAuditCallback(log), Refusing()])
    end = the_end(entries())
    assert end.decision == (
        "Training failed before its first iteration with ZeroDivisionError; no model was returned."
    )
    assert "not today was raised by a callback before the training" in str(end.reasoning)
    assert raised.value.__traceback__ is not None


@pytest.mark.parametrize(("maximize", "unknown"), [(None, True), (True, False), (False, False)])
def test_the_direction_of_a_custom_metric_is_the_callers(
    log: AuditLog, entries: Entries, *, maximize: bool | None, unknown: bool
) -> None:
    """XGBoost minimises what nobody gives a direction."""

    def rating(predicted: Any, valid: xgb.DMatrix) -> tuple[str, float]:
        return "rating", float(np.mean((predicted > 0.5) == valid.get_label()))

    train(log, custom_metric=rating, maximize=maximize)
    found = {str(each.metrics_snapshot) for each in issues(entries(), "unknown_direction")}
    assert any("rating" in each for each in found) is unknown
    best = facts(the_end(entries()))["best"]["held_out"]
    assert ("rating" in best) is not unknown


@pytest.mark.parametrize("name", ["ndcg@8", "ndcg@8-", "map-", "ams@0.15"])
def test_xgboosts_scores_are_maximised(log: AuditLog, entries: Entries, name: str) -> None:
    """Whatever follows their names."""
    params = PARAMS | {"eval_metric": name}
    if not name.startswith("ams"):
        params |= {"objective": "rank:ndcg"}
    booster = train(log, params=params, rounds=5)
    assert isinstance(booster, xgb.Booster)
    last = facts(the_end(entries()))
    best, results = last["best"]["fit"][name], last["results"]["fit"][name]
    assert best["value"] >= results


def test_xgboosts_own_metrics_keep_their_direction_beside_a_custom_one(
    log: AuditLog, entries: Entries
) -> None:
    """Its default, and those asked for, one by one too; a custom one may be named as its own."""

    def gauge(predicted: Any, valid: xgb.DMatrix) -> tuple[str, float]:
        return "gauge", float(np.mean((predicted > 0.5) != valid.get_label()))

    train(log, custom_metric=gauge)
    asked = [*PARAMS.items(), ("eval_metric", "auc"), ("eval_metric", "logloss")]
    xgb.train(
        asked,
        data()[0],
        5,
        evals=[(data()[1], "held_out")],
        custom_metric=gauge,
        callbacks=[MLAuditCallback(log)],
        verbose_eval=False,
    )
    ends = of(entries(), EventType.TRAINING_COMPLETED)
    assert facts(ends[0])["best"]["held_out"].keys() == {"logloss"}
    assert facts(ends[1])["best"]["held_out"].keys() == {"auc", "logloss"}
    given = facts(of(entries(), EventType.HYPERPARAMETERS_SET)[-1])["parameters"]["given"]
    assert given["eval_metric"] == ["auc", "logloss"]


def test_the_least_change_of_early_stopping_is_recorded(log: AuditLog, entries: Entries) -> None:
    """Else the last improvement would seem to be the best value."""
    train(log, xgb.callback.EarlyStopping(rounds=3, min_delta=0.2), rounds=100)
    end = the_end(entries())
    assert facts(end)["stop"]["rule"]["min_delta"] == 0.2
    assert "last improved by more than 0.2 at iteration " in str(end.reasoning)


def test_a_schedule_is_recorded_with_the_rate_in_force(log: AuditLog, entries: Entries) -> None:
    """What the scheduler sets after the last iteration was never in force."""
    train(log, xgb.callback.LearningRateScheduler(lambda done: 0.5**done), rounds=5)
    end = facts(the_end(entries()))
    assert end["changed"] == {"learning_rate": 0.5**3}


def test_the_scikit_learn_interface_is_audited_too(log: AuditLog, entries: Entries) -> None:
    """What the caller set, what the estimator sets by itself, and which model predicts."""
    features, labels = load_digits(n_class=4, return_X_y=True)
    model = xgb.XGBClassifier(
        n_estimators=40,
        learning_rate=0.9,
        n_jobs=1,
        early_stopping_rounds=5,
        callbacks=[MLAuditCallback(log)],
    )
    model.fit(features[::2], labels[::2], eval_set=[(features[1::2], labels[1::2])], verbose=False)
    recorded = entries()
    found = facts(one(recorded, EventType.HYPERPARAMETERS_SET))["parameters"]
    assert found["given"] == {
        "n_estimators": 40,
        "learning_rate": 0.9,
        "n_jobs": 1,
        "early_stopping_rounds": 5,
    }
    assert found["passed_on"] == {"objective": "multi:softprob", "num_class": 4}
    assert found["passed_on_by"] == "XGBClassifier"
    kept = facts(the_end(recorded))["kept"]
    assert kept["at"] == model.best_iteration + 1
    assert kept["holds"] == model.get_booster().num_boosted_rounds()
    assert "Called by XGBClassifier.fit." in str(recorded[0].reasoning)


def test_a_score_of_scikit_learn_has_its_direction(log: AuditLog, entries: Entries) -> None:
    """By scikit-learn's naming; XGBoost minimises it all the same, and keeps the worst model."""
    features, labels = load_breast_cancer(return_X_y=True)
    model = xgb.XGBClassifier(
        n_estimators=20,
        n_jobs=1,
        eval_metric=average_precision_score,
        callbacks=[MLAuditCallback(log)],
    )
    model.fit(features[::2], labels[::2], eval_set=[(features[1::2], labels[1::2])], verbose=False)
    best = facts(the_end(entries()))["best"]["validation_0"]["average_precision_score"]
    assert best["value"] == max(model.evals_result()["validation_0"]["average_precision_score"])


def test_saves_of_the_model_are_recorded(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """For as long as it lives, with size, format and who saved it."""
    booster = train(log)
    booster.save_model(tmp_path / "model.ubj")
    saved = facts(one(entries(), EventType.MODEL_SAVED))["saved"]
    assert saved["path"] == str(tmp_path / "model.ubj")
    assert saved["bytes"] == (tmp_path / "model.ubj").stat().st_size
    assert (saved["format"], saved["holds"]) == ("ubj", 10)
    assert "test_xgboost.py line" in saved["by"]


def test_the_kept_model_of_dart_is_not_said_to_have_earlier_results(
    log: AuditLog, entries: Entries
) -> None:
    """Later iterations rescale the trees of earlier ones."""
    params = PARAMS | {"booster": "dart", "rate_drop": 0.5, "eta": 0.9}
    early = xgb.callback.EarlyStopping(rounds=3, save_best=True)
    booster = train(log, early, rounds=100, params=params)
    recorded = entries()
    assert booster.num_boosted_rounds() < 100
    assert not of(recorded, EventType.MODEL_EVALUATED)


def test_a_learning_rate_of_zero_is_no_missing_one(log: AuditLog, entries: Entries) -> None:
    """It is seen, and said to be why nothing is learned."""
    matrix, other = data()
    params = {"objective": "binary:logistic", "eta": 0.0, "nthread": 1}
    audit = MLAuditCallback(log)
    xgb.train(
        params, matrix, 40, evals=[(other, "held_out")], callbacks=[audit], verbose_eval=False
    )
    assert [each.decision for each in issues(entries(), "zero_learning_rate")] == [
        "The learning rate is 0: nothing has been learned up to iteration 30."
    ]
