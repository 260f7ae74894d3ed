"""A pytest plugin that gives an audit callback to every Lightning trainer, whoever makes it.

Lightning's own tests, from a checkout of the installed version, must give the same results with
the plugin as with an empty callback in its place::

    export PYTHONPATH=<here>/tests/support MLLOG_DIR=/tmp/logs
    python -m pytest -p lightning_injected pytorch-lightning/tests/tests_pytorch
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lightning.pytorch
import pytest

from mllog_lightning import MLAuditCallback


@contextmanager
def injected(
    make: Callable[[], Any] = MLAuditCallback, *, pl: Any = lightning.pytorch
) -> Iterator[None]:
    """Let every trainer of a distribution have one more callback, after those it is given.

    Args:
        make: Makes the callback, one for each trainer.
        pl: The distribution.
    """
    original = pl.Trainer.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, callbacks: Any = None, **kwargs: Any) -> None:
        given = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
        given = [each for each in given if each is not None]
        original(self, *args, callbacks=[*given, make()], **kwargs)

    pl.Trainer.__init__ = init
    try:
        yield
    finally:
        pl.Trainer.__init__ = original


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Inject into each test."""
    with injected():
        yield
