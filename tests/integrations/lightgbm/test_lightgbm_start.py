"""What a LightGBM training records at its start: its data, its algorithm, who gave what."""

import socket
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from lightgbm_training import PARAMS, data, train
from mllog_callbacks import AuditLog, EventType, LogEntry
from mllog_lightgbm import MLAuditCallback
from recorded import Entries, of

X, Y = load_breast_cancer(return_X_y=True)


def the(recorded: list[LogEntry], event: EventType) -> tuple[str, str, dict[str, Any]]:
    """The one entry of a type: decision, reasoning, snapshot."""
    (found,) = of(recorded, event)
    return str(found.decision), str(found.reasoning), found.metrics_snapshot or {}


def test_the_data_are_recorded_with_rows_features_and_class_balance(
    log: AuditLog, entries: Entries
) -> None:
    """Of every set, as LightGBM has it."""
    train(log)
    decision, reasoning, snapshot = the(entries(), EventType.DATASET_VALIDATED)
    positive = int(np.sum(np.asarray(data()[0].get_label())))
    assert decision == (
        "Data loaded. Training data: 426 rows, 30 features. "
        "Validation set valid_0: 143 rows, 30 features."
    )
    assert f"training: rows by class 0: {426 - positive}" in reasoning
    assert "valid_0: rows by class 0:" in reasoning
    fingerprint = snapshot["data"]["training"].pop("fingerprint")
    assert (fingerprint["rows"], fingerprint["columns"]) == (426, 30)
    assert snapshot["data"]["training"] == {
        "rows": 426,
        "features": 30,
        "classes": {"0": 426 - positive, "1": positive},
        "role": "training",
    }
    assert snapshot["data"]["valid_0"]["rows"] == 143


def test_weights_groups_categories_and_useless_features_are_recorded(
    log: AuditLog, entries: Entries
) -> None:
    """Labels that are no classes by their range; scores to start from."""
    rng = np.random.default_rng(0)
    features = pd.DataFrame(
        {
            "size": rng.random(200),
            "constant": 1.0,
            "colour": pd.Categorical(rng.integers(0, 3, 200)),
        }
    )
    labels = rng.integers(0, 3, 200)
    ranked = lgb.Dataset(
        features, labels, group=[50, 150], weight=1 + (labels > 1), init_score=np.zeros(200)
    )
    params = PARAMS | {"objective": "lambdarank"}
    lgb.train(params, ranked, 2, callbacks=[MLAuditCallback(log)])
    _, reasoning, snapshot = the(entries(), EventType.DATASET_VALIDATED)
    assert "labels 0 to 2, mean" in reasoning
    assert "weights of rows 1 to 2, mean" in reasoning
    assert "2 groups of 50 to 150 rows" in reasoning
    assert "with initial scores" in reasoning
    assert "categorical features: colour; 1 feature unused: no split" in reasoning
    found = snapshot["data"]["training"]
    assert found["groups"] == {"groups": 2, "least": 50, "largest": 150}
    assert (found["categorical"], found["unused"]) == (["colour"], 1)


def test_the_data_set_stays_as_it_was(log: AuditLog) -> None:
    """Nothing is copied onto it, and nothing is constructed that was not."""
    before, _ = data()
    lgb.train(PARAMS, before, 2)
    after, unused = data()
    lgb.train(PARAMS, after, 2, callbacks=[MLAuditCallback(log)])
    assert {name for name, value in vars(after).items() if value is None} == {
        name for name, value in vars(before).items() if value is None
    }
    with pytest.raises(lgb.basic.LightGBMError, match="before construct"):
        unused.num_data()


def test_who_chose_the_algorithm_is_recorded(log: AuditLog, entries: Entries) -> None:
    """The caller, the estimator, or LightGBM by default."""
    train(log, params={"boosting": "dart"})
    decision, reasoning, snapshot = the(entries(), EventType.ALGORITHM_SELECTED)
    assert decision == (
        f"Algorithm: LightGBM {lgb.__version__} with boosting=dart, objective=binary, "
        "tree_learner=serial, device_type=cpu."
    )
    assert reasoning == (
        "Chosen by the caller: boosting, objective. "
        f"Chosen by the defaults of LightGBM {lgb.__version__}: tree_learner, device_type."
    )
    assert snapshot["choices"]["boosting"] == {"value": "dart", "by": "the caller"}


def test_goss_is_a_way_of_sampling(log: AuditLog, entries: Entries) -> None:
    """Given as the kind of boosting, which is another one."""
    train(log, params={"boosting": "goss"}, num_boost_round=2)
    recorded = entries()
    _, _, snapshot = the(recorded, EventType.ALGORITHM_SELECTED)
    assert snapshot["choices"]["boosting"] == {"value": "gbdt", "by": "LightGBM, with goss"}
    chosen = {"value": "goss", "by": "the caller, as boosting=goss"}
    assert snapshot["choices"]["data_sample_strategy"] == chosen
    _, _, snapshot = the(recorded, EventType.HYPERPARAMETERS_SET)
    assert "replaced" not in snapshot["parameters"]


def test_an_estimators_defaults_are_not_the_callers(log: AuditLog, entries: Entries) -> None:
    """`LGBMClassifier` passes on all its parameters; its caller gave three."""
    model = lgb.LGBMClassifier(
        learning_rate=0.2, verbosity=-1, num_leaves=31, class_weight="balanced"
    )
    model.set_params(n_estimators=3, subsample=0.5)
    model.fit(X, Y, callbacks=[MLAuditCallback(log)])
    recorded = entries()
    decision, reasoning, snapshot = the(recorded, EventType.HYPERPARAMETERS_SET)
    found = snapshot["parameters"]
    assert found["given"] == {
        "learning_rate": 0.2,
        "verbosity": -1,
        "bagging_fraction": 0.5,
        "num_iterations": 3,
    }
    assert decision.startswith("4 hyperparameters set by the caller of LGBMClassifier: ")
    assert "bagging_fraction=0.5 (given as subsample)" in decision
    assert found["passed_on_by"] == "LGBMClassifier"
    assert found["passed_on"]["objective"] == "binary"
    assert found["passed_on"]["num_leaves"] == 31
    assert "bagging_fraction=0.5 has no effect: bagging_freq is 0." in reasoning
    assert not found["defaults"].keys() & found["passed_on"].keys()
    assert "Chosen by the defaults of LGBMClassifier: boosting, objective" in str(
        the(recorded, EventType.ALGORITHM_SELECTED)[1]
    )
    assert "made from class_weight=balanced by LGBMClassifier" in str(
        the(recorded, EventType.DATASET_VALIDATED)[1]
    )
    assert "Called by LGBMClassifier.fit." in str(recorded[0].reasoning)


def test_what_is_recorded_to_fit_is_the_callers_too(log: AuditLog, entries: Entries) -> None:
    """A metric, and where a ranking is cut; also through a class of the caller's own."""

    class Mine(lgb.LGBMRanker):
        """A ranker all the same."""

    model = Mine(n_estimators=2, verbosity=-1)
    model.fit(
        X[:90], Y[:90], group=[90], eval_at=[3], eval_metric="map", callbacks=[MLAuditCallback(log)]
    )
    _, _, snapshot = the(entries(), EventType.HYPERPARAMETERS_SET)
    assert snapshot["parameters"]["given"].keys() == {
        "num_iterations",
        "verbosity",
        "metric",
        "eval_at",
    }


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"is_unbalance": True},
            "is_unbalance=1: the rarer class is weighted 1.748 times.",
        ),
        (
            {"scale_pos_weight": 3},
            "scale_pos_weight=3: rows of the positive class are weighted 3 times.",
        ),
        ({"max_depth": 2}, "Derived from max_depth=2: num_leaves=4."),
        ({"seed": "3"}, "Derived from seed=3: bagging_seed="),
        (
            {"tree_learner": "data"},
            "tree_learner=serial is in force where tree_learner=data was given.",
        ),
        (
            {"boosting": "goss"},
            "boosting=goss: data_sample_strategy=goss is in force, with boosting=gbdt.",
        ),
        ({"metric": "mse"}, "metric=l2 is in force where metric=mse was given."),
        ({}, "Derived from the objective: metric=binary_logloss."),
        ({"boost_from_average": False}, "boost_from_average=0: boosting starts from zero."),
        ({}, "boost_from_average=1: boosting starts from a constant fitted to the labels."),
        (
            {"deterministic": True},
            "deterministic=1: the same data and parameters give the same model",
        ),
        ({"force_row_wise": True}, "force_row_wise=1: histograms are built row-wise."),
        ({}, "force_col_wise=0: LightGBM chooses column- or row-wise histograms"),
        ({"seed": 3}, "Derived from seed=3: bagging_seed="),
    ],
)
def test_what_lightgbm_makes_of_parameters_is_recorded(
    log: AuditLog, entries: Entries, params: dict[str, Any], sentence: str
) -> None:
    """Each sentence follows from the parameters that LightGBM has in force, and from its data."""
    train(log, params=params, num_boost_round=2)
    assert sentence in the(entries(), EventType.HYPERPARAMETERS_SET)[1]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"early_stopping_round": 7},
            "early_stopping is on (patience 7 iterations, set by early_stopping_round).",
        ),
        (
            {"boosting": "dart", "early_stopping_round": 7},
            "set by early_stopping_round) is off: LightGBM has none with boosting=dart.",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Early stopping is not available in dart mode")
def test_the_rules_that_may_stop_a_training_are_recorded_at_its_start(
    log: AuditLog, entries: Entries, params: dict[str, Any], sentence: str
) -> None:
    """Whether they are on, and what switched them on."""
    train(log, params=params, num_boost_round=2)
    assert sentence in the(entries(), EventType.TRAINING_STARTED)[1]


@pytest.mark.parametrize(
    "params",
    [
        {"cegb_penalty_feature_coupled": 5 * np.arange(30)},
        {"interaction_constraints": [[0, 1], [2]], "boost_from_average": "true"},
        {"lambda_l1": 0.048784284512259676, "lambda_l2": 1e-9},
        {"feature_contri": [0.5] * 30, "bagging_freq": np.int64(0)},
    ],
)
def test_values_that_lightgbm_writes_otherwise_are_no_decisions_of_its(
    log: AuditLog, entries: Entries, params: dict[str, Any]
) -> None:
    """Arrays, nested lists, switches in words: what is used is what was given."""
    train(log, params=params, num_boost_round=2)
    decision, reasoning, _ = the(entries(), EventType.HYPERPARAMETERS_SET)
    assert all(f"{name}=" in decision for name in params)
    assert "is in force where" not in reasoning


def test_a_path_among_the_parameters_is_used_as_given(
    log: AuditLog, entries: Entries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As LightGBM takes one."""
    monkeypatch.chdir(tmp_path)
    bins = Path("bins.json")
    bins.write_text("[]")
    train(log, params={"forcedbins_filename": bins}, num_boost_round=2)
    decision, reasoning, _ = the(entries(), EventType.HYPERPARAMETERS_SET)
    assert f"forcedbins_filename={bins}" in decision
    assert "is in force where" not in reasoning


@pytest.mark.parametrize(
    ("labels", "recorded"),
    [
        ([0, 0, 10, 10, 10], "by class 0: 20 (40.0%), 10: 30 (60.0%)"),
        ([-1, 1, 1, -1, 1], "by class -1: 20 (40.0%), 1: 30 (60.0%)"),
        ([0.25, 0, 0.75, 0.5, 1], "labels 0 to 1, mean 0.5"),
        ([0, 0, 1e12, 1e12, 1e12], "labels 0 to 999,999,995,904, mean 599,999,997,542"),
    ],
)
def test_labels_are_counted_where_they_are_whole_numbers(
    log: AuditLog, entries: Entries, labels: list[float], recorded: str
) -> None:
    """The binary objective takes any number as a label: none is rounded into another class."""
    rows = lgb.Dataset(np.arange(50.0).reshape(-1, 1), np.repeat(labels, 10))
    lgb.train(PARAMS, rows, num_boost_round=1, callbacks=[MLAuditCallback(log)])
    assert recorded in the(entries(), EventType.DATASET_VALIDATED)[1]


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")  # older: all there is
@pytest.mark.parametrize("names", [["ham", "spam"], [10, 20, 40], [True, False]])
def test_classes_that_an_estimator_encodes_are_recorded_by_their_names(
    log: AuditLog, entries: Entries, names: list[Any]
) -> None:
    """In the order of its codes, on each set; also of a class that a set lacks."""
    rows = np.arange(60.0).reshape(-1, 1)
    labels = np.array(names)[np.arange(60) % len(names)]
    model = lgb.LGBMClassifier(n_estimators=1, verbosity=-1, n_jobs=1, is_unbalance=True)
    seen = labels == names[-1]
    model.fit(rows, labels, eval_set=[(rows[seen], labels[seen])], callbacks=[MLAuditCallback(log)])
    recorded = entries()
    _, reasoning, snapshot = the(recorded, EventType.DATASET_VALIDATED)
    each = 60 // len(names)
    balance = {str(name): each for name in sorted(names)}
    assert snapshot["data"]["training"]["classes"] == balance
    assert snapshot["data"]["valid_0"]["classes"] == {str(names[-1]): each}
    shares = ", ".join(f"{name}: {each} ({1 / len(names):.1%})" for name in balance)
    assert f"training: rows by class {shares}" in reasoning
    if len(names) == 2:
        _, _, snapshot = the(recorded, EventType.HYPERPARAMETERS_SET)
        assert snapshot["parameters"]["effects"]["is_unbalance"]["factor"] == 1.0


def test_codes_of_an_estimator_are_recorded_as_such_where_names_cannot_be(
    log: AuditLog, entries: Entries
) -> None:
    """Of names too long to distinguish."""
    model = lgb.LGBMClassifier(n_estimators=1, verbosity=-1, n_jobs=1)
    labels = np.array(["x" * 90 + "a", "x" * 90 + "b"] * 15)
    model.fit(np.arange(30.0).reshape(-1, 1), labels, callbacks=[MLAuditCallback(log)])
    assert "by LGBMClassifier's code 0: 15 (50.0%), 1: 15 (50.0%)" in str(
        the(entries(), EventType.DATASET_VALIDATED)[1]
    )


def test_a_custom_objective_is_named(log: AuditLog, entries: Entries) -> None:
    """By its function; nothing is said of where boosting starts, which is its own matter."""

    def residuals(predicted: Any, _data: lgb.Dataset) -> tuple[Any, Any]:
        return predicted, np.ones_like(predicted)

    train(log, params={"objective": residuals, "metric": "l2"})
    decision, reasoning, _ = the(entries(), EventType.ALGORITHM_SELECTED)
    name = "the function test_a_custom_objective_is_named.<locals>.residuals"
    assert f"objective={name}" in decision
    assert "Chosen by the caller: objective." in reasoning
    assert "boosting starts" not in the(entries(), EventType.HYPERPARAMETERS_SET)[1]


def test_one_machine_alone_is_no_training_on_several(log: AuditLog, entries: Entries) -> None:
    """As of a Dask cluster of which one worker has all the data."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    network = {"machines": f"127.0.0.1:{port}", "num_machines": 1, "local_listen_port": port}
    params = {"objective": "binary", "verbosity": -1, "num_threads": 1, **network}
    lgb.train(params, lgb.Dataset(X, Y), 2, callbacks=[MLAuditCallback(log)])
    (started,) = of(entries(), EventType.TRAINING_STARTED)
    assert started.metrics_snapshot is not None
    assert not {"machines", "addresses"} & started.metrics_snapshot.keys()
    assert "train together" not in str(started.reasoning)


def test_what_other_tools_put_around_lightgbm_takes_no_entry_away(
    log: AuditLog, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its function may not say what LightGBM's own takes."""
    own = lgb.train

    def around(*args: Any, **kwargs: Any) -> Any:
        return own(*args, **kwargs)

    monkeypatch.setattr(lgb, "train", around)
    lgb.train(PARAMS, data()[0], callbacks=[MLAuditCallback(log)])
    _, _, snapshot = the(entries(), EventType.HYPERPARAMETERS_SET)
    assert "num_iterations" not in snapshot["parameters"]["given"]
    assert of(entries(), EventType.TRAINING_COMPLETED)
