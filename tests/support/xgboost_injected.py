"""A pytest plugin that gives an audit callback to every XGBoost training, whoever begins it.

XGBoost's own tests, from a checkout of the installed version, must give the same results with
the plugin as without::

    export PYTHONPATH=<here>/tests/support MLLOG_DIR=/tmp/logs
    python -m pytest -p xgboost_injected xgboost/tests/python
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
import xgboost

import injecting
from mllog_callbacks import AuditLog
from mllog_xgboost import MLAuditCallback


def injected(log: AuditLog | None = None) -> AbstractContextManager[None]:
    """Let every call of `xgboost.train` and `xgboost.cv` have one more callback."""
    return injecting.injected(xgboost, ("train", "cv"), lambda: MLAuditCallback(log))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Inject into each test."""
    with injected():
        yield
