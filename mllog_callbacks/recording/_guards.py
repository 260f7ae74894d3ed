"""Guards around our own code inside a training: nothing we do wrong may reach the training.

A guard catches `Exception` only, so that interrupts pass, and tells the user once, through the
standard library's `logging` (``mllog_callbacks``). In tests, within `raising`, it raises again,
so that no guard hides a defect.
"""

import _thread
import functools
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

__all__ = ["finaliser", "guarded", "raising", "report_failure"]

_AGAIN_S = 0.01

_P = ParamSpec("_P")
_R = TypeVar("_R")

_logger = logging.getLogger("mllog_callbacks")
_reported: set[tuple[type[Exception], str]] = set()
_raising = False


def guarded(function: Callable[_P, _R]) -> Callable[_P, _R | None]:
    """Decorate a function so that it never raises an `Exception`; it returns None instead."""

    @functools.wraps(function)
    def guard(*args: _P.args, **kwargs: _P.kwargs) -> _R | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - what a guard is for
            report_failure(error, function.__qualname__)
            return None

    return guard


def finaliser(function: Callable[_P, _R]) -> Callable[_P, _R | None]:
    """Decorate a function that is called when something dies, as `guarded` and more.

    Python passes over whatever is raised there. An interrupt from the keyboard that arrives
    meanwhile is delivered again, a moment later, where it can be seen.
    """
    guard = guarded(function)

    @functools.wraps(function)
    def finalise(*args: _P.args, **kwargs: _P.kwargs) -> _R | None:
        try:
            return guard(*args, **kwargs)
        except KeyboardInterrupt:
            threading.Timer(_AGAIN_S, _thread.interrupt_main).start()
            return None

    return finalise


def report_failure(error: Exception, where: str) -> None:
    """Tell of a failure of the logging itself: the same one once in a process.

    Args:
        error: What was raised.
        where: The part of the logging that failed.
    """
    if _raising:
        raise error
    key = (type(error), str(error))
    if key not in _reported:
        _reported.add(key)
        # As text: a handler that keeps the record must not keep the traceback's frames alive
        _logger.warning(
            "The audit trail is incomplete, and the training goes on: %s: %s (in %s)",
            type(error).__name__,
            str(error),
            where,
        )
        if _logger.isEnabledFor(logging.DEBUG):
            _logger.debug("%s", "".join(traceback.format_exception(error)))


@contextmanager
def raising() -> Iterator[None]:
    """Let guards raise what they catch: for tests."""
    global _raising  # noqa: PLW0603 - the switch is the process's
    before, _raising = _raising, True
    try:
        yield
    finally:
        _raising = before
