"""The trained model: which features it gains from, and where it is saved.

LightGBM tells nobody that a booster is saved. While a booster of an audited training lives, the
class's `save_model` is one that calls LightGBM's own and then tells of it, for the boosters known
alone; with the last of them it is LightGBM's own again. The boosters stay as they are: plain ones.
"""

import functools
import inspect
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from lightgbm import Booster, CVBooster

from mllog_callbacks import finaliser, guarded

__all__ = ["Model", "Saved", "boosters_of", "gains", "held", "watch_saves"]

Model: TypeAlias = Booster | CVBooster

_HEAD: Final = 5
_LEAST_SHARE: Final = 0.0005  # what is shown as 0.1 %


def boosters_of(model: Model) -> list[Booster]:
    """The boosters of a training: one, or one a fold."""
    return list(model.boosters) if isinstance(model, CVBooster) else [model]


def gains(boosters: Iterable[Booster], iteration: int) -> dict[str, float]:
    """The features of most gain, and the share of all gain that each has; empty without splits.

    Args:
        boosters: The booster, or those of the folds, whose gains are summed.
        iteration: The number of iterations that count.
    """
    found = [(each.feature_name(), each.feature_importance("gain", iteration)) for each in boosters]
    if not found:
        return {}
    total: np.ndarray[Any, Any] = np.sum([values for _, values in found], axis=0)
    if not total.sum() > 0:
        return {}
    names, shares = found[0][0], total / total.sum()
    first = np.argsort(-shares, kind="stable")[:_HEAD]
    return {names[index]: float(shares[index]) for index in first if shares[index] >= _LEAST_SHARE}


def held(boosters: Iterable[Booster]) -> int:
    """Of how many iterations each booster has trees: fewer than ran, where none could be split."""
    return min((each.current_iteration() for each in boosters), default=0)


class Saved(NamedTuple):
    """A model was saved.

    Attributes:
        path: Where, as it was given.
        size: Bytes of the file; None where it cannot be read as one.
        start: The first iteration saved, counted from 0.
        iterations: How many iterations were saved.
        trained: How many there are.
        best: `best_iteration` where that is what chose how many; else None.
        place: Who called, as in "in main, train.py line 31".
    """

    path: str
    size: int | None
    start: int
    iterations: int
    trained: int
    best: int | None
    place: str

    def as_snapshot(self) -> dict[str, object]:
        """The numbers that are known, and the path."""
        told = {
            "path": self.path,
            "bytes": self.size,
            "iterations": self.iterations,
            "trained_iterations": self.trained,
            "best_iteration": self.best,
        }
        return {name: value for name, value in told.items() if value is not None}


Listener: TypeAlias = Callable[[Saved], object]

_listeners: dict[int, list[Listener]] = {}  # by the identity of models that live
_originals: dict[type[Model], Callable[..., Any]] = {}
# Re-entrant, as a finalizer may run in any thread at any time, this one included
_lock = threading.RLock()


def watch_saves(model: Model, listener: Listener) -> None:
    """Call a listener whenever a model has been saved, for as long as the model lives."""
    with _lock:
        if id(model) not in _listeners:
            weakref.finalize(model, _release, id(model)).atexit = False
        _listeners.setdefault(id(model), []).append(listener)
        for kind in (Booster, CVBooster):
            if kind not in _originals:
                _originals[kind] = kind.save_model
                kind.save_model = _telling(kind.save_model)  # type: ignore[method-assign]  # see above


@finaliser
def _release(dead: int) -> None:
    """Give the classes their own methods back, unless somebody else has replaced ours since."""
    with _lock:
        _listeners.pop(dead, None)
        if _listeners:
            return
        for kind, original in list(_originals.items()):
            if getattr(kind.save_model, "__wrapped__", None) is original:
                kind.save_model = original  # type: ignore[method-assign]  # its own
                del _originals[kind]


def _telling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def save_model(self: Model, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as LightGBM's
        result = original(self, *args, **kwargs)
        listeners = _listeners.get(id(self))
        if listeners:
            arguments = inspect.signature(original).bind(self, *args, **kwargs)
            arguments.apply_defaults()
            _tell(self, arguments.arguments, listeners, sys._getframe(1))  # noqa: SLF001 - documented
        return result

    return save_model


@guarded
def _tell(
    model: Model, given: dict[str, Any], listeners: Iterable[Listener], caller: FrameType
) -> None:
    saved = _saved(model, given, caller)
    for listener in list(listeners):
        listener(saved)


def _saved(model: Model, given: dict[str, Any], caller: FrameType) -> Saved:
    trained = max((each.current_iteration() for each in boosters_of(model)), default=0)
    asked, start = given["num_iteration"], given["start_iteration"]
    best = model.best_iteration if asked is None and model.best_iteration > 0 else None
    most = best if asked is None else asked
    iterations = trained if most is None or most <= 0 else min(most, trained - start)
    path = os.fspath(given["filename"])
    name, line = os.path.basename(caller.f_code.co_filename), caller.f_lineno  # noqa: PTH119 - a name
    place = f"in {caller.f_code.co_name}, {name} line {line}"
    return Saved(str(path), _size(path), start, iterations, trained, best, place)


def _size(path: str | bytes) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - of whatever was given
    except (OSError, ValueError):
        return None
