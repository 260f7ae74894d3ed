"""What signal handlers raise while our code runs leaves it, when what had to be is recorded."""

import functools
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from mllog_callbacks import (
    AuditLog,
    EventType,
    Reason,
    Run,
    completing,
    finaliser,
    guarded,
    unbroken,
)
from mllog_callbacks.schema import interruption, shown
from recorded import Entries, of

pytestmark = pytest.mark.production_guards


class Limit(Exception):  # noqa: N818 - as a user names it
    """A time limit."""


def plain(_number: int, _frame: FrameType | None) -> None:
    """Raise, as a function."""
    raise Limit


def deep(*_given: Any) -> None:
    """Raise from a function that the handler calls."""
    plain_inner()


def plain_inner() -> None:
    """Raise."""
    raise Limit


class Handler:
    """Raises, as an object."""

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Raise."""
        raise Limit

    def method(self, _number: int, _frame: FrameType | None) -> None:
        """Raise, as a method."""
        raise Limit


HANDLERS: list[Callable[[int, FrameType | None], None]] = [
    plain,
    deep,
    Handler(),
    Handler().method,
    functools.partial(deep, "more"),
    lambda *_: plain_inner(),
]


@pytest.fixture(params=HANDLERS, ids=["plain", "deep", "object", "method", "partial", "lambda"])
def handler(request: pytest.FixtureRequest) -> Iterator[None]:
    """A handler of SIGALRM that raises."""
    before = signal.signal(signal.SIGALRM, request.param)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def alarm() -> None:
    """Have the handler called within this function."""
    os.kill(os.getpid(), signal.SIGALRM)
    time.sleep(1)


@pytest.mark.usefixtures("handler")
def test_a_guard_passes_on_what_a_handler_raises() -> None:
    """Of whatever shape the handler is; and so does whoever reads a caller's object."""

    class Reads:
        def __str__(self) -> str:
            alarm()
            return ""

    for ours in (guarded(alarm), lambda: shown(Reads())):
        with pytest.raises(Limit) as raised:
            ours()
        assert interruption(raised.value) == signal.SIGALRM


def test_a_guard_keeps_what_our_own_code_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Also of the class that a handler would raise, and where a number and a frame are given."""

    @guarded
    def fails(_number: int, _frame: object) -> None:
        raise Limit

    with caplog.at_level(logging.WARNING, "mllog_callbacks"):
        fails(14, None)
    assert "Limit" in caplog.text


@pytest.mark.usefixtures("handler")
def test_what_is_completed_is_done_before_a_handlers_exception_leaves() -> None:
    """It is called again, and the exception is raised once."""
    done: list[str] = []

    @completing
    def record() -> None:
        if not done:
            done.append("interrupted")
            alarm()
        done.append("done")

    with pytest.raises(Limit):
        record()
    assert done == ["interrupted", "done"]


@pytest.mark.usefixtures("handler")
def test_what_is_unbroken_is_done_once() -> None:
    """In another thread, with the context of this one."""
    done: list[int] = []

    @unbroken
    def record() -> None:
        time.sleep(0.05)
        done.append(threading.get_ident())

    signal.setitimer(signal.ITIMER_REAL, 0.01)
    with pytest.raises(Limit):
        record()
    (thread,) = done
    assert thread != threading.get_ident()


def test_a_signal_that_strikes_a_finaliser_comes_again() -> None:
    """Python would pass over it."""
    struck: list[int] = []

    def again(_number: int, _frame: FrameType | None) -> None:
        struck.append(1)
        raise Limit

    before = signal.signal(signal.SIGALRM, again)
    try:
        finaliser(alarm)()
        with pytest.raises(Limit):
            time.sleep(1)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(struck) == 2


def test_no_limit_is_lost_and_each_run_ends_once(log: AuditLog, entries: Entries) -> None:
    """Timers at moments spread over the work: a handler's exception leaves, the end is recorded."""
    times = int(os.environ.get("MLLOG_TEST_LIMITS", "50"))
    before = signal.signal(signal.SIGALRM, plain)
    fired = 0
    gc.disable()  # Python passes over what is raised within a callback of the collector
    try:
        for n in range(times):
            run = Run(log.bind(model=str(n)))
            run.emit(EventType.TRAINING_STARTED, Reason("", ""))
            signal.setitimer(signal.ITIMER_REAL, 0.00002 * (n % 50 + 1))
            try:
                guarded(completing(run.end))(EventType.TRAINING_COMPLETED, Reason("", ""))
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Limit:
                fired += 1
            if not run.ended:  # the limit struck before the run was asked to end
                run.end(EventType.TRAINING_COMPLETED, Reason("", ""))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    ends = [each.model for each in of(entries(), EventType.TRAINING_COMPLETED)]
    assert ends == [str(n) for n in range(times)]
    assert fired
