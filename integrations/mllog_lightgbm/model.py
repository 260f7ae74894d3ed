"""The trained model: which features it gains from, and where it is saved.

LightGBM tells nobody that a booster is saved; while a booster of an audited training lives, its
`save_model` is listened to.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from lightgbm import Booster, CVBooster

from mllog_callbacks import Heard, listen

__all__ = ["Model", "Saved", "boosters_of", "gains", "held", "watch_resets", "watch_saves"]

Model: TypeAlias = Booster | CVBooster

_HEAD: Final = 5
_INNER: Final = ("mllog_", "lightgbm.")
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
            "saved": {
                "path": self.path,
                "bytes": self.size,
                "unit": "iteration",
                "holds": self.iterations,
                "of": self.trained,
                "by": self.place.removeprefix("in "),
            },
            "path": self.path,
            "bytes": self.size,
            "iterations": self.iterations,
            "trained_iterations": self.trained,
            "best_iteration": self.best,
        }
        return {name: value for name, value in told.items() if value is not None}


def watch_saves(model: Model, listener: Callable[[Saved], object]) -> None:
    """Call a listener whenever a model has been saved, for as long as the model lives."""

    def hear(heard: Heard) -> None:
        if heard.error is None:
            listener(_saved(heard.target, heard.arguments))

    listen(model, {"save_model"}, hear)


def watch_resets(
    model: Booster, listener: Callable[[Mapping[str, Any]], object]
) -> Callable[[], object]:
    """Have a listener called with each change of parameters; returns what ends that."""

    def hear(heard: Heard) -> None:
        if heard.error is None:
            listener(heard.arguments["params"])

    return listen(model, {"reset_parameter"}, hear)


def _saved(model: Model, given: Mapping[str, Any]) -> Saved:
    trained = max((each.current_iteration() for each in boosters_of(model)), default=0)
    asked, start = given["num_iteration"], given["start_iteration"]
    best = model.best_iteration if asked is None and model.best_iteration > 0 else None
    most = best if asked is None else asked
    iterations = trained if most is None or most <= 0 else min(most, trained - start)
    path = os.fspath(given["filename"])
    return Saved(str(path), _size(path), start, iterations, trained, best, _caller())


def _caller() -> str:
    """Who called the method that is listened to, from within whose frame this is called."""
    frame = sys._getframe(1)  # noqa: SLF001 - documented for CPython
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_INNER):
        frame = frame.f_back
    name = os.path.basename(frame.f_code.co_filename)  # noqa: PTH119 - a name
    return f"in {frame.f_code.co_name}, {name} line {frame.f_lineno}"


def _size(path: str | bytes) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - of whatever was given
    except (OSError, ValueError):
        return None
