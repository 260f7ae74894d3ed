"""The calls of an estimator that are under way, and what each of them tells.

An audited method called within another of the same estimator is a part of it, and silent. One
called within that of another estimator is a part as well, and told at level DEBUG.
"""

import functools
import inspect
import threading
from collections.abc import Mapping, Sequence
from types import FunctionType

from mllog_callbacks import Level
from mllog_sklearn.fits import Fit
from mllog_sklearn.increments import Increment
from mllog_sklearn.scores import Score
from mllog_sklearn.settings import Settings
from mllog_sklearn.warned import Hearing

__all__ = ["Call", "calls_running", "enter", "telling", "within_call"]


class _Stack(threading.local):
    calls: "tuple[Call, ...]" = ()


_stack = _Stack()
_running: "set[Call]" = set()


def within_call() -> bool:
    """Whether this thread is in an audited call."""
    return bool(_stack.calls)


def telling(estimator: object) -> Fit | None:
    """What tells of a fit of this estimator that is under way in this thread."""
    for call in _stack.calls:
        if call.estimator is estimator and isinstance(call.told, Fit):
            return call.told
    return None


def calls_running() -> bool:
    """Whether any thread of this process is in an audited call."""
    return bool(_running)


class Call:
    """One call of an audited method, from its begin to its end."""

    def __init__(self, estimator: object, told: Fit | Score) -> None:
        self.estimator = estimator
        self.told = told
        self._warnings = Hearing()
        self._before = _stack.calls
        _stack.calls = (*self._before, self)
        _running.add(self)

    def end(self, result: object) -> None:
        """Tell that the method returned."""
        self.leave()
        self.told.end(self.estimator, result, self._warnings.heard)

    def fail(self, error: BaseException) -> None:
        """Tell that the method raised."""
        self.leave()
        self.told.fail(self.estimator, error, self._warnings.heard)

    def leave(self) -> None:
        """Be no longer under way, with nothing told."""
        self._warnings.stop()
        _running.discard(self)
        _stack.calls = self._before


def enter(
    estimator: object,
    function: FunctionType,
    name: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    settings: Settings,
    *,
    nested: bool,
) -> Call | None:
    """Begin to tell of a call; None where nothing is to be told of it.

    Args:
        estimator: Whose method is called.
        function: The method.
        name: Its name.
        args: What it is called with.
        kwargs: Likewise, by name.
        settings: How the estimator logs.
        nested: Whether the call is a part of one in another thread or process.
    """
    around = _stack.calls
    if any(call.estimator is estimator for call in around):
        return None
    nested = nested or bool(around)
    if nested and settings.level > Level.DEBUG:
        return None
    kinds: dict[str, type[Fit | Score]] = {"score": Score, "partial_fit": Increment}
    run = settings.auditor.new_run(trains=name != "score")
    told = kinds.get(name, Fit)(run, name, nested=nested)
    call = Call(estimator, told)
    try:
        told.begin(estimator, _arguments(function, args, kwargs))
    except BaseException:
        call.leave()
        raise
    return call


def _arguments(
    function: FunctionType, args: Sequence[object], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """What the method was called with, by name."""
    return dict(zip(_names(function), args, strict=False)) | dict(kwargs)


@functools.lru_cache(maxsize=1024)
def _names(function: FunctionType) -> tuple[str, ...]:
    taken = inspect.signature(function).parameters.values()
    positional = [
        each for each in taken if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}
    ]
    return tuple(each.name for each in positional[1:])
