"""scikit-learn's estimator checks: each that passes bare passes audited.

A representative part by default; all of them, which takes some forty minutes of one core, with
``MLLOG_TEST_ESTIMATORS=all``, or in shards with ``tests/support/sklearn_checks.py``.
"""

import os

import pytest
from sklearn.utils import all_estimators

from mllog_callbacks import AuditLog
from sklearn_checks import IMPOSSIBLE, compare, instances

# A classifier that iterates, a regressor with a state of its own, a transformer with partial_fit,
# a clusterer with fit_predict, methods that are available on a condition, and a pipeline.
PART = ["BernoulliNB", "IsotonicRegression", "MaxAbsScaler", "DBSCAN", "SGDOneClassSVM"]
ALL = os.environ.get("MLLOG_TEST_ESTIMATORS") == "all"
NAMES = [name for name, _ in all_estimators()] if ALL else [*PART, "Pipeline"]


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")  # the checks provoke them
def test_checks_that_pass_bare_pass_audited(log: AuditLog, name: str) -> None:
    """And an audited estimator is given the same checks."""
    ran = 0
    for estimator in instances({name}):
        found = compare(estimator, log)
        assert found.differences == []
        ran += found.passed_bare
    assert ran > 0 or ALL


def test_each_exception_has_its_reason() -> None:
    """What is impossible is said why; there is none so far."""
    assert all(IMPOSSIBLE.values())
    assert {name for name, _ in IMPOSSIBLE} <= {name for name, _ in all_estimators()}
