"""What a search found is recorded: its choice, what speaks against it, its rounds, what failed."""

from pathlib import Path
from typing import Any

import pytest
from scipy.stats import randint
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes it importable
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, EventType, read_trail
from mllog_callbacks.schema import number
from mllog_sklearn import audited
from recorded import Entries, of, one, the_end
from sklearn_training import iris, issues, quiet

TREE = DecisionTreeClassifier(random_state=0)


def test_a_search_records_its_choice_and_what_speaks_against_it(
    log: AuditLog, entries: Entries
) -> None:
    """Best, margin, runner-up, training score, values at the edge; from the search's results."""
    search = GridSearchCV(TREE, {"max_depth": [1, 2, 3]}, cv=5, return_train_score=True)
    made: Any = audited(search, log).fit(*iris())
    recorded = entries()
    entry = one(recorded, EventType.MODEL_COMPARED)
    best, results = made.best_index_, made.cv_results_
    assert entry.decision == f"Candidate {best + 1} of 3 was chosen: max_depth=3."
    reasoning = str(entry.reasoning)
    mean, deviation = results["mean_test_score"][best], results["std_test_score"][best]
    assert (
        f"mean_test score {number(mean)} +- {number(deviation)} over 5 splits is the best"
        in reasoning
    )
    runner_up = sorted(results["mean_test_score"])[-2]
    assert (
        f"{number(mean - runner_up)} ahead of the runner-up ({number(runner_up)}, max_depth="
        in reasoning
    )
    assert f"Its mean training score is {number(results['mean_train_score'][best])}" in reasoning
    assert "max_depth=3 is the largest of 3 values tried" in reasoning
    assert (entry.metrics_snapshot or {})["best_params"] == {"max_depth": 3}
    assert (entry.metrics_snapshot or {})["mean_test"] == {"score": mean, "score_std": deviation}
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED
    assert "3 candidates were fitted on 5 splits, 15 fits" in str(recorded[-1].decision)


def test_candidates_are_recorded_at_debug(tmp_path: Path) -> None:
    """Each with its parameters, mean and rank; at INFO none is."""
    for level, recorded in (("INFO", 0), ("DEBUG", 4)):
        with AuditLog(tmp_path / level, level=level) as log:
            search = RandomizedSearchCV(TREE, {"max_depth": [1, 2, 3, 4]}, n_iter=4, cv=2)
            audited(search, log).fit(*iris())
            log.flush(10)
            text = log.path.read_text()
        assert text.count("Candidate 2 of 4 has mean_test score") == (recorded > 0)
        assert text.count('"MODEL_EVALUATED"') == recorded


def test_failed_fits_of_a_search_are_one_issue(log: AuditLog, entries: Entries) -> None:
    """How many, of which candidates, with which error; the fit goes on as without."""
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [1.0, -1.0]}, cv=3)
    with quiet():
        audited(search, log).fit(*iris())
    (entry,) = of(entries(), EventType.ISSUE_DETECTED)
    assert entry.decision == "3 of 6 fits of the search have no finite score."
    assert "1 candidate of 2, such as C=-1.0" in str(entry.reasoning)
    assert "Fits raised: 3 with " in str(entry.reasoning)
    assert "The 'C' parameter of LogisticRegression must be" in str(entry.reasoning)


def test_a_search_that_leaves_the_choice_says_so(log: AuditLog, entries: Entries) -> None:
    """Several metrics, no refit."""
    scoring = ["accuracy", "f1_macro"]
    search = GridSearchCV(TREE, {"max_depth": [1, 2]}, scoring=scoring, refit=False, cv=2)
    audited(search, log).fit(*iris())
    entry = one(entries(), EventType.MODEL_COMPARED)
    assert entry.decision == "2 candidates were compared by accuracy, f1_macro; none was chosen."
    search = GridSearchCV(TREE, {"max_depth": [1, 2]}, scoring=scoring, refit="f1_macro", cv=2)
    audited(search, log).fit(*iris())
    assert "mean_test f1_macro" in str(of(entries(), EventType.MODEL_COMPARED)[-1].reasoning)


def test_a_halving_search_records_its_rounds(log: AuditLog, entries: Entries) -> None:
    """How many candidates, on what, and who went on."""
    search = HalvingGridSearchCV(TREE, {"max_depth": [1, 2, 3, 4, 5, 6]}, random_state=0, cv=2)
    made: Any = audited(search, log).fit(*iris())
    rounds = of(entries(), EventType.TRAINING_PROGRESS)
    assert len(rounds) == made.n_iterations_
    assert f"6 candidates, each with n_samples={made.n_resources_[0]}" in str(rounds[0].decision)
    compared, end = one(entries(), EventType.MODEL_COMPARED), the_end(entries())
    assert "of the last round" in str(compared.reasoning)
    last = made.n_iterations_ - 1
    chosen = made.cv_results_["iter"][: made.best_index_ + 1].tolist().count(last)
    place = f"Candidate {chosen} of {made.n_candidates_[-1]} in round {last + 1} was chosen"
    assert place in str(compared.decision)
    assert f"6 candidates in {last + 1} rounds were fitted on 2 splits" in str(end.decision)
    assert (end.metrics_snapshot or {})["candidates"] == 6


def test_what_a_halving_search_gives_more_of_is_at_no_edge(log: AuditLog, entries: Entries) -> None:
    """The last round has most of it, whatever was tried."""
    search = HalvingGridSearchCV(
        RandomForestClassifier(random_state=0),
        {"max_depth": [1, 2, 3, 4]},
        resource="n_estimators",
        max_resources=8,
        factor=2,
        cv=2,
        random_state=0,
    )
    made: Any = audited(search, log).fit(*iris())
    assert len(made.n_resources_) > 2
    compared = one(entries(), EventType.MODEL_COMPARED)
    assert f"n_estimators={made.n_resources_[-1]}" in str(compared.decision)
    assert "values tried" not in str(compared.reasoning).replace("max_depth=4 is the largest", "")


def test_a_choice_that_is_not_the_best_says_how_far_it_is_behind(
    log: AuditLog, entries: Entries
) -> None:
    """A refit of the caller's own may choose any."""
    search = GridSearchCV(TREE, {"max_depth": [1, 2, 3]}, cv=5, refit=lambda _: 0)
    made: Any = audited(search, log).fit(*iris())
    means = made.cv_results_["mean_test_score"]
    compared = one(entries(), EventType.MODEL_COMPARED)
    first = int(means.argmax())
    behind = number(means[first] - means[0])
    recorded = f"It is {behind} behind the best mean, of Candidate {first + 1} of 3"
    assert recorded in str(compared.reasoning)
    assert "has rank 3 of 3 candidates" in str(compared.reasoning)
    assert "chosen by the function" in str(compared.decision)
    assert "ahead" not in str(compared.reasoning)
    snapshot: Any = compared.metrics_snapshot
    assert snapshot["ranked_first"]["score"]["mean_test"]["score"] == means[first]
    assert "runner_up" not in snapshot


def test_a_search_without_a_finite_score_says_so(log: AuditLog, entries: Entries) -> None:
    """No candidate is better than another, and none is called the best."""

    def score(model: object, X: Any, y: Any) -> float:  # noqa: ARG001, N803 - the protocol's
        return float("nan")

    with quiet():
        audited(GridSearchCV(TREE, {"max_depth": [1, 2]}, cv=2, scoring=score), log).fit(*iris())
    compared = one(entries(), EventType.MODEL_COMPARED)
    assert str(compared.reasoning).startswith(
        "Its mean_test score is not finite; it has rank 1 of 2 candidates."
    )
    assert str(issues(entries())["failed_fits"].decision).startswith("4 of 4 fits of the search")


def test_failed_fits_with_a_score_of_the_callers_are_recorded(
    log: AuditLog, entries: Entries
) -> None:
    """error_score=0.0 hides them among the scores; scikit-learn's warning says which they are."""
    search = GridSearchCV(
        LogisticRegression(max_iter=500), {"C": [1.0, -1.0]}, cv=3, error_score=0.0
    )
    with quiet():
        audited(search, log).fit(*iris())
    (entry,) = of(entries(), EventType.ISSUE_DETECTED)
    assert entry.decision == "3 of 6 fits of the search failed."
    assert "Their score is error_score=0.0." in str(entry.reasoning)
    assert "Fits raised: 3 with " in str(entry.reasoning)


def test_a_search_of_which_every_fit_fails_records_with_what(
    log: AuditLog, entries: Entries
) -> None:
    """Scikit-learn's own message is long, and the errors stand at its end."""
    search = GridSearchCV(LogisticRegression(), {"C": [-1.0, -2.0]}, cv=3)
    with quiet(), pytest.raises(ValueError, match="All the 6 fits failed"):
        audited(search, log).fit(*iris())
    recorded = entries()
    issue = issues(recorded)["failed_fits"]
    assert issue.decision == "All 6 fits of the search failed."
    assert "3 with sklearn.utils._param_validation.InvalidParameterError: The 'C'" in str(
        issue.reasoning
    )
    assert the_end(recorded).event is EventType.TRAINING_FAILED


def test_a_search_at_the_end_of_a_pipeline_records_its_choice(
    log: AuditLog, entries: Entries
) -> None:
    """With the place it stands in."""
    search = GridSearchCV(TREE, {"max_depth": [1, 2, 3]}, cv=2)
    audited(make_pipeline(StandardScaler(), search), log).fit(*iris())
    recorded = entries()
    assert "was chosen: max_depth=" in str(one(recorded, EventType.MODEL_COMPARED).decision)
    assert the_end(recorded).decision == (
        "Training completed: 3 candidates were fitted on 2 splits, 6 fits in step gridsearchcv."
    )


def test_a_searchs_space_is_recorded_in_words(log: AuditLog, entries: Entries) -> None:
    """Distributions, scorers, several grids: no addresses, and no types that readers refuse."""
    space: Any = [
        {"max_depth": [1, 3, None]},
        {"min_samples_leaf": randint(1, 5), "max_depth": [2]},
    ]
    search = RandomizedSearchCV(
        TREE, space, n_iter=2, cv=2, scoring=make_scorer(accuracy_score), random_state=0
    )
    audited(search, log).fit(*iris())
    recorded = one(entries(), EventType.HYPERPARAMETERS_SET)
    snapshot: Any = recorded.metrics_snapshot
    given = snapshot["parameters"]["given"]
    assert given["param_distributions"] == (
        "[{'max_depth': [1, 3, None]}, {'min_samples_leaf': 'randint(1, 5)', 'max_depth': [2]}]"
    )
    assert given["scoring"].startswith("make_scorer(accuracy_score")
    assert "Written with changes" not in str(recorded.reasoning)


def test_a_report_has_the_candidates_of_a_search(log: AuditLog, tmp_path: Path) -> None:
    """Parameters, mean, deviation, rank, time and failures of each, by every metric; and a chart.

    The summary names the best, the runner-up and the margin.
    """
    search = GridSearchCV(
        TREE, {"max_depth": [1, 3, -1]}, scoring=["accuracy", "f1_macro"], refit="f1_macro", cv=3
    )
    with quiet():
        made: Any = audited(search, log).fit(*iris())
    log.flush(10)
    trail = read_trail(log.path)
    page = trail.save(tmp_path / "report.html").read_text()
    section = page.partition('<section id="candidates"')[2].partition("</section>")[0]
    results = made.cv_results_
    for metric in ("accuracy", "f1_macro"):
        mean, deviation = results[f"mean_test_{metric}"][1], results[f"std_test_{metric}"][1]
        assert f"{mean:.4g} ± {deviation:.4g} (1)" in section
    assert "2 ✓" in section
    assert section.count("<tr>") == 4
    assert "Failed fits" in section
    assert "no score" in section
    assert section.count("<circle") == 2  # the one that failed has no place
    recorded = " ".join(str(trail).split())
    margin = results["mean_test_f1_macro"][1] - results["mean_test_f1_macro"][0]
    assert "number 2 (max_depth=3) was chosen: f1_macro" in recorded
    assert "The next best (max_depth=1)" in recorded
    assert f"{margin:.4g} apart" in recorded
