"""Guards around our own code inside a training: nothing we do wrong may reach the training.

A guard catches `Exception` only, so that interrupts pass, and reports it once, through the
standard library's `logging` (``mllog_callbacks``). What a signal handler raised while our code ran
is not ours: it passes as well. In tests, within `raising`, a guard raises all again, so that it
hides no defect.
"""

import _thread
import functools
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from time import sleep
from typing import Final, ParamSpec, TypeVar

from mllog_callbacks.schema import interruption

__all__ = ["completing", "finaliser", "guarded", "raising", "report_failure", "unbroken"]

_AGAIN_S: Final = 0.01
_TRIES: Final = 5
_WAIT_S: Final = 2.0

_P = ParamSpec("_P")
_R = TypeVar("_R")

_logger = logging.getLogger("mllog_callbacks")
_reported: set[tuple[type[Exception], str]] = set()
_raising = False
_dying = threading.local()


def guarded(function: Callable[_P, _R]) -> Callable[_P, _R | None]:
    """Decorate a function so that it raises no `Exception` of its own; it returns None instead."""

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

    Python passes over whatever is raised there. A signal whose handler raises meanwhile is
    delivered again, a moment later, where it can be seen.
    """
    guard = guarded(function)

    @functools.wraps(function)
    def finalise(*args: _P.args, **kwargs: _P.kwargs) -> _R | None:
        outer, _dying.now = _is_dying(), True
        over = threading.Lock()
        over.acquire()
        try:
            return guard(*args, **kwargs)
        except BaseException as error:
            number = interruption(error)
            if number is None:
                raise
            _thread.start_new_thread(_deliver, (number, over))
            return None
        finally:
            _dying.now = outer
            over.release()

    return finalise


def _deliver(number: int, over: threading.Lock) -> None:
    """Have the main thread handle a signal, once it has left what Python lets nothing leave."""
    over.acquire()
    sleep(_AGAIN_S)
    _thread.interrupt_main(number)  # type: ignore[arg-type]  # real-time signals have no name


def completing(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a function that must come to its end, whatever signal handlers raise meanwhile.

    It is called again then, so it must pass over what it has done; at last that is raised.
    """

    @functools.wraps(function)
    def complete(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        first: BaseException | None = None
        for _ in range(_TRIES):
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                if interruption(error) is None:
                    raise
                first = first or error
            else:
                if first is None:
                    return result
                break
        assert first is not None  # noqa: S101 - each try returns, raises or was interrupted
        raise first

    return complete


def unbroken(function: Callable[_P, None]) -> Callable[_P, None]:
    """Decorate a short function that no signal handler may break off, such as to record an end.

    Python runs handlers in the main thread alone, wherever it is. The function runs in another
    thread, for which the main thread waits; what a handler raises there meanwhile is raised when
    the function is done. It is called at once in any thread but the main one, and where something
    dies: the main thread may hold a lock then.
    """

    @functools.wraps(function)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        if threading.get_ident() != threading.main_thread().ident or _is_dying():
            function(*args, **kwargs)
        else:
            _Elsewhere(functools.partial(function, *args, **kwargs)).finish()

    return run


def _is_dying() -> bool:
    return bool(getattr(_dying, "now", False))


class _Elsewhere:
    """Work that runs once, in a thread of its own."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work, self._context = work, copy_context()
        self._claim, self._done = threading.Lock(), threading.Lock()
        self._done.acquire()
        self._error: BaseException | None = None

    def finish(self) -> None:
        """Have it run, and wait for it; the first exception of a handler is raised afterwards."""
        first: BaseException | None = None
        started = False
        while True:
            try:
                if not started:
                    self._start()
                    started = True
                self._done.acquire(timeout=_WAIT_S)
                break
            except BaseException as error:  # noqa: BLE001 - a handler's: raised below
                first = first or error
        raised = first or self._error
        if raised is not None:
            raise raised

    def _start(self) -> None:
        try:
            # by one call in C: `Thread.start` cannot be broken off without harm
            _thread.start_new_thread(self._run, ())
        except RuntimeError:  # no more threads, or the interpreter shuts down
            self._run()

    def _run(self) -> None:
        if not self._claim.acquire(blocking=False):
            return  # a handler raised when the thread had just started: there is a second one
        try:
            self._context.run(self._work)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error
        finally:
            self._done.release()


def report_failure(error: Exception, where: str) -> None:
    """Report a failure of the logging itself: the same one once in a process.

    Args:
        error: What was raised.
        where: The part of the logging that failed.

    Raises:
        Exception: A signal handler raised it, while our code ran: it is not ours to keep.
    """
    if _raising or interruption(error) is not None:
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
