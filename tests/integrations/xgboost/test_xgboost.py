"""What is special to XGBoost; what every adapter does is asked by the contract."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from sklearn.datasets import load_breast_cancer

from mllog_callbacks import AuditLog, EventType
from mllog_xgboost import MLAuditCallback
from told import Entries, issues, of, one, the_end

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
    return xgb.train(PARAMS, training, rounds, callbacks=callbacks, **kwargs)


@pytest.mark.parametrize("save_best", [False, True])
def test_early_stopping_tells_metric_best_patience_and_consequence(
    log: AuditLog, entries: Entries, *, save_best: bool
) -> None:
    """Also where a later callback would not be asked any more."""
    early = xgb.callback.EarlyStopping(rounds=5, save_best=save_best)
    booster = train(log, early, rounds=500)
    end = the_end(entries())
    best = booster.best_iteration + 1
    done = best + 5
    assert end.decision == f"Training stopped early after iteration {done} of 500."
    assert end.reasoning == (
        f"held_out logloss last improved at iteration {best} ({booster.best_score:.6g}); "
        "5 iterations without improvement reached EarlyStopping(rounds=5). The best iteration "
        f"is {best}; {'the trees after it are cut off' if save_best else 'all trees are kept'}."
    )
    assert booster.num_boosted_rounds() == (best if save_best else done)


def test_a_continued_training_counts_its_own_iterations(log: AuditLog, entries: Entries) -> None:
    """XGBoost's own best iteration counts those of the model it continues."""
    first = xgb.train(PARAMS, data()[0], 7)
    booster = train(log, rounds=500, xgb_model=first, early_stopping_rounds=5)
    best = booster.best_iteration + 1 - 7
    assert f"The best iteration is {best};" in str(the_end(entries()).reasoning)
    assert f"after iteration {best + 5} of 500" in str(the_end(entries()).decision)


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
    """Among those of the call: which of them returned True, XGBoost does not say."""
    booster = train(log, Stopper(before=before))
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert end.decision == f"Training stopped early after iteration {done} of 10."
    assert "One of the call's callbacks (MLAuditCallback, Stopper) returned True" in str(
        end.reasoning
    )
    assert type(booster) is xgb.Booster


def test_cross_validation_has_its_end(log: AuditLog, entries: Entries) -> None:
    """XGBoost tells no callback of it; the means are those it returns."""
    results: Any = xgb.cv(PARAMS, data()[0], 5, nfold=3, callbacks=[MLAuditCallback(log)])
    told = entries()
    assert the_end(told).event is EventType.TRAINING_COMPLETED
    assert told[0].decision == "Cross-validation over 3 folds of at most 5 iterations started."
    snapshot = told[-1].metrics_snapshot or {}
    assert snapshot["test"] == {"logloss": results["test-logloss-mean"].iloc[-1]}


def test_an_objective_that_fails_is_named_with_its_line(log: AuditLog, entries: Entries) -> None:
    """Within the booster's update, of which no callback is told."""

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


def test_training_data_among_the_evals_is_told_once(log: AuditLog, entries: Entries) -> None:
    """With the name that its results have."""
    train(log)
    start = one(entries(), EventType.TRAINING_STARTED)
    assert start.reasoning == (
        "training: 285 rows, 30 features. held_out: 284 rows, 30 features. The training data is "
        "evaluated as fit."
    )
    snapshot = start.metrics_snapshot or {}
    assert snapshot["training"] == {"rows": 285, "features": 30}
    assert snapshot.keys() == {"run", "planned_iterations", "training", "held_out"}


def test_an_error_of_xgboost_is_told_without_its_native_trace(
    log: AuditLog, entries: Entries
) -> None:
    """Whose addresses in a library tell nobody anything; that it was cut is seen."""
    training, _ = data()
    with pytest.raises(xgb.core.XGBoostError, match="Stack trace"):
        xgb.train(PARAMS | {"objective": "nope"}, training, callbacks=[MLAuditCallback(log)])
    reasoning = str(the_end(entries()).reasoning)
    assert "Unknown objective function: `nope`" in reasoning
    assert "… was raised while trees were grown" in reasoning
    assert "Stack trace" not in reasoning
    assert "[bt]" not in reasoning


@pytest.mark.skipif(xgb.__version__ < "3", reason="XGBoost 2 asks its callbacks in any order")
def test_what_fails_before_the_first_iteration_has_an_end_too(
    log: AuditLog, entries: Entries
) -> None:
    """Another callback's start: heard of nowhere, it is told as what it is, an end not seen."""

    class Refusing(xgb.callback.TrainingCallback):
        def before_training(self, model: Any) -> Any:  # noqa: ARG002 - as in XGBoost
            raise ZeroDivisionError

    training, _ = data()
    with pytest.raises(ZeroDivisionError):
        xgb.train(PARAMS, training, callbacks=[MLAuditCallback(log), Refusing()])
    end = the_end(entries())
    assert end.decision == "Training failed after iteration 0 of 10."
    assert "an exception that no callback can see" in str(end.reasoning)


@pytest.mark.parametrize(("maximize", "told"), [(None, True), (True, False), (False, False)])
def test_the_direction_of_a_custom_metric_is_never_guessed(
    log: AuditLog, entries: Entries, *, maximize: bool | None, told: bool
) -> None:
    """XGBoost minimises what it is not told of; the trail says that nobody told."""

    def accuracy(predicted: Any, valid: xgb.DMatrix) -> tuple[str, float]:
        return "accuracy", float(np.mean((predicted > 0.5) == valid.get_label()))

    train(log, custom_metric=accuracy, maximize=maximize)
    issues = [entry for entry in entries() if entry.event is EventType.ISSUE_DETECTED]
    unknown = [each for each in issues if "accuracy" in str(each.decision)]
    codes = [(each.metrics_snapshot or {})["code"] for each in unknown]
    assert ("MLA013" in codes) is told


def test_xgboosts_own_metrics_keep_their_direction_beside_a_custom_one(
    log: AuditLog, entries: Entries
) -> None:
    """Its default, and those asked for, one by one too; a custom one may be named as its own."""

    def error(predicted: Any, valid: xgb.DMatrix) -> tuple[str, float]:
        return "error", float(np.mean((predicted > 0.5) != valid.get_label()))

    def unknown() -> set[str]:
        found = issues(entries(), "unknown_direction")
        return {str((each.metrics_snapshot or {})["metrics"]) for each in found}

    train(log, custom_metric=error)
    assert unknown() == {"error"}
    asked = [*PARAMS.items(), ("eval_metric", "auc"), ("eval_metric", "logloss")]
    callbacks = [MLAuditCallback(log)]
    xgb.train(
        asked,
        data()[0],
        5,
        evals=[(data()[1], "held_out")],
        custom_metric=error,
        callbacks=callbacks,
        verbose_eval=False,
    )
    assert unknown() == {"error"}
    told = of(entries(), EventType.HYPERPARAMETERS_SET)[-1]
    assert "eval_metric=['auc', 'logloss']" in str(told.decision)


def test_a_least_change_that_early_stopping_asks_for_is_told(
    log: AuditLog, entries: Entries
) -> None:
    """Else the last improvement would seem to be the best value."""
    train(log, xgb.callback.EarlyStopping(rounds=3, min_delta=0.2), rounds=100)
    reasoning = str(the_end(entries()).reasoning)
    assert "last improved by more than 0.2 at iteration " in reasoning
    assert "reached EarlyStopping(rounds=3, min_delta=0.2)." in reasoning


def test_the_scikit_learn_interface_is_audited_too(log: AuditLog, entries: Entries) -> None:
    """Its models call `xgboost.train`."""
    features, labels = load_breast_cancer(return_X_y=True)
    model = xgb.XGBClassifier(n_estimators=5, n_jobs=1, callbacks=[MLAuditCallback(log)])
    model.fit(features, labels)
    assert the_end(entries()).event is EventType.TRAINING_COMPLETED
    assert "There is no evaluation set to measure on." in str(entries()[-1].reasoning)
