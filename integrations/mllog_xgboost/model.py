"""The trained model: which features it gains from, and where it is saved."""

import os
import sys
from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from xgboost import Booster
from xgboost.core import XGBoostError

from mllog_callbacks import Heard, listen
from mllog_callbacks.facts import ModelSaved, Saved

__all__ = ["gains", "listen_to_saves"]

_HEAD: Final = 5
_LEAST_SHARE: Final = 0.0005  # what is shown as 0.1 %


def gains(booster: Booster) -> dict[str, float]:
    """The features of most gain with their shares of all gain; empty where there are no trees."""
    try:
        found = booster.get_score(importance_type="total_gain")
    except (XGBoostError, ValueError):  # a linear model has no gains
        return {}
    total = sum(map(float, found.values()))  # type: ignore[arg-type]  # one number a feature
    if not total > 0:
        return {}
    shares = {name: float(value) / total for name, value in found.items()}  # type: ignore[arg-type]  # likewise
    first = sorted(shares, key=lambda name: -shares[name])[:_HEAD]
    return {name: shares[name] for name in first if shares[name] >= _LEAST_SHARE}


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
        bytes=_size(path),
        format=PurePath(path).suffix.removeprefix(".") or None,
        unit="iteration",
        holds=booster.num_boosted_rounds(),
        by=_caller(),
    )


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - of whatever was given
    except OSError:
        return None


def _caller() -> str:
    """The function, file and line that saved the model."""
    frame = sys._getframe(1)  # noqa: SLF001 - documented for CPython
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(("mllog_", "xgboost.")):
        frame = frame.f_back
    name = os.path.basename(frame.f_code.co_filename)  # noqa: PTH119 - a name
    return f"{frame.f_code.co_name}, {name} line {frame.f_lineno}"
