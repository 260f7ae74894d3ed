"""The trained model: which features it gains from, and where it is saved."""

import os
from collections.abc import Callable
from pathlib import PurePath

from xgboost import Booster
from xgboost.core import XGBoostError

from mllog_callbacks import Heard, called_from, file_size, largest_shares, listen
from mllog_callbacks.facts import ModelSaved, Saved

__all__ = ["gains", "listen_to_saves"]


def gains(booster: Booster) -> dict[str, float]:
    """The features of most gain with their shares of all gain; empty where there are no trees."""
    try:
        found = booster.get_score(importance_type="total_gain")
    except (XGBoostError, ValueError):  # a linear model has no gains
        return {}
    return largest_shares({name: float(value) for name, value in found.items()})  # type: ignore[arg-type]  # one number a feature


def listen_to_saves(booster: Booster, record: Callable[[ModelSaved], object]) -> None:
    """Report each file that a model is saved to, for as long as the model lives."""

    def hear(heard: Heard) -> None:
        if heard.error is None:
            record(ModelSaved(saved=_saved(heard.target, heard.arguments["fname"])))

    listen(booster, {"save_model"}, hear)


def _saved(booster: Booster, given: str | os.PathLike[str]) -> Saved:
    path = os.fspath(given)
    return Saved(
        path=path,
        bytes=file_size(path),
        format=PurePath(path).suffix.removeprefix(".") or None,
        unit="iteration",
        holds=booster.num_boosted_rounds(),
        by=called_from("xgboost."),
    )
