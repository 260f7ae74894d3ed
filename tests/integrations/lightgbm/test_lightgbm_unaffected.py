"""Whatever LightGBM does for its caller, it does the same with an audit callback in every call."""

import copy
import gc
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_multilabel_classification
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier

from lightgbm_training import PARAMS, data
from mllog_callbacks import RUN_ENDS, AuditLog, auto
from recorded import Entries

X, Y = load_breast_cancer(return_X_y=True)
_RESULT: Any = getattr(lgb.basic, "EvalResult", lambda *given: given)  # a tuple before 4.7
SMALL: dict[str, Any] = {"n_estimators": 6, "num_leaves": 5, "verbosity": -1, "n_jobs": 1}


def early_stopping_on_several_metrics(_folder: Path) -> Any:
    """With the training data among the sets, and all that LightGBM prints."""
    train, valid = data()
    results: dict[str, Any] = {}
    given: list[Any] = [
        lgb.early_stopping(5),
        lgb.log_evaluation(10),
        lgb.record_evaluation(results),
    ]
    booster = lgb.train(
        PARAMS | {"metric": ["auc", "binary_logloss", "None"]},
        train,
        80,
        valid_sets=[train, valid],
        valid_names=["fit", "held out"],
        callbacks=given,
    )
    assert len(given) == 3
    return booster.model_to_string(), results, booster.best_iteration, booster.best_score


def what_lightgbm_prints(_folder: Path) -> Any:
    """At its default verbosity, warnings about parameters included."""
    train, valid = data()
    params = {"objective": "binary", "num_threads": 1, "early_stopping_round": 3, "bogus": 1}
    return lgb.train(params, train, 40, valid_sets=[valid]).best_iteration


def cross_validation_with_boosters(folder: Path) -> Any:
    """The results, every fold's model, and the file they are saved to."""
    found: Any = lgb.cv(
        PARAMS | {"early_stopping_round": 4, "metric": "auc"},
        data()[0],
        40,
        nfold=3,
        eval_train_metric=True,
        return_cvbooster=True,
    )
    boosters = found.pop("cvbooster")
    assert type(boosters) is lgb.CVBooster
    assert {type(each) for each in boosters.boosters} == {lgb.Booster}
    boosters.save_model(folder / "cv.json")
    return found, boosters.model_to_string(), (folder / "cv.json").read_text()


def saving_copying_pickling(folder: Path) -> Any:
    """A booster is a plain one, in every form it takes."""
    booster = lgb.train(PARAMS, data()[0], 8)
    assert booster.save_model(folder / "model.txt", num_iteration=3) is booster
    copies = [copy.copy(booster), copy.deepcopy(booster), pickle.loads(pickle.dumps(booster))]
    assert {type(each) for each in [booster, *copies]} == {lgb.Booster}
    return sorted(vars(booster)), [each.predict(X[:9]).tolist() for each in copies]


def a_booster_that_goes_on_training(_folder: Path) -> Any:
    """`keep_training_booster`, `update`, `rollback_one_iter`, `eval`, `refit`."""
    train, valid = data()
    booster = lgb.train(PARAMS, train, 5, valid_sets=[valid], keep_training_booster=True)
    booster.update()
    booster.rollback_one_iter()
    booster.update()
    refit = booster.refit(X, Y)
    return booster.eval_valid(), booster.model_to_string(), refit.model_to_string()


def callbacks_that_meddle(_folder: Path) -> Any:
    """They copy, pickle, roll back, reset parameters, and add to the results."""

    def meddle(env: Any) -> None:
        copy.deepcopy(env.model)
        pickle.dumps(env.model)
        more = ("mine", "count", float(env.iteration), True)
        env.evaluation_result_list.append(_RESULT(*more))
        env.model.reset_parameter({"learning_rate": 0.3})
        if env.iteration == 3:
            env.model.rollback_one_iter()

    train, valid = data()
    results: dict[str, Any] = {}
    rates = lgb.reset_parameter(learning_rate=[0.2, 0.1, 0.05, 0.2, 0.1])
    given = (meddle, rates)  # a tuple
    booster = lgb.train(PARAMS, train, 5, valid_sets=[valid], callbacks=given)  # type: ignore[arg-type]  # it works
    return booster.model_to_string(), results


def continued_training(folder: Path) -> Any:
    """From a booster, from a file, and from an estimator."""
    first = lgb.train(PARAMS, data()[0], 4)
    first.save_model(folder / "first.txt")
    kept = [
        lgb.train(PARAMS, data()[0], 4, init_model=each) for each in (first, folder / "first.txt")
    ]
    model = lgb.LGBMRegressor(**SMALL).fit(X, Y)
    more = lgb.LGBMRegressor(**SMALL).fit(X, Y, init_model=model)
    return [each.model_to_string() for each in [*kept, more.booster_]]


def custom_objective_and_metrics(_folder: Path) -> Any:
    """Functions of the caller, one of which gives several results."""

    def objective(predicted: Any, train: lgb.Dataset) -> tuple[Any, Any]:
        return predicted - train.get_label(), np.ones_like(predicted)

    def metrics(predicted: Any, _data: lgb.Dataset) -> list[tuple[str, float, bool]]:
        return [
            ("mean", float(np.mean(predicted)), True),
            ("least", float(np.min(predicted)), False),
        ]

    train, valid = data()
    params = {"objective": objective, "verbosity": -1, "num_threads": 1, "metric": "l1"}
    booster = lgb.train(params, train, 6, valid_sets=[valid], feval=[metrics, metrics])
    return booster.model_to_string(), booster.best_score


def estimators(_folder: Path) -> Any:
    """Attributes of fitted estimators, which pickle, clone and search as ever."""
    frame = pd.DataFrame(X[:, :4], columns=list("abcd")).assign(e=pd.Categorical(Y % 3))
    classifier = lgb.LGBMClassifier(**SMALL).fit(frame, Y, eval_metric="auc")
    ranker = lgb.LGBMRanker(**SMALL).fit(X[:100], Y[:100], group=[50, 50])
    search = GridSearchCV(clone(classifier), {"num_leaves": [3, 5]}, cv=2).fit(X, Y)
    outputs = make_multilabel_classification(random_state=0)
    several = MultiOutputClassifier(lgb.LGBMClassifier(**SMALL)).fit(*outputs)
    again = pickle.loads(pickle.dumps(classifier))
    return (
        sorted(vars(classifier)),
        again.booster_.model_to_string(),
        classifier.feature_importances_.tolist(),
        ranker.booster_.model_to_string(),
        search.best_params_,
        several.predict(outputs[0]).tolist(),
    )


def errors(_folder: Path) -> Any:
    """The same ones, also those by which LightGBM refuses its arguments."""
    train, _ = data()
    found = []
    calls: list[Callable[[], Any]] = [
        lambda: lgb.train(PARAMS, train, 0),
        lambda: lgb.train(PARAMS, X, 3),
        lambda: lgb.train(PARAMS | {"num_leaves": -1}, train, 3),
        lambda: lgb.train(PARAMS, train, 3, callbacks=[lgb.early_stopping(2)]),
        lambda: lgb.cv(PARAMS, train, 3, folds=object()),
        lambda: lgb.LGBMClassifier().fit(X, Y[:-1]),
    ]
    for call in calls:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is compared
            call()
        found.append((caught.type, str(caught.value)))
    return found


def under_a_trace_function(_folder: Path) -> Any:
    """As a debugger or a coverage tool sets one."""
    before = sys.gettrace()
    sys.settrace(lambda *_: lambda *_: None)
    try:
        return early_stopping_on_several_metrics(_folder)
    finally:
        sys.settrace(before)


BEHAVIOURS = [
    early_stopping_on_several_metrics,
    what_lightgbm_prints,
    cross_validation_with_boosters,
    saving_copying_pickling,
    a_booster_that_goes_on_training,
    callbacks_that_meddle,
    continued_training,
    custom_objective_and_metrics,
    estimators,
    errors,
    under_a_trace_function,
]


@pytest.mark.filterwarnings("ignore")  # what LightGBM's versions think of their own arguments
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda each: each.__name__)
def test_it_is_the_same_with_the_callback_in_every_call(
    log: AuditLog,
    entries: Entries,
    behaviour: Callable[[Path], Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What is returned, what is printed, and what is left on the caller's objects."""
    (tmp_path / "files").mkdir()
    behaviour(tmp_path / "files")  # so that both come after one like it: verbosity is the process's
    capfd.readouterr()
    without = behaviour(tmp_path / "files")
    printed = capfd.readouterr()
    gc.collect()  # while a booster of a test before lives, its saving is watched
    methods = lgb.Booster.save_model, lgb.CVBooster.save_model
    with auto("lightgbm", log=log):
        assert behaviour(tmp_path / "files") == without
    assert capfd.readouterr() == printed
    assert [each.event for each in entries() if each.event in RUN_ENDS]
    assert (lgb.Booster.save_model, lgb.CVBooster.save_model) == methods
