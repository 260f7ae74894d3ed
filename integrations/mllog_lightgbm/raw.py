"""What the caller's data shows before LightGBM has constructed it: afterwards it is gone."""

from collections.abc import Container, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from lightgbm import Dataset

from mllog_callbacks import RawData

__all__ = ["NOTHING", "Raw", "raw_sets", "read_raw"]

_ROWS_AT_ONCE: Final = 1 << 16


class Raw(NamedTuple):
    """What was seen of data sets, by name.

    Attributes:
        copies: Validation sets that have the rows and labels of the training data.
        unlabelled: How many labels are not finite.
    """

    copies: frozenset[str]
    unlabelled: Mapping[str, int]


NOTHING: Final = Raw(frozenset(), {})
"""Nothing was seen."""


def read_raw(training: str, data: Dataset, others: Mapping[str, Dataset]) -> Raw:
    """Look at data sets that are not constructed yet, or whose data was kept.

    Args:
        training: Name of the training data.
        data: The training data.
        others: The validation sets, by name.
    """
    labels = {name: _array(each, "label") for name, each in {training: data, **others}.items()}
    copies = [
        name
        for name, each in others.items()
        if _same(labels[name], labels[training])
        and _same(_array(each, "data"), _array(data, "data"))
    ]
    counts = {name: _not_finite(each) for name, each in labels.items()}
    return Raw(frozenset(copies), {name: count for name, count in counts.items() if count})


def raw_sets(
    training: str, data: Dataset, others: Mapping[str, Dataset], copies: Container[str]
) -> dict[str, RawData]:
    """The data of sets as the caller gave it, for as long as it is at hand.

    Args:
        training: Name of the training data.
        data: The training data.
        others: The validation sets, by name.
        copies: Those that are copies of the training data.
    """
    found = {training: _given(data, "training")}
    for name, each in others.items():
        found[name] = _given(each, "training" if name in copies else "validation")
    return found


def _given(data: Dataset, role: str) -> RawData:
    given, labels = getattr(data, "data", None), getattr(data, "label", None)
    if getattr(data, "used_indices", None) is not None:
        return RawData(role=role, not_known="a subset of another LightGBM data set is not read")
    if given is None:
        return RawData(role=role, not_known="LightGBM had constructed it and freed the raw data")
    if isinstance(given, str):
        return RawData(role=role, not_known="LightGBM reads it from a file itself")
    return RawData(given, labels, role)


def _array(data: Dataset, name: str) -> np.ndarray[Any, Any] | None:
    """Labels or rows as an array, where they are one or a frame of numbers."""
    found: Any = getattr(data, name, None)
    if isinstance(found, list) and name == "label":
        found = np.asarray(found)
    if hasattr(found, "to_numpy") and all(map(_is_number, getattr(found, "dtypes", [None]))):
        found = found.to_numpy()
    return found if isinstance(found, np.ndarray) and _is_number(found.dtype) else None


def _is_number(dtype: object) -> bool:
    return getattr(dtype, "kind", "") in {"f", "i", "u", "b"}


def _same(one: np.ndarray[Any, Any] | None, other: np.ndarray[Any, Any] | None) -> bool:
    """Whether two arrays have the same numbers; two that are not finite are the same."""
    if one is None or other is None or one.shape != other.shape:
        return False
    if one is other:
        return True
    for start in range(0, len(one), _ROWS_AT_ONCE):
        a, b = one[start : start + _ROWS_AT_ONCE], other[start : start + _ROWS_AT_ONCE]
        if not bool(((a == b) | ((a != a) & (b != b))).all()):  # noqa: PLR0124 - true of NaN
            return False
    return True


def _not_finite(labels: np.ndarray[Any, Any] | None) -> int:
    if labels is None or labels.dtype.kind != "f":
        return 0
    return int(np.count_nonzero(~np.isfinite(labels)))
