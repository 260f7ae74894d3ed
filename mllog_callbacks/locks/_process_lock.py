"""A lock that every forked child has anew."""

import os
import threading
from types import TracebackType
from typing import Final

__all__ = ["ProcessLock"]


class ProcessLock:
    """A re-entrant lock for what exists once a process; a forked child begins with it free.

    Another thread may hold the lock while the process is forked, and does not exist in the child,
    which would wait for ever. It is re-entrant since a finaliser may run in any thread at any time,
    the one that holds the lock included. One is made for each module that needs it, at import:
    nothing takes it from the handlers of forks again.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        if _CAN_FORK:
            os.register_at_fork(after_in_child=self._renew)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._lock.release()

    def _renew(self) -> None:
        self._lock = threading.RLock()


_CAN_FORK: Final = hasattr(os, "register_at_fork")
