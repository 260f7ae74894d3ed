"""Optuna's searches as they are recorded: each trial, how it ended, and which was chosen."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
import optuna
import pytest
from sklearn.datasets import load_breast_cancer

import mllog_lightgbm
from mllog_callbacks import AuditLog, EventType, LogEntry, auto, read_entries, read_trail
from mllog_optuna import MLAuditCallback
from recorded import Entries, of, one, the_end


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def study(**kwargs: Any) -> optuna.Study:
    """A study that draws the same parameters each time."""
    settings: dict[str, Any] = {
        "sampler": optuna.samplers.RandomSampler(seed=1),
        "study_name": "credit",
    }
    return optuna.create_study(**settings | kwargs)


def facts(entry: LogEntry) -> dict[str, Any]:
    """The facts of an entry."""
    return dict(entry.metrics_snapshot or {})


def trials(recorded: list[LogEntry]) -> dict[int, dict[str, Any]]:
    """The facts of each trial."""
    progress = of(recorded, EventType.TRAINING_PROGRESS)
    found = [facts(each).get("trial") for each in progress]
    return {each["number"]: each for each in found if each is not None}


def parabola(trial: optuna.Trial) -> float:
    """The least at 2."""
    return (trial.suggest_float("x", -10, 10) - 2) ** 2


def test_a_search_is_recorded_from_its_study_to_its_winner(log: AuditLog, entries: Entries) -> None:
    """With margin and runner-up, as the study itself has them."""
    made = study()
    made.optimize(parabola, n_trials=6, callbacks=[MLAuditCallback(log)])
    recorded = entries()
    start = facts(one(recorded, EventType.TRAINING_STARTED))
    assert start["plan"] == {"unit": "trial", "most": 6}
    assert start["study"]["name"] == "credit"
    assert start["study"]["directions"] == {"value": "min"}
    assert start["study"]["sampler"] == {"name": "RandomSampler"}
    assert start["study"]["pruner"]["name"] == "MedianPruner"
    assert start["study"]["pruner"]["parameters"]["n_startup_trials"] == 5
    found = trials(recorded)
    assert [each["state"] for each in found.values()] == ["complete"] * 6
    for trial in made.trials:
        assert found[trial.number]["parameters"] == trial.params
        assert found[trial.number]["values"] == {"value": trial.value}
    chosen = facts(one(recorded, EventType.MODEL_COMPARED))
    values = sorted(trial.value for trial in made.trials if trial.value is not None)
    assert chosen["candidates"]["chosen"] == made.best_trial.number
    assert chosen["runner_up"]["value"] == values[1]
    assert chosen["runner_up"]["margin"] == pytest.approx(values[1] - values[0])
    end = the_end(recorded)
    assert (end.event, facts(end)["stop"]) == (
        EventType.TRAINING_COMPLETED,
        {"by": "plan"},
    )


def test_a_pruned_trial_has_the_rule_and_the_values_it_compared(
    log: AuditLog, entries: Entries
) -> None:
    """Of the median of the trials before, at that step."""

    def objective(trial: optuna.Trial) -> float:
        for step in range(3):
            trial.report(trial.number + step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(trial.number)

    made = study(pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1))
    made.optimize(objective, n_trials=4, callbacks=[MLAuditCallback(log)])
    found = trials(entries())
    assert [each["state"] for each in found.values()] == ["complete", "complete", *["pruned"] * 2]
    assert found[2]["rule"] == {
        "name": "MedianPruner",
        "mode": "min",
        "value": 2.0,  # the best of 2 and 3
        "threshold": 1.5,  # the median of 1 and 2
        "step": 1,
        "trial": 2,
    }


def test_a_failed_trial_has_its_error(log: AuditLog, entries: Entries) -> None:
    """Also where `catch` lets the search go on; a value that is not finite is no error of ours."""

    def objective(trial: optuna.Trial) -> float:
        if trial.number == 1:
            msg = "no rows"
            raise ValueError(msg)
        return float("nan") if trial.number == 2 else 1.0

    made = study()
    made.optimize(objective, n_trials=4, catch=(ValueError,), callbacks=[MLAuditCallback(log)])
    found = trials(entries())
    assert [each["state"] for each in found.values()] == [
        "complete",
        "failed",
        "failed",
        "complete",
    ]
    assert found[1]["error"]["type"] == "ValueError"
    assert found[1]["error"]["message"] == "no rows"
    assert "type" not in found[2]["error"]


def test_an_error_that_ends_the_search_is_its_end(log: AuditLog, entries: Entries) -> None:
    """It reaches the caller, and the trial is recorded with it."""

    def objective(trial: optuna.Trial) -> float:
        if trial.number == 2:
            raise KeyError(trial.number)
        return parabola(trial)

    with pytest.raises(KeyError):
        study().optimize(objective, n_trials=9, callbacks=[MLAuditCallback(log)])
    recorded = entries()
    assert trials(recorded)[2]["error"]["type"] == "KeyError"
    assert the_end(recorded).event == EventType.TRAINING_FAILED
    assert facts(the_end(recorded))["progress"]["done"] == 3


def test_a_search_that_was_asked_to_stop_says_so(log: AuditLog, entries: Entries) -> None:
    """By the study's own flag."""

    def objective(trial: optuna.Trial) -> float:
        if trial.number == 1:
            trial.study.stop()
        return 1.0

    study().optimize(objective, n_trials=9, callbacks=[MLAuditCallback(log)])
    stop = facts(the_end(entries()))["stop"]
    assert stop == {"by": "request", "requested_by": "Study.stop"}


def _boosted(log: AuditLog) -> Any:
    features, labels = load_breast_cancer(return_X_y=True)

    def objective(trial: optuna.Trial) -> float:
        leaves = trial.suggest_int("num_leaves", 2, 8)
        record: dict[str, Any] = {}
        lgb.train(
            {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": leaves},
            lgb.Dataset(features[:400], labels[:400]),
            3,
            valid_sets=[lgb.Dataset(features[400:], labels[400:])],
            callbacks=[lgb.record_evaluation(record), mllog_lightgbm.MLAuditCallback(log)],
        )
        return float(record["valid_0"]["binary_logloss"][-1])

    return objective


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_training_within_a_trial_names_it(log: AuditLog, jobs: int) -> None:
    """Also in threads; and a comparison has the trials of the study as one group."""
    made = study()
    made.optimize(_boosted(log), n_trials=4, n_jobs=jobs, callbacks=[MLAuditCallback(log)])
    log.flush()
    recorded = list(read_entries(log.path))
    named = [
        facts(each)["context"]
        for each in of(recorded, EventType.TRAINING_STARTED)
        if each.model == "LightGBM gbdt"
    ]
    assert sorted(each["trial"] for each in named) == [0, 1, 2, 3]
    assert {each["study"] for each in named} == {"credit"}
    inner = {
        facts(each)["context"]["trial"]: facts(each)
        for each in of(recorded, EventType.HYPERPARAMETERS_SET)
    }
    assert len(inner) == 4
    groups = {each.kind: each for each in read_trail(log.path).compare().groups}
    assert (groups["trials"].name, len(groups["trials"].members)) == ("credit", 4)
    chosen = [each for each in groups["candidates"].members if each.chosen]
    assert [each.name for each in chosen] == [str(made.best_trial.number)]


def test_a_study_in_a_database_goes_on_with_its_trials(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The winner is that of all its trials, also of an earlier call."""
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    for _ in range(2):
        made = study(storage=storage, load_if_exists=True)
        made.optimize(parabola, n_trials=3, callbacks=[MLAuditCallback(log)])
    recorded = entries()
    first, second = (facts(each) for each in of(recorded, EventType.TRAINING_STARTED))
    assert "trials_before" not in first["study"]
    assert second["study"]["trials_before"] == 3
    last = facts(of(recorded, EventType.MODEL_COMPARED)[-1])
    assert last["candidates"]["candidates"] == 6
    assert last["candidates"]["chosen"] == made.best_trial.number


def test_of_several_objectives_none_is_the_best(log: AuditLog, entries: Entries) -> None:
    """All scores are there, and no winner."""
    made = study(directions=["minimize", "maximize"])
    made.optimize(
        lambda trial: (parabola(trial), trial.params["x"]),
        n_trials=3,
        callbacks=[MLAuditCallback(log)],
    )
    chosen = facts(one(entries(), EventType.MODEL_COMPARED))
    assert "chosen" not in chosen["candidates"]
    assert set(chosen["candidates"]["mean"]) == {"value 0", "value 1"}


def test_a_search_is_the_same_without_it(log: AuditLog) -> None:
    """Its parameters, values and warnings; and nothing is left of the context."""
    plain, audited = study(), study()
    plain.optimize(parabola, n_trials=5)
    audited.optimize(parabola, n_trials=5, callbacks=[MLAuditCallback(log)])
    assert [each.params for each in plain.trials] == [each.params for each in audited.trials]
    log.emit("MODEL_SAVED", model="later")
    log.flush()
    assert facts(list(read_entries(log.path))[-1]).get("context") is None


def test_searches_at_the_same_time_are_apart(tmp_path: Path) -> None:
    """One callback for two studies in two threads."""
    with AuditLog(tmp_path) as log:
        audit = MLAuditCallback(log)
        studies = [study(study_name=name) for name in ("a", "b")]
        threads = [
            threading.Thread(
                target=each.optimize, args=(parabola, 5), kwargs={"callbacks": [audit]}
            )
            for each in studies
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        log.flush()
        recorded = list(read_entries(log.path))
    for number in {facts(each)["run"] for each in recorded}:
        own = [each for each in recorded if facts(each)["run"] == number]
        assert sorted(trials(own)) == [0, 1, 2, 3, 4]
        assert the_end(own).event == EventType.TRAINING_COMPLETED


def test_without_a_line_of_code_each_search_is_audited(tmp_path: Path) -> None:
    """Also the first of a process."""
    with AuditLog(tmp_path) as log, auto("optuna", log=log):
        study().optimize(parabola, n_trials=2)
        log.flush()
        recorded = list(read_entries(log.path))
    assert sorted(trials(recorded)) == [0, 1]


def test_a_search_that_ran_out_of_time_says_so(log: AuditLog, entries: Entries) -> None:
    """Where its limit had passed, and nothing else had ended it."""
    made = study()
    made.optimize(parabola, n_trials=1_000_000, timeout=0.05, callbacks=[MLAuditCallback(log)])
    end = the_end(entries())
    assert end.event == EventType.TRAINING_STOPPED
    assert facts(end)["stop"] == {"by": "limit"}
