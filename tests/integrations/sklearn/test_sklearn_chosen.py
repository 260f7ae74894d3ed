"""What estimators choose within a fit is recorded, with what they chose from."""

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_friedman1
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_selection import (
    RFECV,
    SelectFromModel,
    SequentialFeatureSelector,
)
from sklearn.linear_model import (
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeCV,
)
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, EventType
from mllog_callbacks.schema import number
from mllog_sklearn import audited
from recorded import Entries, of, one, the_end
from sklearn_training import cancer, iris, issues, quiet

FRIEDMAN = make_friedman1(120, n_features=8, random_state=0)


def compared(recorded: list[Any]) -> list[Any]:
    """The facts of all comparisons."""
    return [each.metrics_snapshot for each in of(recorded, EventType.MODEL_COMPARED)]


@pytest.mark.parametrize("piped", [False, True])
def test_the_features_a_selector_took_and_why(log: AuditLog, entries: Entries, piped: bool) -> None:
    """RFECV with the score of each number of features, also within a pipeline."""
    selector = RFECV(LinearRegression(), cv=3, scoring="r2")
    made: Any = audited(make_pipeline(selector, LinearRegression()) if piped else selector, log)
    made.fit(*FRIEDMAN)
    fitted = made[0] if piped else made
    (entry,) = of(entries(), EventType.MODEL_COMPARED)
    (facts,) = compared(entries())
    kept = [str(index) for index in np.flatnonzero(fitted.support_)]
    assert facts["features"]["selected"] == ", ".join(kept)
    assert facts["features"]["kept"] == fitted.n_features_
    means = fitted.cv_results_["mean_test_score"]
    assert facts["candidates"]["mean"]["mean r2"] == [float(f"{mean:.6g}") for mean in means]
    assert facts["candidates"]["parameters"]["n_features"] == list(range(1, 9))
    assert f"n_features={fitted.n_features_} ({number(max(means))}" in str(entry.reasoning)


def test_other_selectors_name_their_features(log: AuditLog, entries: Entries) -> None:
    """By their names, with a threshold where there is one."""
    import pandas as pd  # noqa: PLC0415 - for this test alone

    features = pd.DataFrame(FRIEDMAN[0]).add_prefix("x")
    selector = SequentialFeatureSelector(LinearRegression(), n_features_to_select=2, cv=2)
    made: Any = audited(selector, log).fit(features, FRIEDMAN[1])
    by_model = audited(SelectFromModel(Lasso(alpha=0.5), threshold=0.1), log)
    by_model.fit(features, FRIEDMAN[1])
    first, second = of(entries(), EventType.MODEL_COMPARED)
    names = ", ".join(made.get_feature_names_out())
    assert f"Selected: {names}. It went forward; it keeps no scores" in str(first.reasoning)
    assert "Its threshold_ is 0.1." in str(second.reasoning)


@pytest.mark.parametrize(
    ("model", "named", "rows"),
    [
        (LassoCV(cv=2), ("alpha",), 100),
        (ElasticNetCV(l1_ratio=[0.5, 1.0], cv=2), ("alpha", "l1_ratio"), 200),
        (RidgeCV(alphas=[0.1, 1.0]), ("alpha",), None),
    ],
)
def test_a_hyperparameter_that_was_left_to_the_estimator(
    log: AuditLog, entries: Entries, model: Any, named: tuple[str, ...], rows: int | None
) -> None:
    """With the scores of all candidates, where it keeps them."""
    made: Any = audited(model, log).fit(*FRIEDMAN)
    (facts,) = compared(entries())
    assert facts["chosen"] == {f"{name}_": getattr(made, f"{name}_") for name in named}
    if rows is not None:
        table = facts["candidates"]
        assert table["candidates"] == rows
        assert sorted(table["parameters"]) == sorted(named)
        assert 50 <= len(table["mean"]["mean squared error"]) == table["listed"] <= 53


def test_a_regularisation_and_a_threshold_for_classes(log: AuditLog, entries: Entries) -> None:
    """Of cross-validated classifiers."""
    with quiet():
        cross: Any = audited(LogisticRegressionCV(Cs=3, cv=2), log).fit(*cancer())
    tuned: Any = TunedThresholdClassifierCV(LogisticRegression(max_iter=5), cv=2)
    with quiet():
        tuned = audited(tuned.set_params(store_cv_results=True), log).fit(*cancer())
    first, second = compared(entries())
    assert first["chosen"] == {"C_": float(np.ravel(cross.C_)[0])}
    assert first["candidates"]["candidates"] == 3
    assert second["chosen"] == {"best_threshold_": tuned.best_threshold_}
    assert "threshold" in second["candidates"]["parameters"]


def test_a_search_within_another_estimator(log: AuditLog, entries: Entries) -> None:
    """Of a transformed target."""
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2)
    model = TransformedTargetRegressor(search, func=np.log1p, inverse_func=np.expm1)
    made: Any = audited(model, log).fit(FRIEDMAN[0], FRIEDMAN[1])
    (facts,) = compared(entries())
    assert facts["best_params"] == made.regressor_.best_params_
    assert str(the_end(entries()).decision).endswith("4 fits in regressor_.")


def test_components_left_to_a_share_of_variance(log: AuditLog, entries: Entries) -> None:
    """How many they are."""
    made: Any = audited(PCA(0.9), log).fit(iris()[0])
    assert compared(entries()) == [
        {"run": 1, "estimator": "PCA", "chosen": {"n_components_": made.n_components_}}
    ]


@pytest.mark.parametrize(
    ("model", "place"),
    [
        (VotingClassifier, "in weak (LogisticRegression)"),
        (StackingClassifier, "in weak (LogisticRegression)"),
        (CalibratedClassifierCV, "in calibrated_classifiers_ 2 (LogisticRegression)"),
    ],
)
def test_the_part_of_an_ensemble_that_did_not_converge(
    log: AuditLog, entries: Entries, model: Any, place: str
) -> None:
    """By its name."""
    weak = LogisticRegression(max_iter=2)
    named = [("tree", DecisionTreeClassifier(max_depth=2)), ("weak", weak)]
    made = model(weak, cv=2) if model is CalibratedClassifierCV else model(named)
    with quiet():
        audited(made, log).fit(*iris())
    issue = issues(entries())["not_converged"]
    assert f"n_iter_=2 reached max_iter=2 {place}" in str(issue.reasoning)


def test_the_part_of_an_ensemble_that_failed(log: AuditLog, entries: Entries) -> None:
    """By its name, with the cause."""
    named = [("tree", DecisionTreeClassifier()), ("wrong", LogisticRegression(C=-1.0))]
    with pytest.raises(ValueError, match="The 'C' parameter"):
        audited(VotingClassifier(named), log).fit(*iris())
    end = the_end(entries())
    assert "failed in fit, in wrong (LogisticRegression) with Invalid" in str(end.decision)


def simplest(results: Any) -> int:
    """Choose the first, whatever it scored."""
    return int(np.argmin([params["max_depth"] for params in results["params"]]))


def test_a_choice_by_a_function_stands_by_each_metric(log: AuditLog, entries: Entries) -> None:
    """What was chosen, by what, and its rank by every metric; no reason is made up for it."""
    scoring = {"prec": "precision", "rec": "recall"}
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 3, 8]},
        scoring=scoring,
        refit=simplest,
        cv=3,
    )
    made: Any = audited(search, log).fit(*cancer())
    entry = one(entries(), EventType.MODEL_COMPARED)
    (facts,) = compared(entries())
    assert "was chosen by the function simplest, which was given as refit" in str(entry.decision)
    for metric in scoring:
        results = made.cv_results_
        assert facts["mean_test"][metric] == results[f"mean_test_{metric}"][0]
        assert facts["candidates"]["rank"][metric] == results[f"rank_test_{metric}"].tolist()
        assert f"mean_test {metric}" in str(entry.reasoning)
        first = facts["ranked_first"][metric]["mean_test"][metric]
        assert first == max(results[f"mean_test_{metric}"])
    assert facts["candidates"]["chosen"] == 1


def test_counts_of_a_search_agree(log: AuditLog, entries: Entries) -> None:
    """Asked, distinct, fitted and failed: in the first entry, the comparison and the last."""
    from sklearn.model_selection import RandomizedSearchCV  # noqa: PLC0415 - as above

    space = {"C": [1.0, -1.0], "fit_intercept": [True, False]}
    search = RandomizedSearchCV(LogisticRegression(max_iter=500), space, n_iter=50, cv=2)
    with quiet():
        audited(search, log).fit(*iris())
    recorded = entries()
    algorithm: Any = one(recorded, EventType.ALGORITHM_SELECTED).metrics_snapshot
    assert (algorithm["candidates"], algorithm["asked"]) == (4, 50)
    (facts,) = compared(recorded)
    end: Any = the_end(recorded).metrics_snapshot
    counts = {"asked": 50, "candidates": 4, "distinct": 4, "splits": 2, "fits": 8}
    counts |= {"failed_fits": 4, "failed_candidates": 2}
    for each in (facts["candidates"], end):
        assert {name: each[name] for name in counts} == counts
    assert facts["candidates"]["failed"].count(2) == 2
    assert "8 fits, 4 of which left no finite score" in str(the_end(recorded).decision)


def test_searches_that_are_parts_of_an_ensemble(log: AuditLog, entries: Entries) -> None:
    """Each with its choice; the end is that of the ensemble."""
    grid = {"max_depth": [1, 2]}
    named = [(name, GridSearchCV(DecisionTreeClassifier(), grid, cv=2)) for name in ("a", "b")]
    audited(VotingClassifier(named), log).fit(*iris())
    assert [facts["candidates"]["candidates"] for facts in compared(entries())] == [2, 2]
    assert the_end(entries()).decision == "Training completed."
