"""Why a fit ended is said where attributes show it; a warm start counts its own."""

import os
import signal
import threading
import time
from typing import Any

import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, EventType, LogEntry
from mllog_sklearn import audited
from recorded import Entries, of, the_end
from sklearn_training import cancer, iris, issues, quiet


def facts(entry: LogEntry) -> Any:
    """The facts of an entry."""
    return entry.metrics_snapshot


@pytest.mark.parametrize("early", [False, True])
def test_an_interrupt_that_the_network_catches_is_a_stop_by_hand(
    log: AuditLog, entries: Entries, early: bool
) -> None:
    """scikit-learn warns of it and returns the model; no rule and no criterion ended the fit."""
    network = MLPClassifier(
        (8,), max_iter=100_000, tol=0, n_iter_no_change=100_000, early_stopping=early
    )
    begun = threading.Event()

    def interrupt() -> None:
        begun.wait(60)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    class Network(MLPClassifier):  # type: ignore[misc]  # scikit-learn has no types
        def _update_no_improvement_count(self, *args: Any) -> None:
            super()._update_no_improvement_count(*args)
            begun.set()

    threading.Thread(target=interrupt).start()
    with quiet():
        made = audited(Network(**network.get_params()), log).fit(*load_digits(return_X_y=True))
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert facts(end)["stop"] == {"by": "hand", "signal": "KeyboardInterrupt"}
    assert facts(end)["progress"]["done"] == made.n_iter_ < 100_000
    assert issues(entries()).keys() <= {"constant_features", "plateau", "spike", "oscillation"}
    if early:
        scores = made.validation_scores_
        assert facts(end)["kept"]["at"] == scores.index(max(scores)) + 1
    else:
        assert "kept" not in facts(end)


def test_a_criterion_is_named_only_where_attributes_show_it(
    log: AuditLog, entries: Entries
) -> None:
    """A network's counter, a mixture's converged_; a solver that keeps nothing has no stop."""
    features, labels = cancer()
    models: list[Any] = [
        MLPClassifier((4,), tol=1e-2, max_iter=300, random_state=0),
        GaussianMixture(2, random_state=0),
        LogisticRegression(max_iter=5_000),
        SGDClassifier(random_state=0),
    ]
    for model in models:
        with quiet():
            audited(model, log).fit((features - features.mean(0)) / features.std(0), labels)
    network, mixture, *silent = of(entries(), EventType.TRAINING_COMPLETED)
    assert facts(network)["stop"]["rule"]["waited"] == 11
    assert "did not improve by tol=0.01 in 11 epochs in a row" in str(network.reasoning)
    assert facts(mixture)["stop"] == {"by": "rule", "rule": {"name": "tol", "min_delta": 0.001}}
    for end in silent:
        assert "stop" not in facts(end)
        assert "keeps no record of what ended it" in str(end.reasoning)
        assert "criterion" not in f"{end.decision} {end.reasoning}"


def test_a_perfect_fit_ends_boosting(log: AuditLog, entries: Entries) -> None:
    """AdaBoost stops with an estimator that makes no error."""
    audited(AdaBoostClassifier(DecisionTreeClassifier(), n_estimators=20), log).fit(*iris())
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert facts(end)["stop"]["rule"]["name"] == "perfect fit"
    assert facts(end)["progress"] == {"unit": "iteration", "done": 1, "planned": 20}


def test_each_fit_of_a_warm_start_counts_its_own(log: AuditLog, entries: Entries) -> None:
    """Epochs, curves and what is kept; the same warning of each fit is one issue."""
    network = MLPClassifier(
        (8,), warm_start=True, early_stopping=True, n_iter_no_change=3, max_iter=30, tol=1e-3,
        random_state=0,
    )  # fmt: skip
    made = audited(network, log)
    for _ in range(3):
        made.fit(*iris())
    ends = of(entries(), EventType.TRAINING_STOPPED)
    assert [facts(end)["progress"]["done"] for end in ends] == [5, 5, 1]
    assert [facts(end)["kept"].get("at") for end in ends] == [1, 1, None]
    assert "of epoch 6, counted over earlier fits, are kept" in str(ends[2].decision)
    progress = of(entries(), EventType.TRAINING_PROGRESS)
    losses = [each for each in progress if facts(each)["source"] == "loss_curve_"]
    assert [facts(each)["progress"]["done"] for each in losses] == [5, 5, 1]
    assert facts(losses[1])["curve"]["results"]["training"]["loss"][0] == made.loss_curve_[5]

    single = audited(MLPClassifier((8,), warm_start=True, max_iter=1, random_state=0), log)
    with quiet():
        for _ in range(4):
            single.fit(*iris())
    found = [facts(each)["name"] for each in of(entries(), EventType.ISSUE_DETECTED)]
    assert found.count("not_converged") == 1


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (GradientBoostingClassifier(random_state=0), "n_estimators"),
        (HistGradientBoostingClassifier(early_stopping=True, random_state=0), "max_iter"),
    ],
)
def test_boosting_with_a_warm_start_counts_its_own(
    log: AuditLog, entries: Entries, model: Any, named: str
) -> None:
    """The trees of earlier fits are distinguished."""
    made = audited(model, log).set_params(warm_start=True, **{named: 5})
    made.fit(*iris())
    made.set_params(**{named: 8}).fit(*iris())
    end = of(entries(), EventType.TRAINING_COMPLETED)[-1]
    assert facts(end)["progress"] == {"unit": "iteration", "done": 3, "planned": 3, "total": 8}
    assert "5 of them in earlier fits" in str(end.decision)
    last = of(entries(), EventType.TRAINING_PROGRESS)[-1]
    assert facts(last)["curve"]["at"] == [6, 7, 8]


def test_curves_are_kept_whole(log: AuditLog, entries: Entries) -> None:
    """Thinned to what a chart shows: the first, the last and the best value stay."""
    network = MLPClassifier((8,), max_iter=120, tol=0, n_iter_no_change=200, random_state=0)
    with quiet():
        made = audited(network, log, detectors=[]).fit(*cancer())
    (progress,) = of(entries(), EventType.TRAINING_PROGRESS)
    curve = facts(progress)["curve"]
    losses = curve["results"]["training"]["loss"]
    assert 10 < len(losses) == len(curve["at"]) <= 34
    assert (curve["at"][0], curve["at"][-1]) == (1, 120)
    assert losses == [made.loss_curve_[at - 1] for at in curve["at"]]
    assert min(losses) == min(made.loss_curve_)


def test_a_search_begins_with_clones_also_where_they_would_start_warm(
    log: AuditLog, entries: Entries
) -> None:
    """The best estimator of an earlier fit is no beginning of the next."""
    network = MLPClassifier((4,), warm_start=True, max_iter=5, random_state=0)
    search = audited(GridSearchCV(network, {"alpha": [0.1]}, cv=2), log)
    with quiet():
        search.fit(*iris()).fit(*iris())
    first, second = of(entries(), EventType.TRAINING_PROGRESS)
    assert facts(first)["curve"] == facts(second)["curve"]
