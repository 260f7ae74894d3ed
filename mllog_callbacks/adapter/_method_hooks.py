"""Hearing what an object's methods raise and return, where a framework has no hook for it.

While someone listens, the method of the object's class is watched from within its own frame. The
objects stay as they are: of their class, and with nothing added to them, so that copies and pickles
know nothing of it.
"""

import weakref
from collections.abc import Callable, Collection, Mapping
from types import FunctionType
from typing import Any, Final, NamedTuple, Protocol

from mllog_callbacks.frames import Watched
from mllog_callbacks.locks import ProcessLock
from mllog_callbacks.recording import finaliser, guarded

__all__ = ["Heard", "Listener", "listen"]


class Heard(NamedTuple):
    """A call of a method that is listened to, at its end.

    Attributes:
        target: The object.
        method: The method's name.
        arguments: What it was called with, by the names of its parameters; defaults too.
        result: What it returned; None where it raised.
        error: What it raised; None where it returned.
    """

    target: Any
    method: str
    arguments: Mapping[str, Any]
    result: Any
    error: BaseException | None


class Listener(Protocol):
    """Takes what a method did; what it raises itself is reported, and reaches no caller."""

    def __call__(self, heard: Heard, /) -> None:
        """Take a call that ended, in the thread of the method's caller."""


def listen(
    target: object,
    methods: Collection[str],
    listener: Listener,
    *,
    errors_only: bool = False,
    began: Callable[[Mapping[str, Any]], object] | None = None,
) -> Callable[[], object]:
    """Listen to methods of one object, until what is returned is called or the object dies.

    Several may listen at the same time; each is called in the thread of the method's caller.

    Args:
        target: The object; it can be referred to weakly, and its class is written in Python.
        methods: Names of methods that the object's class has.
        listener: Called at the end of each call, from within the method's frame. It must not keep
            the exception, whose traceback keeps the training's frames alive, nor the object, which
            would then never go.
        errors_only: Whether to pass over what is returned; for methods that are called so often
            that a call of the listener would be felt.
        began: Called at the beginning of each call, with its arguments by name.

    Returns:
        What ends the listening; to call it again does nothing.

    Raises:
        TypeError: The object is none that can be listened to, or has no such method; or the
            method's source is not at hand.
    """
    ear = _Ear(guarded(listener), errors_only, None if began is None else guarded(began))
    leave = weakref.finalize(target, _leave, id(target), ear)
    leave.atexit = False
    try:
        with _lock:
            for name in methods:
                _watched(type(target), name).add(id(target), ear)
    except BaseException:
        leave()
        raise
    return leave


class _Ear(NamedTuple):
    listener: Callable[[Heard], None]
    errors_only: bool
    began: Callable[[Mapping[str, Any]], object] | None


class _Method:
    """A method of a class, while it is heard."""

    def __init__(self, function: FunctionType, name: str) -> None:
        self._name = name
        self._ears: dict[int, list[_Ear]] = {}  # by the identity of objects that live
        self._watched = Watched(function, self._begin)

    def add(self, target: int, ear: _Ear) -> None:
        self._ears.setdefault(target, []).append(ear)

    def remove(self, target: int, ear: _Ear) -> bool:
        """Whether it was the last, and the method is its own again."""
        ears = [each for each in self._ears.pop(target, ()) if each is not ear]
        if ears:
            self._ears[target] = ears
        if not self._ears:
            self._watched.leave()
        return not self._ears

    def _begin(self, target: object, arguments: dict[str, Any]) -> "_Call | None":
        ears = self._ears.get(id(target))
        if ears is None:
            return None
        for ear in ears:
            if ear.began is not None:
                ear.began(arguments)
        return _Call(self._name, self._ears, target, arguments)


class _Call(NamedTuple):
    """A call that is under way."""

    method: str
    ears: Mapping[int, list[_Ear]]
    target: object
    arguments: Mapping[str, Any]

    def ended(self, result: object, error: BaseException | None) -> None:
        for ear in self.ears.get(id(self.target), ()):
            if error is not None or not ear.errors_only:
                ear.listener(Heard(self.target, self.method, self.arguments, result, error))


_all: Final[dict[FunctionType, _Method]] = {}
_lock: Final = ProcessLock()


def _watched(kind: type, name: str) -> _Method:
    found = next((vars(each)[name] for each in kind.__mro__ if name in vars(each)), None)
    if not isinstance(found, FunctionType):
        msg = f"{name} is no method of {kind.__name__} in Python, and cannot be listened to"
        raise TypeError(msg)
    if found not in _all:
        _all[found] = _Method(found, name)
    return _all[found]


@finaliser
def _leave(target: int, ear: _Ear) -> None:
    with _lock:
        for key, method in list(_all.items()):
            if method.remove(target, ear):
                del _all[key]
