"""While a platform is audited, the names of a call hold in the threads that it starts, too."""

import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, Final

from mllog_callbacks.platform._hooks import Attachment
from mllog_callbacks.platform._proxies import HookedFunction
from mllog_callbacks.recording import carry_context, current, guarded

__all__ = ["carry_through", "carrying"]


class _Counted:
    """Functions of the standard library, wrapped while at least one platform is audited."""

    def __init__(self) -> None:
        self._users = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            for kind in _EXECUTORS:
                kind.submit = HookedFunction(kind.submit, _submitted)
            threading.Thread.start = HookedFunction(  # type: ignore[method-assign]
                threading.Thread.start, _started
            )

    def remove(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
            for kind in (*_EXECUTORS, threading.Thread):
                name = "start" if kind is threading.Thread else "submit"
                now = vars(kind).get(name)
                if type(now) is HookedFunction:
                    setattr(kind, name, now.__wrapped__)


_EXECUTORS: Final[tuple[Any, ...]] = (ThreadPoolExecutor, ProcessPoolExecutor)
_counted: Final = _Counted()


def carrying() -> Attachment:
    """Let the names that hold where work is handed to a thread or executor hold in the work, too.

    Where no call of a platform is under way, threads and executors are as they are.
    """
    _counted.add()
    return Attachment(("threads and executors", _counted.remove), shown=False)


def carry_through(executor: Executor) -> Attachment:
    """Let the names that hold where a job is submitted hold in the job, too.

    Only this executor is touched, and of all context variables only this package's is carried.
    """
    submit = executor.submit

    def restore() -> None:
        if type(vars(executor).get("submit")) is HookedFunction:
            del vars(executor)["submit"]

    if type(submit) is not HookedFunction:
        vars(executor)["submit"] = HookedFunction(submit, _submitted)
    return Attachment((f"{type(executor).__name__}.submit", restore))


def _submitted(wrapped: Any, _instance: object, args: tuple[Any, ...], kwargs: Any) -> Any:
    if current.get() is not None and args:
        carried = guarded(carry_context)(args[0])
        args = args if carried is None else (carried, *args[1:])
    return wrapped(*args, **kwargs)


def _started(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    if current.get() is not None and isinstance(instance, threading.Thread):
        _carry_into(instance)
    return wrapped(*args, **kwargs)


@guarded
def _carry_into(thread: threading.Thread) -> None:
    """The thread has the function for itself, and gives it up as it begins: no cycle is left."""
    if "run" in vars(thread):
        return
    carried = carry_context(thread.run)

    def run() -> None:
        vars(thread).pop("run", None)
        carried()

    thread.run = run  # type: ignore[method-assign]  # of this thread alone
