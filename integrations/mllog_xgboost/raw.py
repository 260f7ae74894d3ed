"""The data of a call as its caller gave it: XGBoost itself keeps another form."""

from collections.abc import Mapping
from types import FrameType
from typing import Any, Final

from xgboost import DMatrix

from mllog_callbacks import RawData

__all__ = ["raw_data"]

_MOST: Final = 100_000
_LARGE: Final = (
    "XGBoost keeps its own form of the data, and more than 100,000 values are not read back"
)


def raw_data(given: Mapping[str, Any], fit: FrameType | None) -> dict[str, RawData]:
    """The data by the names of the sets.

    Args:
        given: The local variables of XGBoost's function.
        fit: The frame of the estimator's method that called it; None where none did.
    """
    training: DMatrix = given["dtrain"]
    sets = {"training": training, **{name: each for each, name in given.get("evals") or ()}}
    known = {} if fit is None else _of_estimator(fit.f_locals, sets)
    return {
        name: known.get(name) or _read_back(each, "training" if each is training else "validation")
        for name, each in sets.items()
    }


def _of_estimator(given: Mapping[str, Any], sets: Mapping[str, DMatrix]) -> dict[str, RawData]:
    pairs = [("training", given.get("X"), given.get("y"))]
    for name, pair in zip(list(sets)[1:], given.get("eval_set") or (), strict=False):
        pairs.append((name, pair[0], pair[1]))
    features = given.get("X")
    return {
        name: RawData(data, labels, "training" if data is features else "validation")
        for name, data, labels in pairs
        if data is not None
    }


def _read_back(data: DMatrix, role: str) -> RawData:
    """Small data as XGBoost has it: reading it during the training would not be safe."""
    if data.num_nonmissing() > _MOST:
        return RawData(role=role, not_known=_LARGE)
    return RawData(data.get_data(), data.get_label(), role)
