"""What is in force is recorded, and what is not: rules, weights, names, schedules, copies."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from lightgbm.callback import EarlyStopException

from lightgbm_training import PARAMS, data, train
from mllog_callbacks import AuditLog, EventType, LogEntry
from mllog_callbacks.reading.story import Run, kept, read_stories
from mllog_lightgbm import MLAuditCallback
from recorded import Entries, issues, of, one, the_end

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 5))
Y = (X[:, 0] + RNG.normal(size=300) > 0).astype(float)
QUIET: dict[str, Any] = {"verbosity": -1, "num_threads": 1, "num_leaves": 4}


def _facts(entry: LogEntry) -> dict[str, Any]:
    return dict(entry.metrics_snapshot or {})


def _train(
    log: AuditLog, params: dict[str, Any], *others: Any, rounds: int = 5, **given: Any
) -> Any:
    return lgb.train(
        QUIET | params,
        given.pop("data", lgb.Dataset(X, Y)),
        rounds,
        callbacks=[*others, MLAuditCallback(log)],
        **given,
    )


def _story(log: AuditLog) -> Run:
    assert log.flush(10)
    (story,) = read_stories([log.path])
    return story.runs[0]


@pytest.mark.filterwarnings("ignore:Only training set found")
def test_early_stopping_that_an_earlier_training_switched_off_is_off(
    log: AuditLog, entries: Entries
) -> None:
    """LightGBM switches it off where only the training data is evaluated, and for good."""
    stop = lgb.early_stopping(2, verbose=False)
    for valid in (False, True):
        training, validation = data()
        sets = [validation] if valid else [training]
        lgb.train(PARAMS, training, 8, valid_sets=sets, callbacks=[stop, MLAuditCallback(log)])
    recorded = entries()
    reasons = [
        "only the training data is evaluated",
        "LightGBM switched this callback off in an earlier training",
    ]
    starts = of(recorded, EventType.TRAINING_STARTED)
    assert [_facts(each)["rules"]["early_stopping"]["off"] for each in starts] == reasons
    for end, why in zip(of(recorded, EventType.TRAINING_COMPLETED), reasons, strict=True):
        assert f"early_stopping was off: {why}." in str(end.reasoning)
        assert _facts(end)["kept"] == {"at": 8, "unit": "iteration"}


@pytest.mark.parametrize(
    ("others", "metrics", "sentence"),
    [
        ([lgb.early_stopping(3, verbose=False)], ["l2", "l1"], "off; the training will run"),
        ([], ["l2"], "off; the training will run"),
        ([lambda _: None], ["l2"], ""),
    ],
)
def test_what_early_stopping_does_is_said_only_where_it_is_known(
    log: AuditLog, entries: Entries, others: list[Any], metrics: list[str], sentence: str
) -> None:
    """Not beside a callback of the caller's, which may stop the training too."""
    few = X[:, :1].round()
    training = lgb.Dataset(few, few[:, 0] * 3)
    params = {"objective": "regression", "metric": metrics, "learning_rate": 0.3}
    _train(log, params, *others, rounds=90, data=training, valid_sets=[training])
    recorded = str(issues(entries(), "plateau")[-1].reasoning)
    assert sentence in recorded
    assert ("Early stopping" in recorded) == bool(sentence)


def test_first_metric_only_says_which_curve_is_looked_at(log: AuditLog, entries: Entries) -> None:
    """An issue of the other metric is not said to be taken care of."""
    train(
        log,
        lgb.early_stopping(60, first_metric_only=True, verbose=False),
        params={"metric": ["auc", "binary_logloss"], "learning_rate": 0.3},
        num_boost_round=80,
    )
    recorded = [str(each.reasoning) for each in issues(entries(), "overfitting")]
    assert any(
        "Early stopping is on, and does not look at this curve." in each for each in recorded
    )


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"objective": "multiclass", "num_class": 2, "scale_pos_weight": 9}, "scale_pos_weight"),
        ({"objective": "multiclass", "num_class": 2, "is_unbalance": True}, "is_unbalance"),
        ({"objective": "regression", "scale_pos_weight": 7}, "scale_pos_weight"),
        ({"objective": "binary", "drop_rate": 0.5}, "drop_rate"),
        ({"objective": "binary", "top_rate": 0.5}, "top_rate"),
        ({"objective": "binary", "bagging_fraction": 0.5}, "bagging_fraction"),
        ({"objective": "regression", "alpha": 0.5}, "alpha"),
    ],
)
def test_a_parameter_without_effect_is_said_to_have_none(
    log: AuditLog, entries: Entries, params: dict[str, Any], expected: str
) -> None:
    """The model is the same without it."""
    one_of = _train(log, params)
    without = {name: each for name, each in params.items() if name != expected}
    other = lgb.train(QUIET | without, lgb.Dataset(X, Y), 5)
    assert np.array_equal(one_of.predict(X), other.predict(X))
    recorded = one(entries(), EventType.HYPERPARAMETERS_SET)
    assert [*_facts(recorded)["parameters"]["without_effect"]] == [expected]
    assert "has no effect: " in str(recorded.reasoning)
    assert " weights " not in str(recorded.reasoning)


def test_a_weight_that_has_an_effect_is_not_said_to_have_none(
    log: AuditLog, entries: Entries
) -> None:
    """One against all others is a binary objective for each class."""
    _train(log, {"objective": "multiclassova", "num_class": 2, "scale_pos_weight": 9})
    recorded = one(entries(), EventType.HYPERPARAMETERS_SET)
    assert "without_effect" not in _facts(recorded)["parameters"]
    assert "scale_pos_weight=9: rows of the positive class are weighted 9 times." in str(
        recorded.reasoning
    )


def test_names_that_lightgbm_does_not_know_are_recorded_as_unknown(
    log: AuditLog, entries: Entries
) -> None:
    """Beside those that are in force."""
    _train(log, {"objetive": "binary", "class_weight": "balanced", "eta": 0.2})
    recorded = one(entries(), EventType.HYPERPARAMETERS_SET)
    assert _facts(recorded)["parameters"]["unknown"] == ["objetive", "class_weight"]
    assert "objetive=binary, class_weight=balanced" in str(recorded.decision)
    assert "not a parameter in use of LightGBM" in str(recorded.reasoning)
    assert "objetive, class_weight." in str(recorded.reasoning)


def _own(name: str, rates: Sequence[float]) -> Callable[[Any], None]:
    """A schedule of the caller's own, that only the booster knows."""

    def reset(env: Any) -> None:
        env.model.reset_parameter({name: rates[env.iteration]})

    vars(reset)["before_iteration"] = True
    return reset


@pytest.mark.parametrize("own", [True, False])
def test_every_change_of_a_parameter_is_recorded(
    log: AuditLog, entries: Entries, *, own: bool
) -> None:
    """At INFO, by whichever callback; at the end what is in force."""
    rates = [0.3 * 0.9**each for each in range(30)]
    leaves = [20 if each < 10 else 30 for each in range(30)]
    schedules = (
        [_own("eta", rates), _own("min_data", leaves)]
        if own
        else [lgb.reset_parameter(learning_rate=rates, min_data_in_leaf=leaves)]
    )
    train(log, *schedules, num_boost_round=30)
    recorded = entries()
    end = _facts(the_end(recorded))
    changes = end["changes"]
    assert changes["learning_rate"]["last"] == end["changed"]["learning_rate"] == rates[-1]
    assert changes["min_data_in_leaf"] == {"first": 20, "last": 30, "times": 1}
    assert f"from 0.1 to {rates[-1]:.4g}" in str(the_end(recorded).reasoning)
    run = _story(log)
    curves = {each.name: {int(at): value for at, value in each.points} for each in run.curves}
    assert curves["learning_rate"].items() <= dict(enumerate(rates, 1)).items()
    assert len(curves["learning_rate"]) > 20
    assert curves["min_data_in_leaf"][30] == 30


def test_a_parameter_that_is_no_number_changes_too(log: AuditLog, entries: Entries) -> None:
    """With the iterations from which on it held."""
    train(log, lgb.reset_parameter(extra_trees=[False, True, True, False]), num_boost_round=4)
    changed = _facts(the_end(entries()))["changes"]["extra_trees"]
    assert changed["last"] is False
    assert (changed["at"], changed["to"]) == ([2, 4], ["True", "False"])


def test_what_lightgbm_sets_itself_is_no_change(log: AuditLog, entries: Entries) -> None:
    """It has no objective of its own beside one of the caller's."""
    zeros = np.zeros(426)
    train(log, params={"objective": lambda *_: (zeros, zeros + 1)}, num_boost_round=2)
    assert "changes" not in _facts(the_end(entries()))


def test_a_dart_model_is_not_said_to_have_scores_of_before(log: AuditLog, entries: Entries) -> None:
    """Later iterations rescale its trees."""

    def enough(env: Any) -> None:
        if env.iteration == 15:
            raise EarlyStopException(7, env.evaluation_result_list)

    booster = train(log, enough, params={"boosting": "dart", "drop_rate": 0.9, "skip_drop": 0.0})
    assert booster.current_iteration() == 8
    recorded = entries()
    assert not of(recorded, EventType.MODEL_EVALUATED)
    end = the_end(recorded)
    assert _facts(end)["kept"] == {
        "at": 8,
        "unit": "iteration",
        "chosen_by": enough.__qualname__,
        "measured": False,
    }
    assert "are not those of the kept model" in str(end.reasoning)
    assert kept(_story(log)) is None


def test_the_training_data_is_known_under_any_name(log: AuditLog, entries: Entries) -> None:
    """Also a copy of it; the model's score is that on the validation data."""
    training = lgb.Dataset(X[:200], Y[:200])
    copied = training.create_valid(X[:200].copy(), Y[:200].copy())
    other = training.create_valid(X[200:], Y[200:])
    _train(
        log,
        {"objective": "binary"},
        data=training,
        valid_sets=[training, copied, other],
        valid_names=["fit", "again", "held out"],
    )
    recorded = _facts(one(entries(), EventType.DATASET_VALIDATED))["data"]
    roles = {name: each["role"] for name, each in recorded.items()}
    assert roles == {"fit": "training", "again": "training", "held out": "validation"}
    assert recorded["again"]["same_as"] == "fit"
    run = _story(log)
    found = kept(run)
    assert found is not None
    assert found.name == "held out binary_logloss"
    assert [each.training for each in run.curves] == [True, True, False]


def test_sets_of_one_name_are_distinguished(log: AuditLog, entries: Entries) -> None:
    """As early stopping distinguishes them, too."""
    training = lgb.Dataset(X[:200], Y[:200])
    sets = [training.create_valid(X[at:], Y[at:]) for at in (200, 250)]
    params = {"objective": "binary", "metric": "binary_logloss"}
    _train(log, params, data=training, valid_sets=sets, valid_names=["val", "val"])
    recorded = entries()
    assert {"val", "val (2)"} <= _facts(one(recorded, EventType.DATASET_VALIDATED))["data"].keys()
    results = _facts(of(recorded, EventType.TRAINING_PROGRESS)[-1])["results"]
    assert results["val"] != results["val (2)"]


def test_labels_that_are_no_numbers_are_counted(log: AuditLog, entries: Entries) -> None:
    """LightGBM takes them for something else."""
    labels = Y.copy()
    labels[::5] = np.nan
    _train(log, {"objective": "regression"}, data=lgb.Dataset(X, labels))
    recorded = one(entries(), EventType.DATASET_VALIDATED)
    assert _facts(recorded)["data"]["training"]["unlabelled"] == 60
    assert "60 labels given as NaN or infinite" in str(recorded.reasoning)


class Limit:
    """A limit of the caller's own."""

    def reached(self, most: int, env: Any) -> None:
        """Stop."""
        if env.iteration == most:
            raise EarlyStopException(env.iteration, env.evaluation_result_list)


@pytest.mark.parametrize("order", [1, 90])
def test_a_stopper_is_named_by_what_it_wraps(log: AuditLog, entries: Entries, order: int) -> None:
    """Partial functions and methods; before the audit callback's turn or after it."""
    callback = partial(Limit().reached, 3)
    callback.order = order  # type: ignore[attr-defined]  # LightGBM's
    train(log, callback)
    recorded = entries()
    end = the_end(recorded)
    assert _facts(end)["stop"]["rule"]["name"] == "Limit.reached"
    assert _facts(end)["progress"]["done"] == 4
    assert "after iteration 4 of 20" in str(end.decision)
    evaluated = one(recorded, EventType.MODEL_EVALUATED)
    assert _facts(evaluated)["kept"]["chosen_by"] == "Limit.reached"
    assert _facts(recorded[0])["callbacks"] == ["Limit.reached"]
    assert "early_stopping" not in f"{end.decision}{end.reasoning}".lower()


def test_a_value_that_never_was_a_number_did_not_improve(log: AuditLog, entries: Entries) -> None:
    """No better one can come."""
    train(
        log,
        lgb.early_stopping(3, verbose=False),
        params={"metric": "None"},
        feval=lambda _first, _second: ("corr", float("nan"), True),
    )
    end = the_end(entries())
    assert "was NaN at iteration 1, which no value is better than" in str(end.reasoning)
    assert "improved" not in str(end.reasoning)
