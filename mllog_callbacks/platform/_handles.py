"""What a call returned that stands for work to come: how its end is seen."""

import threading
from asyncio import isfuture
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.pool import AsyncResult
from typing import Any, NamedTuple

from mllog_callbacks.recording import guarded

__all__ = ["Handle", "handle_of"]

Ended = Callable[[Any, BaseException | None, str | None], None]
"""Called with the result, the exception, and what saw the end where that is not the call."""


class Handle(NamedTuple):
    """Work to come.

    Attributes:
        name: What it is, as in "a thread (Thread-1)".
        follow: Has a function called at its end; None where nothing here sees that.
        kind: What it is, in one word or class name.
    """

    name: str
    follow: Callable[[Ended], None] | None
    kind: str


def handle_of(result: Any) -> Handle | None:
    """The handle that a result is; None where it is none."""
    kind = type(result).__name__
    if isinstance(result, Future) or isfuture(result):
        return Handle("a future", lambda ended: _follow_future(result, ended), kind)
    if isinstance(result, threading.Thread):
        name = f"a thread ({result.name})"
        return Handle(name, lambda ended: _follow_thread(result, ended), kind)
    if isinstance(result, AsyncResult):
        return Handle(f"a result to come ({kind})", lambda e: _follow_pool(result, e), kind)
    if isinstance(result, type) or hasattr(result, "dtype"):
        return None
    has = {each for each in _METHODS if callable(getattr(type(result), each, None))}
    if {"add_done_callback", "result"} <= has:
        return Handle(f"a future ({kind})", lambda ended: _follow_foreign(result, ended), kind)
    to_come = any(each <= has for each in _SIGNS)
    return Handle(f"a handle ({kind})", None, kind) if to_come else None


_SIGNS = (
    {"is_alive", "join"},
    {"ready", "get"},
    {"poll", "wait"},
    {"__await__"},
    {"done", "result"},
)
_METHODS = {"add_done_callback", "result", *(each for sign in _SIGNS for each in sign)}


def _follow_future(future: Any, ended: Ended) -> None:
    @guarded
    def settled(done: Any) -> None:
        from asyncio import CancelledError  # noqa: PLC0415 - known by now

        # Not by `exception()`: of asyncio's futures, that counts as if the platform had asked
        if done.cancelled():
            ended(None, CancelledError(), None)
        elif (error := done._exception) is not None:  # noqa: SLF001 - so in both modules
            ended(None, error, None)
        else:
            ended(done.result(), None, None)

    future.add_done_callback(settled)


def _follow_foreign(future: Any, ended: Ended) -> None:
    @guarded
    def settled(done: Any) -> None:
        error = done.exception() if callable(getattr(done, "exception", None)) else None
        if isinstance(error, BaseException):
            ended(None, error, None)
        else:
            ended(done.result(), None, None)

    future.add_done_callback(settled)


def _follow_thread(thread: Any, ended: Ended) -> None:
    """Have the thread say itself how it ended: these two are called in it, whatever it runs."""
    if not thread.is_alive() or not hasattr(thread, "_invoke_excepthook"):
        return
    seen: list[BaseException | None] = [None]
    recorded = thread._invoke_excepthook  # noqa: SLF001 - set for each thread by itself
    leave = thread._delete  # noqa: SLF001 - the last it calls

    def raised(*args: Any) -> None:
        import sys  # noqa: PLC0415

        seen[0] = sys.exc_info()[1]
        recorded(*args)

    def left() -> None:
        error, seen[0] = seen[0], None
        guarded(ended)(None, error, f"the thread {thread.name}")
        leave()

    thread._invoke_excepthook, thread._delete = raised, left  # noqa: SLF001 - as above


def _follow_pool(result: Any, ended: Ended) -> None:
    """By the callbacks of the result, before those that the caller gave."""
    once: list[bool] = []

    def settled(value: Any, error: BaseException | None) -> None:
        if not once:
            once.append(True)
            guarded(ended)(value, error, None)

    given, given_error = result._callback, result._error_callback  # noqa: SLF001

    def returned(value: Any) -> None:
        settled(value, None)
        if given is not None:
            given(value)

    def raised(error: BaseException) -> None:
        settled(None, error)
        if given_error is not None:
            given_error(error)

    result._callback, result._error_callback = returned, raised  # noqa: SLF001
    if result.ready():
        value = result._value  # noqa: SLF001 - `get` would raise it
        settled(*((value, None) if result.successful() else (None, value)))
