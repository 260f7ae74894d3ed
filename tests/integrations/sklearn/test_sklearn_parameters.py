"""Who set which hyperparameter: the caller, a search, or the defaults of classes."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV

from mllog_callbacks import AuditLog, EventType, read_entries
from mllog_sklearn import audited
from recorded import Entries, of, one, the_end
from sklearn_training import iris, pipeline

SET = EventType.HYPERPARAMETERS_SET


def test_who_set_which_hyperparameter(log: AuditLog, entries: Entries) -> None:
    """The caller's against the defaults of the classes, also of a pipeline's steps."""
    audited(pipeline(C=3.0), log).fit(*iris())
    entry = one(entries(), EventType.HYPERPARAMETERS_SET)
    snapshot: Any = entry.metrics_snapshot
    assert snapshot["parameters"]["given"]["classify__C"] == 3.0
    assert "classify__C" not in snapshot["parameters"]["defaults"]
    assert snapshot["parameters"]["defaults"]["scale__with_mean"] is True
    given, every = len(snapshot["parameters"]["given"]), len(snapshot["parameters"]["defaults"])
    assert f"{given} of {given + every} hyperparameters were set by the caller" in str(
        entry.decision
    )
    assert re.search(
        rf"The other {every} have the defaults of scikit-learn \d", str(entry.reasoning)
    )


def test_a_part_of_another_fit_was_not_chosen_by_the_caller(tmp_path: Path) -> None:
    """Nor were its hyperparameters set by the caller alone: a search sets them."""
    with AuditLog(tmp_path, level="DEBUG") as log:
        search = GridSearchCV(audited(Ridge(), log), {"alpha": [2.0]}, cv=2)
        audited(search, log).fit(*iris())
        log.flush(10)
        recorded = [entry for entry in read_entries(log.path) if entry.model == "Ridge"]
    chosen = of(recorded, EventType.ALGORITHM_SELECTED)[0]
    assert str(chosen.reasoning).startswith("It is a part of another audited fit: fit was called")
    assert "was set by the fit it is a part of, or by its caller: alpha=2.0" in str(
        of(recorded, EventType.HYPERPARAMETERS_SET)[0].decision
    )


class Odd:
    """Looks like an estimator, and cannot say what its parameters are."""

    def get_params(self, deep: bool = True) -> Any:  # noqa: ARG002, FBT002 - the protocol's
        """Return nothing that could be looked up."""
        return object()

    def __call__(self, model: Any, X: Any, y: Any) -> float:  # noqa: N803 - the protocol's
        """Score as a scorer does."""
        return float(model.score(X, y))


def test_a_part_that_cannot_record_its_parameters_costs_no_entry(
    log: AuditLog, entries: Entries
) -> None:
    """Those of the estimator itself are recorded."""
    model = HistGradientBoostingClassifier(max_iter=2, scoring=Odd(), early_stopping=True)
    audited(model, log).fit(*iris())
    snapshot: Any = one(entries(), EventType.HYPERPARAMETERS_SET).metrics_snapshot
    assert snapshot["parameters"]["given"]["max_iter"] == 2
    assert the_end(entries()).event is EventType.TRAINING_COMPLETED


def test_classes_and_plain_lists_are_recorded_as_they_are(log: AuditLog, entries: Entries) -> None:
    """A class by its name, numbers of two kinds as numbers."""
    audited(RidgeCV(alphas=[0.1, 1, 10]), log).fit(*iris())
    audited(CountVectorizer(), log).fit(["a word", "two words"])
    recorded: list[Any] = [each.metrics_snapshot for each in of(entries(), SET)]
    ridge, counts = recorded
    assert ridge["parameters"]["given"] == {"alphas": [0.1, 1, 10]}
    assert counts["parameters"]["defaults"]["dtype"] == "the class int64"


def test_numbers_of_numpy_are_numbers(log: AuditLog, entries: Entries) -> None:
    """Equal to a default they are no choice of the caller's."""
    audited(Ridge(alpha=np.float64(0.5), tol=np.float64(1e-4)), log).fit(*iris())
    snapshot: Any = one(entries(), EventType.HYPERPARAMETERS_SET).metrics_snapshot
    assert snapshot["parameters"]["given"] == {"alpha": 0.5}
    assert snapshot["parameters"]["defaults"]["tol"] == 1e-4
