"""The calls of an estimator that are under way, and what each of them records.

An audited method called within another of the same estimator is a part of it, and silent. One
called within that of another estimator is a part as well, and recorded at level DEBUG. Which call
another belongs to is decided by this thread's stack of calls and by where the estimator comes from.
"""

import functools
import inspect
import threading
from collections.abc import Mapping, Sequence
from types import FunctionType

from mllog_callbacks import Level
from mllog_sklearn.cached import Loaded
from mllog_sklearn.fits import Fit
from mllog_sklearn.increments import Increment, starts_anew
from mllog_sklearn.lineage import Origin, belongs_to
from mllog_sklearn.scores import Score
from mllog_sklearn.settings import Settings
from mllog_sklearn.warned import Hearing

__all__ = ["Call", "enter", "innermost", "recording", "within_call"]


class _Stack(threading.local):
    calls: "tuple[Call, ...]" = ()


_stack = _Stack()


def _around() -> "tuple[Call, ...]":
    """The calls that this thread is in, outermost first.

    A worker that was forked within a call is not in it: what it is sent says itself what it is.
    """
    return tuple(call for call in _stack.calls if call.origin.under_way)


def within_call() -> bool:
    """Whether this thread is in an audited call."""
    return bool(_around())


def innermost() -> Origin | None:
    """The innermost call that this thread is in, as an origin of estimators."""
    return next((call.origin for call in reversed(_around())), None)


def recording(estimator: object) -> Fit | None:
    """What records a fit of this estimator that is under way in this thread."""
    for call in _around():
        if call.estimator is estimator and isinstance(call.recorded, Fit):
            return call.recorded
    return None


class Call:
    """One call of an audited method, from its begin to its end.

    Args:
        estimator: Whose method is called.
        recorded: What records it.

    Attributes:
        origin: The call, as an origin of estimators.
    """

    def __init__(self, estimator: object, recorded: Fit | Score) -> None:
        self.estimator = estimator
        self.recorded = recorded
        self._warnings = Hearing()
        self._loaded = Loaded()
        self._before = _stack.calls
        self.origin = Origin()
        _stack.calls = (*self._before, self)

    def end(self, result: object) -> None:
        """Record that the method returned."""
        self.leave()
        self.recorded.loaded = self._loaded
        self.recorded.end(self.estimator, result, self._warnings.heard)

    def fail(self, error: BaseException) -> None:
        """Record that the method raised."""
        self.leave()
        self.recorded.fail(self.estimator, error, self._warnings.heard)

    def leave(self) -> None:
        """Be no longer under way, with nothing recorded."""
        self._warnings.stop()
        self._loaded.stop()
        self.origin.end()
        _stack.calls = self._before


def enter(
    estimator: object,
    function: FunctionType,
    name: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    settings: Settings,
) -> Call | None:
    """Begin to record a call; None where nothing is to be recorded of it.

    Args:
        estimator: Whose method is called.
        function: The method.
        name: Its name.
        args: What it is called with.
        kwargs: Likewise, by name.
        settings: How the estimator logs.
    """
    around = _around()
    if any(call.estimator is estimator for call in around):
        return None
    if name not in {"partial_fit", "score"}:
        starts_anew(estimator)
    nested = bool(around) or belongs_to(estimator) is not None
    if nested and settings.level > Level.DEBUG:
        return None
    kinds: dict[str, type[Fit | Score]] = {"score": Score, "partial_fit": Increment}
    run = settings.auditor.new_run(trains=name != "score")
    recorded = kinds.get(name, Fit)(run, name, nested=nested)
    call = Call(estimator, recorded)
    try:
        recorded.begin(estimator, _arguments(function, args, kwargs))
    except BaseException:
        call.leave()
        raise
    return call


def _arguments(
    function: FunctionType, args: Sequence[object], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """What the method was called with, by name, in the order of its signature."""
    names = _names(function)
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    return {name: given[name] for name in names if name in given} | given


@functools.lru_cache(maxsize=1024)
def _names(function: FunctionType) -> tuple[str, ...]:
    taken = inspect.signature(function).parameters.values()
    positional = [
        each for each in taken if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}
    ]
    return tuple(each.name for each in positional[1:])
