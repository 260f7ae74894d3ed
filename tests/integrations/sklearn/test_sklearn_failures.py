"""Whatever ends a fit, the caller meets it as without, and the trail says why."""

import re
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Lasso, LassoCV, LogisticRegression
from sklearn.metrics import make_scorer, precision_score
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from mllog_callbacks import AuditLog, EventType
from mllog_callbacks.detectors import DetectorSet
from mllog_sklearn import audited
from recorded import Entries, of, the_end
from sklearn_training import iris, issues, pipeline, quiet


class Faulty(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Raises an error of a kind when it is fitted, or warns."""

    def __init__(self, error: Any = None, level: int = 1) -> None:
        self.error = error
        self.level = level

    def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
        """Raise, or warn."""
        if self.error is not None:
            raise self.error
        warnings.warn("it did not converge", ConvergenceWarning, stacklevel=self.level)
        return self


def test_an_error_passes_and_is_recorded_once(log: AuditLog, entries: Entries) -> None:
    """Type, message and place stand in the one end; the caller gets the same error."""
    error = ValueError("a column is missing")
    with pytest.raises(ValueError, match="a column is missing") as caught:
        audited(Faulty(error), log).fit(iris()[0])
    assert caught.value is error
    end = the_end(entries())
    assert end.event is EventType.TRAINING_FAILED
    assert end.decision == (
        "Training failed in fit with ValueError: a column is missing. No fitted model was returned."
    )
    assert "(in fit, test_sklearn_failures.py line " in str(end.reasoning)


def test_parts_without_a_proper_name_fail_as_without(log: AuditLog, entries: Entries) -> None:
    """By scikit-learn's own error, which is recorded."""
    model = VotingClassifier([(213, LogisticRegression())])
    with pytest.raises((TypeError, ValueError)) as without:  # by its version
        model.fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(without.type, match=re.escape(str(without.value))):
        audited(model, log).fit([[0.0], [1.0]], [0, 1])
    assert the_end(entries()).event is EventType.TRAINING_FAILED


@pytest.mark.production_guards
def test_a_fit_whose_parameters_cannot_be_read_has_its_end(log: AuditLog, entries: Entries) -> None:
    """What is lost is recorded once by `logging`; the life cycle is whole."""

    class Silent(LogisticRegression):  # type: ignore[misc]  # has no types
        def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT002 - as in scikit-learn
            if deep:
                raise RuntimeError
            return dict(super().get_params(deep=False))

    audited(Silent(), log).fit([[0.0], [1.0]], [0, 1])
    assert the_end(entries()).event is EventType.TRAINING_COMPLETED


def test_the_step_of_a_pipeline_that_failed_is_named(log: AuditLog, entries: Entries) -> None:
    """As the traceback shows it."""
    with pytest.raises(ValueError, match="The 'C' parameter"):
        audited(pipeline(C=-1.0), log).fit(*iris())
    assert "Training failed in fit, in step classify (LogisticRegression) with " in str(
        the_end(entries()).decision
    )


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_stop_by_hand_is_no_failure(
    log: AuditLog, entries: Entries, kind: type[BaseException]
) -> None:
    """An interrupt is recorded as the request to stop that it is."""
    with pytest.raises(kind):
        audited(Faulty(kind()), log).fit(iris()[0])
    assert the_end(entries()).event is EventType.TRAINING_STOPPED


def test_the_traceback_is_the_one_without(log: AuditLog) -> None:
    """No line of ours stands in it."""

    def lines(estimator: Any) -> list[tuple[str, int | None]]:
        try:
            estimator.fit(iris()[0], [1.0])
        except ValueError as error:
            return [
                (frame.name, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
            ]
        raise AssertionError

    assert lines(audited(pipeline(), log)) == lines(pipeline())
    assert lines(audited(SVC(), log)) == lines(SVC())


@pytest.mark.parametrize("arguments", [(), ([[1.0]], [1], 2, 3, 4)])
def test_a_wrong_call_raises_as_without(
    log: AuditLog, entries: Entries, arguments: tuple[Any, ...]
) -> None:
    """The message names the method as it does without, and no place is named that is ours."""
    messages = []
    for estimator in (SVC(), audited(SVC(), log)):
        with pytest.raises(TypeError) as caught:
            estimator.fit(*arguments)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "mllog" not in str(the_end(entries()).reasoning)


def test_an_estimator_that_is_not_fitted_says_so(log: AuditLog) -> None:
    """As without."""
    with pytest.raises(NotFittedError, match="This LogisticRegression instance is not fitted"):
        audited(LogisticRegression(), log).predict(iris()[0])


def test_a_warning_reaches_the_user_and_is_an_issue(log: AuditLog, entries: Entries) -> None:
    """With the iterations that were used up as evidence."""
    with pytest.warns(ConvergenceWarning):
        audited(pipeline(max_iter=2), log).fit(*iris())
    issue = issues(entries())["not_converged"]
    assert "n_iter_=2 reached max_iter=2 in step classify (LogisticRegression)" in str(
        issue.reasoning
    )


def test_warnings_that_differ_in_numbers_are_one_issue(log: AuditLog, entries: Entries) -> None:
    """As of each fold and each candidate of a cross-validated path."""
    with pytest.warns(ConvergenceWarning) as caught:
        audited(LassoCV(alphas=[0.001, 0.01, 0.1, 1.0], max_iter=3), log).fit(*iris())
    messages = [str(each.message) for each in caught]
    forms = {re.sub(r"[\d.e+-]+", "", each) for each in messages}
    assert len(set(messages)) > 3 >= len(forms)
    found: list[Any] = [each.metrics_snapshot for each in of(entries(), EventType.ISSUE_DETECTED)]
    assert len(found) == len(forms)
    assert sum(each["times"] for each in found) == len(messages)
    assert messages[0][:60] in str(issues(entries())["not_converged"].reasoning)


def test_a_solver_that_gave_up_is_not_said_to_have_met_its_criterion(
    log: AuditLog, entries: Entries
) -> None:
    """It may stop below max_iter by another limit, with a warning."""
    with pytest.warns(ConvergenceWarning):
        audited(MLPClassifier(solver="lbfgs", max_fun=5, random_state=0), log).fit(*iris())
    reasoning = str(the_end(entries()).reasoning)
    assert "below max_iter=200; a ConvergenceWarning was made." in reasoning
    issue = str(issues(entries())["not_converged"].reasoning)
    assert issue == issue.rstrip()


def test_a_hidden_warning_is_an_issue_all_the_same(log: AuditLog, entries: Entries) -> None:
    """A filter hides it from the user, and not from the trail."""
    model = audited(Lasso(alpha=1e-9, max_iter=1), log)
    with quiet():
        model.fit(*iris())
    assert "not_converged" in issues(entries())


@pytest.mark.parametrize("level", [1, 2, 3])
def test_warnings_point_where_they_point_without(log: AuditLog, level: int) -> None:
    """File, line and category are the same, at each stack level."""

    def place(estimator: Any) -> list[tuple[Any, str, int]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(None)
        return [(each.category, each.filename, each.lineno) for each in caught]

    assert place(audited(Faulty(level=level), log)) == place(Faulty(level=level))


def test_filters_and_hooks_of_warnings_are_left_alone(log: AuditLog) -> None:
    """While a fit is under way and after."""
    seen: list[Any] = []

    class Looking(Faulty):
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
            seen.append((warnings.showwarning, list(warnings.filters), warnings.warn))
            return self

    before = warnings.showwarning, list(warnings.filters), warnings.warn
    audited(Looking(), log).fit(None)
    assert [*seen, (warnings.showwarning, list(warnings.filters), warnings.warn)] == [before] * 2


def test_a_warning_is_shown_once_a_place_as_without(log: AuditLog) -> None:
    """The registries of the places that warn are the ones they are without."""

    def shown(estimator: Any) -> int:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for _ in range(3):
                estimator.fit(None)
        return len(caught)

    assert shown(audited(Faulty(level=2), log)) == shown(Faulty(level=2)) == 1


def test_a_warning_made_an_error_is_the_failure(log: AuditLog, entries: Entries) -> None:
    """As with `-W error`; it is not recorded twice."""
    model = audited(LogisticRegression(max_iter=1), log)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(*iris())
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_FAILED
    assert issues(recorded) == {}


def test_issues_can_be_ignored_and_call_back(log: AuditLog, entries: Entries) -> None:
    """By name or code, as those of the detectors."""
    called: list[str] = []
    for detectors in (None, DetectorSet(ignore=["not_converged"])):
        model = audited(
            LogisticRegression(max_iter=1),
            log,
            detectors=detectors,
            on_issue=lambda issue: called.append(issue.code),
        )
        with quiet():
            model.fit(*iris())
    assert called == ["MLA111"]
    assert len(of(entries(), EventType.ISSUE_DETECTED)) == 1


def test_an_undefined_metric_is_an_issue_of_a_search(log: AuditLog, entries: Entries) -> None:
    """Recorded once, with how often it was warned of."""
    labels = (iris()[1] == 0).astype(int)
    scoring = make_scorer(precision_score)
    search = GridSearchCV(SVC(kernel="rbf", C=1e-6), {"gamma": [1e-6, 2e-6]}, scoring=scoring, cv=3)
    with quiet():
        audited(search, log).fit(np.ones((150, 2)), labels)
    assert "undefined_metric" in issues(entries())


def test_imbalance_and_constants_are_issues_of_the_data(log: AuditLog, entries: Entries) -> None:
    """With what was given against it, and nothing concluded from that."""
    features = np.random.default_rng(0).random((220, 3))
    features[:, 1] = 7.0
    labels = np.repeat([0, 1], [218, 2])
    audited(LogisticRegression(class_weight="balanced"), log).fit(features, labels)
    found = issues(entries())
    assert "2 of 220 rows are of 1" in str(found["class_imbalance"].decision)
    given = "Given to the fit: class_weight=balanced."
    assert str(found["class_imbalance"].reasoning).endswith(given)
    assert (found["class_imbalance"].metrics_snapshot or {})["severity"] == "warning"
    assert "1 feature has one value only: 1." in str(found["constant_features"].decision)


@pytest.mark.production_guards
def test_a_log_that_cannot_be_opened_warns_once_and_the_fit_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The user learns of it by `logging`, and gets the model."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "file" / "logs"))
    for _ in range(2):
        assert audited(SVC()).fit(*iris()).score(*iris()) > 0.9
    found = [record for record in caplog.records if record.name == "mllog_callbacks"]
    assert len(found) == 1
    assert "cannot write logs in" in found[0].getMessage()
