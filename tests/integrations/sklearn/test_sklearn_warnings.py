"""Warnings of a fit are issues with their text; workers are said not to be heard."""

import traceback
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LassoCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, EventType
from mllog_sklearn import audited
from recorded import Entries, of, the_end
from sklearn_training import iris, issues, quiet

EMPTY = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]])


class Complaining(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A user's transformer that warns, of each row."""

    def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
        """Warn."""
        for row in range(len(X)):
            warnings.warn(f"row {row} is odd", RuntimeWarning, stacklevel=2)
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803 - the protocol's
        """Return what is given."""
        return X


def found(recorded: list[Any]) -> list[Any]:
    """The facts of all issues."""
    return [each.metrics_snapshot for each in of(recorded, EventType.ISSUE_DETECTED)]


@pytest.mark.parametrize("hidden", [False, True])
def test_an_imputer_that_drops_a_column_is_an_issue_each_time(
    log: AuditLog, entries: Entries, hidden: bool
) -> None:
    """With its text, in each fit, also where a filter of the user's hides it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if hidden else "default")
        for _ in range(2):
            audited(SimpleImputer(), log).fit_transform(EMPTY)
    facts = found(entries())
    assert [(each["code"], each["warning"]) for each in facts] == [("MLA114", "UserWarning")] * 2
    assert "Skipping features without any observed values: [1]" in facts[0]["message"]


def test_warnings_of_numpy_and_of_a_users_transformer_are_issues(
    log: AuditLog, entries: Entries
) -> None:
    """Once each, with a count."""
    model = make_pipeline(FunctionTransformer(np.log), Complaining(), SimpleImputer())
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        audited(model, log).fit([[1.0, -1.0], [1.0, 1.0]])
    facts = {each["message"]: each for each in found(entries())}
    assert facts["invalid value encountered in log"]["warning"] == "RuntimeWarning"
    assert facts["row 0 is odd"]["times"] == 2
    assert {each["code"] for each in facts.values()} == {"MLA114"}


def test_what_a_library_hides_itself_is_no_issue(log: AuditLog, entries: Entries) -> None:
    """It decided that the warning is none of its users'."""

    class Confidential(Complaining):
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: N803 - the protocol's
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return super().fit(X, y)

    audited(Confidential(), log).fit([[1.0], [2.0]])
    assert found(entries()) == []


def test_a_warning_made_an_error_has_the_traceback_without(log: AuditLog) -> None:
    """No line of ours."""

    def lines(estimator: Any) -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(RuntimeWarning) as caught:
                estimator.fit([[1.0]])
        return [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)][1:]

    assert lines(audited(Complaining(), log)) == lines(Complaining())


def test_convergence_warnings_of_something_else_are_what_they_are(
    log: AuditLog, entries: Entries
) -> None:
    """A bound of a kernel, duplicate points; and a solver that was cut off is one all the same."""
    features = np.linspace(0, 5, 20)[:, None]
    process = GaussianProcessRegressor(RBF(1.0) + WhiteKernel(1e-2), random_state=0)
    with quiet():
        audited(process, log).fit(features, np.sin(features).ravel())
        audited(KMeans(3, n_init=1, random_state=0), log).fit(np.ones((5, 2)))
        audited(SVC(max_iter=1), log).fit(*iris())
    recorded = [each for each in found(entries()) if "warning" in each]
    bound, duplicates, cut_off = recorded
    assert (bound["code"], duplicates["code"], cut_off["code"]) == ("MLA114", "MLA114", "MLA111")
    assert {each["warning"] for each in (bound, duplicates, cut_off)} == {"ConvergenceWarning"}
    assert "close to the specified lower bound" in bound["message"]
    assert "Number of distinct clusters" in duplicates["message"]


def test_workers_are_said_not_to_be_heard(log: AuditLog, entries: Entries) -> None:
    """What was not recorded is named, with why."""
    features = np.random.default_rng(0).normal(size=(40, 30))
    with quiet():
        audited(LassoCV(max_iter=2, cv=2, n_jobs=2), log).fit(features, features[:, 0])
        audited(LassoCV(max_iter=2, cv=2), log).fit(features, features[:, 0])
    workers, alone = of(entries(), EventType.TRAINING_COMPLETED)
    why = "warnings made in workers are not recorded (n_jobs allows 2)"
    checks: Any = (workers.metrics_snapshot or {})["checks"]
    assert checks["not_run"]["MLA111"] == why
    assert str(workers.reasoning).endswith(f"{why.capitalize()}.")
    checks = (alone.metrics_snapshot or {})["checks"]
    assert "MLA111" not in checks["not_run"]


def test_errors_show_the_innermost_cause_and_where(log: AuditLog, entries: Entries) -> None:
    """Type and first line; the step and the candidate; "…" where there is more."""

    class Failing(DecisionTreeClassifier):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Any, y: Any) -> Any:  # noqa: ARG002, N803 - the protocol's
            try:
                raise KeyError("age\nand more")  # noqa: EM101, TRY003, TRY301 - as users write
            except KeyError as error:
                raise ValueError("cannot prepare") from error  # noqa: EM101, TRY003 - likewise

    model = make_pipeline(SimpleImputer(), Failing())
    grid = {"failing__max_depth": [2, 3]}
    for error_score in ("raise", np.nan):
        search = GridSearchCV(model, grid, cv=2, error_score=error_score)
        with quiet(), pytest.raises(ValueError, match=r"prepare|All the 4 fits failed"):
            audited(search, log).fit(*iris())
    first, second = of(entries(), EventType.TRAINING_FAILED)
    assert first.decision == (
        "Training failed in fit, in step failing (Failing), for the candidate "
        "failing__max_depth=2 with KeyError: 'age\\nand more'. No fitted model was returned."
    )
    error: Any = (first.metrics_snapshot or {})["error"]
    assert (error["type"], error["cause"]["type"]) == ("ValueError", "KeyError")
    assert (first.metrics_snapshot or {})["params"] == {"failing__max_depth": 2}
    assert "with KeyError: 'age\\nand more'. No" in str(second.decision)


def test_failed_fits_of_a_search_show_type_and_first_line(log: AuditLog, entries: Entries) -> None:
    """And not the last line of a long message."""
    features = iris()[0].copy()
    features[::10, 0] = np.nan
    model = make_pipeline(SimpleImputer(), SVC())
    search = GridSearchCV(model, {"simpleimputer": [SimpleImputer(), "passthrough"]}, cv=2)
    with quiet():
        audited(search, log).fit(features, iris()[1])
    recorded = entries()
    assert "ValueError: Input X contains NaN. …" in str(issues(recorded)["failed_fits"].reasoning)
    assert "framework_warning" not in issues(recorded)  # that scores are not finite has this cause
    assert the_end(recorded).event is EventType.TRAINING_COMPLETED
