"""The trained model: which features it gains from, and where it is saved.

LightGBM notifies nobody when a booster is saved; while a booster of an audited training lives, its
`save_model` is listened to.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, TypeAlias

import numpy as np
from lightgbm import Booster, CVBooster

from mllog_callbacks import Heard, called_from, file_size, largest_shares, listen
from mllog_callbacks.facts import ModelSaved, Saved

__all__ = ["Model", "boosters_of", "gains", "held", "listen_to_resets", "listen_to_saves"]

Model: TypeAlias = Booster | CVBooster


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
    return largest_shares(dict(zip(found[0][0], map(float, total), strict=True)))


def held(boosters: Iterable[Booster]) -> int:
    """Of how many iterations each booster has trees: fewer than ran, where none could be split."""
    return min((each.current_iteration() for each in boosters), default=0)


def listen_to_saves(model: Model, record: Callable[[ModelSaved], object]) -> None:
    """Report each file that a model is saved to, for as long as the model lives."""

    def hear(heard: Heard) -> None:
        if heard.error is None:
            record(ModelSaved(saved=_saved(heard.target, heard.arguments)))

    listen(model, {"save_model"}, hear)


def listen_to_resets(
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
    holds = trained if most is None or most <= 0 else min(most, trained - start)
    path = str(os.fspath(given["filename"]))
    chosen_by = "the caller" if start or (asked is not None and holds < trained) else None
    return Saved(
        path=path,
        bytes=file_size(path),
        format=PurePath(path).suffix.removeprefix(".") or None,
        unit="iteration",
        holds=holds,
        of=trained,
        start=start + 1 if start else None,
        chosen_by=chosen_by if best is None else "best_iteration",
        models=len(model.boosters) if isinstance(model, CVBooster) else None,
        by=called_from("lightgbm."),
    )
