"""Who cancelled a task of asyncio: read from the task and its waiters, and never guessed."""

import asyncio
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final, NamedTuple

from mllog_callbacks.schema import number, said

__all__ = ["Cancelled", "canceller"]

_DEEP: Final = 20  # frames and awaited coroutines that are looked at


class Cancelled(NamedTuple):
    """A cancellation.

    Attributes:
        by: What it was: the end of a time limit, a request, or not known.
        words: Who did it, as in "asyncio.wait_for, after 0.05 s".
    """

    by: str | None
    words: str


def canceller(error: BaseException) -> Cancelled:
    """What cancelled the call that is under way here.

    Args:
        error: The `CancelledError`, while it is handled.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop runs here: a future was cancelled
        task = None
    words = f"with the words {error.args[0]!r}" if error.args and error.args[0] else ""
    if task is None:
        return Cancelled("request", f"the future was cancelled {words}".strip())
    if _ends_with_loop():
        return Cancelled("request", "asyncio.run ended and cancelled the task")
    limit = _time_limit(task)
    if limit is not None:
        return Cancelled("limit", f"asyncio.wait_for: its timeout of {number(limit)} s was over")
    group = _failed_group(task)
    if group is not None:
        return Cancelled("error", f"a task of the same TaskGroup failed: {said(group)}")
    return Cancelled("request", f"the task {task.get_name()} was cancelled {words}".strip())


def _ends_with_loop() -> bool:
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - who called, as `inspect` reads it
    while frame is not None:
        if frame.f_code.co_name == "_cancel_all_tasks":
            return True
        frame = frame.f_back
    return False


def _time_limit(task: "asyncio.Task[Any]") -> float | None:
    """The timeout of a `wait_for` around the call, where it is over."""
    now = task.get_loop().time()
    for each in (task, *_waiting(task)):
        for frame in _frames(each):
            values = frame.f_locals
            if frame.f_code.co_name != "wait_for" or "asyncio" not in frame.f_code.co_filename:
                continue
            timeout, handle = values.get("timeout"), values.get("timeout_handle")
            if isinstance(timeout, (int, float)) and handle is not None and handle.when() <= now:
                return timeout
    return None


def _waiting(task: "asyncio.Task[Any]") -> Iterator["asyncio.Task[Any]"]:
    """The tasks that wait for this one by `wait_for`."""
    for callback, *_ in getattr(task, "_callbacks", None) or ():
        for waiter in getattr(callback, "args", ()):
            for wakeup in getattr(waiter, "_callbacks", None) or ():
                owner = getattr(wakeup[0], "__self__", None)
                if isinstance(owner, asyncio.Task):
                    yield owner


def _frames(task: "asyncio.Task[Any]") -> Iterator[FrameType]:
    """The frames of a task's coroutines, from the outside."""
    coroutine: Any = task.get_coro()
    for _ in range(_DEEP):
        frame = getattr(coroutine, "cr_frame", None)
        if frame is None:
            return
        yield frame
        coroutine = getattr(coroutine, "cr_await", None)


def _failed_group(task: "asyncio.Task[Any]") -> BaseException | None:
    for callback, *_ in getattr(task, "_callbacks", None) or ():
        group = getattr(callback, "__self__", None)
        if isinstance(group, asyncio.TaskGroup) and getattr(group, "_aborting", False):
            errors = getattr(group, "_errors", [])
            return errors[0] if errors else None
    return None
