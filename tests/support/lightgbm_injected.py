"""A pytest plugin that gives an audit callback to every LightGBM training, whoever begins it.

LightGBM's own tests, from a checkout of the installed version, must give the same results with
the plugin as without::

    export PYTHONPATH=<here>/tests/support MLLOG_DIR=/tmp/logs
    python -m pytest -p lightgbm_injected LightGBM/tests/python_package_test
"""

from collections.abc import Iterator
from contextlib import contextmanager

import lightgbm
import lightgbm.dask
import pytest

import injecting
from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback


@contextmanager
def injected(log: AuditLog | None = None) -> Iterator[None]:
    """Let every call of `lightgbm.train` and `lightgbm.cv` have one more callback.

    Those that train on Dask's workers get it too: their calls are in other processes.
    """

    def made() -> MLAuditCallback:
        return MLAuditCallback(log)

    with (
        injecting.injected(lightgbm, ("train", "cv"), made),
        injecting.injected(lightgbm.dask, ("_train",), made),
    ):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Inject into each test."""
    with injected():
        yield
