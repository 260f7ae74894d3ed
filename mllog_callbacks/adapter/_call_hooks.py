"""Watching a framework's function from its first line to its end, whatever way that is."""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, Final, TypeAlias

from mllog_callbacks.frames import Watched
from mllog_callbacks.locks import ProcessLock
from mllog_callbacks.recording import guarded

__all__ = ["attend"]

Ended: TypeAlias = Callable[[BaseException | None], object]
"""Takes what a call raised; None where it returned. It must not keep the exception."""

Begin: TypeAlias = Callable[[Mapping[str, Any]], Ended | None]
"""Takes a call's arguments by name; returns what takes its end, or None."""


def attend(function: Callable[..., Any], begin: Begin) -> None:
    """Have each call of a function watched from now on; the same one twice does nothing more.

    Calls that are under way already are not watched.

    Args:
        function: A function in Python.
        begin: Called at the beginning of each call, from within its frame.

    Raises:
        TypeError: It is no such function, or its source is not at hand.
    """
    if not isinstance(function, FunctionType):
        msg = f"{function!r} is no function in Python"
        raise TypeError(msg)
    with _lock:
        attended = _all.get(function)
        if attended is None:
            attended = _all[function] = _Attended(function)
        if begin not in attended.begins:
            attended.begins.append(begin)


class _Attended:
    """A function that is attended."""

    def __init__(self, function: FunctionType) -> None:
        self.begins: list[Begin] = []
        code = function.__code__
        self._first = code.co_varnames[:1] if code.co_argcount else ()
        Watched(function, self._begin)

    def _begin(self, first: object, arguments: dict[str, Any]) -> "_Call | None":
        arguments |= dict.fromkeys(self._first, first)
        ends = [guarded(each)(arguments) for each in self.begins]
        found = [each for each in ends if each is not None]
        return _Call(found) if found else None


class _Call:
    """A call that is under way."""

    def __init__(self, ends: list[Ended]) -> None:
        self._ends = ends

    def ended(self, _result: object, error: BaseException | None) -> None:
        """Hand on how it ended."""
        for each in self._ends:
            guarded(each)(error)


_all: Final[dict[FunctionType, _Attended]] = {}
_lock: Final = ProcessLock()
