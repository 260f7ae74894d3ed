"""The facts of XGBoost's data sets."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from xgboost import DMatrix

from mllog_callbacks import guarded
from mllog_callbacks.facts import DataSet, GroupSizes, Range

__all__ = ["data_sets", "training_names"]

_MOST_CLASSES: Final = 100
_COMPARED_VALUES: Final = 2_000_000
"""Values up to which two sets are compared whole, some 20 ms."""

Values = np.ndarray[Any, np.dtype[Any]]


def training_names(sets: Mapping[str, DMatrix]) -> list[str]:
    """The names under which the training data is evaluated: itself, or a copy of it."""
    training = sets["training"]
    return [
        name
        for name, data in sets.items()
        if name != "training" and (data is training or guarded(_is_copy)(training, data))
    ]


def _is_copy(one: DMatrix, other: DMatrix) -> bool:
    """Whether two sets hold the same rows and labels; False where they are too large to compare."""
    shape = one.num_row(), one.num_col()
    if shape != (other.num_row(), other.num_col()) or shape[0] * shape[1] > _COMPARED_VALUES:
        return False
    if one.num_nonmissing() != other.num_nonmissing():
        return False
    if not np.array_equal(one.get_label(), other.get_label()):
        return False
    mine, theirs = one.get_data(), other.get_data()
    return all(
        np.array_equal(getattr(mine, name), getattr(theirs, name))
        for name in ("data", "indices", "indptr")
    )


def data_sets(
    sets: Mapping[str, DMatrix], same: list[str], objective: object
) -> dict[str, DataSet]:
    """The facts of data sets.

    Args:
        sets: The sets by name, the training data among them.
        same: The names under which the training data is evaluated.
        objective: The objective in force; labels are classes where it classifies.
    """
    classes = str(objective).startswith(("binary:", "multi:"))
    found = {}
    for name, data in sets.items():
        if name in same and name != "training":
            found[name] = DataSet(role="training", same_as="training")
            continue
        details = guarded(_details)(data, classes=classes) or {}
        role = "training" if name == "training" else "validation"
        sizes = {"rows": data.num_row(), "features": data.num_col()}
        found[name] = DataSet(role=role, **sizes, **details)  # type: ignore[arg-type]  # as named
    return found


def _details(data: DMatrix, *, classes: bool) -> dict[str, object]:
    labels, weights = data.get_label(), data.get_weight()
    counts = _counted(labels) if classes else None
    return {
        "classes": counts,
        "labels": Range.of_labels(labels.ravel()) if counts is None and labels.size else None,
        "weights": _range(weights),
        "groups": _groups(data.get_uint_info("group_ptr")),
        "missing": data.num_row() * data.num_col() - data.num_nonmissing(),
        "categorical": _categorical(data),
        "init_scores": bool(len(data.get_base_margin())) or None,
    }


def _counted(labels: Values) -> dict[str, int] | None:
    """Rows by class; None where there are more than can be listed."""
    values, counts = np.unique(labels, return_counts=True)
    if not 0 < len(values) <= _MOST_CLASSES:
        return None
    return {f"{value:g}": int(rows) for value, rows in zip(values, counts, strict=True)}


def _range(values: Values) -> Range | None:
    if not len(values):
        return None
    mean = float(values.mean(dtype=np.float64))
    return Range(least=float(values.min()), largest=float(values.max()), mean=mean)


def _groups(bounds: Values) -> GroupSizes | None:
    if len(bounds) < 2:  # noqa: PLR2004 - the bounds of one group
        return None
    sizes = np.diff(bounds.astype(np.int64))
    return GroupSizes(groups=len(sizes), least=int(sizes.min()), largest=int(sizes.max()))


def _categorical(data: DMatrix) -> tuple[str, ...] | None:
    types = data.feature_types
    if types is None:
        return None
    names = data.feature_names or [str(index) for index in range(len(types))]
    found = zip(names, types, strict=True)
    return tuple(name for name, kind in found if kind == "c") or None
