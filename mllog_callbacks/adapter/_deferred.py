"""What can wait: taken up in order by a thread beside the training, or at once where asked for.

A training hands over its results by appending to a queue. One thread a process wakes with the
first of them, waits a moment for more, and takes up all there are: while the framework computes
and has released the interpreter lock, that costs the training no time. Many at once cost less than
the same in small portions: the thread comes to caches that others have used meanwhile.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import sleep
from typing import Any, Final, Generic, TypeVar

__all__ = ["Backlog"]

_T = TypeVar("_T")

_PAUSE_S: Final = 0.1
_MOST: Final = 10_000
_WAIT_S: Final = 10.0


class Backlog(Generic[_T]):
    """Items that wait to be taken up, each once, in order, many at once, by one thread at a time.

    It is bounded: when too many wait, because the thread does not get its turn, they are taken up
    where the next is added. A forked child leaves what waited to the process it came from.

    Args:
        take: Called with the items that wait, at least one; it must not raise an `Exception`.

    Example:
        >>> backlog = Backlog(print)
        >>> backlog.add("seen in a moment, or now")
        >>> backlog.clear()
        ['seen in a moment, or now']
    """

    def __init__(self, take: Callable[[list[_T]], object]) -> None:
        self._take = take
        self._items: deque[_T] = deque()
        self._announced = self._busy = False
        self._lock = threading.RLock()
        self._forks = -1

    @property
    def is_new(self) -> bool:
        """Whether nothing was added yet, in this process: not since it was forked."""
        return self._forks != _forks

    def add(self, *items: _T) -> None:
        """Hand over items, which are taken up together; returns at once."""
        if self._forks != _forks:
            self._begin_anew()
        self._items.extend(items)
        if not self._announced:
            self._announced = True
            _announce(self)
        elif len(self._items) > _MOST:
            self.clear()

    def clear(self) -> None:
        """Take up all that waits, now, and wait for what another thread has taken up already.

        The wait is bounded, as an item may call back to a user: after 10 seconds, and while the
        interpreter shuts down, what waits is left to that thread.
        """
        if self._forks != _forks:
            self._begin_anew()
        if not self._lock.acquire(timeout=0 if sys.is_finalizing() else _WAIT_S):
            return
        try:
            if not self._busy:  # else this is called from within `take`
                self._take_all()
        finally:
            self._lock.release()

    def _take_all(self) -> None:
        self._busy = True
        try:
            self._announced = False  # before the items: one that is added now is announced anew
            while self._items:
                self._take([self._items.popleft() for _ in range(len(self._items))])
        finally:
            self._busy = False

    def _begin_anew(self) -> None:
        """In a forked child, where the thread is gone and may have held the lock."""
        self._forks = _forks
        self._items.clear()
        self._announced = self._busy = False
        self._lock = threading.RLock()


_forks = 0
"""How often this process's line was forked. No list of backlogs is kept: a weak one would run
Python's code whenever one dies, where an interrupt from the keyboard is passed over."""

_announced: "SimpleQueue[Backlog[Any]]" = SimpleQueue()
_thread: threading.Thread | None = None
_starting = threading.Lock()


def _announce(backlog: Backlog[Any]) -> None:
    _announced.put(backlog)
    if (_thread is None or not _thread.is_alive()) and not _started():
        backlog.clear()


def _started() -> bool:
    global _thread  # noqa: PLW0603 - the one thread of the process
    with _starting:
        if _thread is None or not _thread.is_alive():
            made = threading.Thread(target=_work, name="mllog-backlog", daemon=True)
            try:
                made.start()
            except RuntimeError:  # no more threads, or the interpreter shuts down
                return False
            _thread = made
        return True


def _work() -> None:
    while True:
        waiting = {_announced.get()}
        sleep(_PAUSE_S)
        while not _announced.empty():
            waiting.add(_announced.get())
        while waiting:  # and nothing of it is kept alive until the next one comes
            waiting.pop().clear()


def _begin_anew() -> None:
    global _announced, _thread, _starting, _forks  # noqa: PLW0603 - of the process forked
    _announced, _thread, _starting = SimpleQueue(), None, threading.Lock()
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
