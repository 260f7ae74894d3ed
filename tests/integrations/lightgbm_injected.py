"""A pytest plugin that gives an audit callback to every LightGBM training, whoever begins it.

LightGBM's own tests, from a checkout of the installed version, must give the same results with
the plugin as without::

    export PYTHONPATH=<here>/tests/integrations MLLOG_DIR=/tmp/logs
    python -m pytest -p lightgbm_injected LightGBM/tests/python_package_test
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lightgbm
import pytest

from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

_PLACES = ("lightgbm", "lightgbm.engine", "lightgbm.sklearn", "lightgbm.dask")


@contextmanager
def injected(log: AuditLog | None = None) -> Iterator[None]:
    """Let every call of `lightgbm.train` and `lightgbm.cv` have one more callback."""
    replaced = []
    for name in ("train", "cv"):
        original: Callable[..., Any] = getattr(lightgbm, name)
        for place in (sys.modules[each] for each in _PLACES if each in sys.modules):
            if getattr(place, name, None) is original:
                setattr(place, name, _with_audit(original, log))
                replaced.append((place, name, original))
    try:
        yield
    finally:
        for place, name, original in replaced:
            setattr(place, name, original)


def _with_audit(original: Callable[..., Any], log: AuditLog | None) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, callbacks: Any = None, **kwargs: Any) -> Any:
        callbacks = [MLAuditCallback(log), *(callbacks or ())]
        return original(*args, callbacks=callbacks, **kwargs)

    return call


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Inject into each test."""
    with injected():
        yield
