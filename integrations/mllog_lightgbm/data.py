"""What LightGBM's data sets say of themselves, before they are constructed and afterwards."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from lightgbm import Dataset

from mllog_callbacks.facts import DataSet, GroupSizes, Range
from mllog_lightgbm.estimator import CLASSES_LISTED

__all__ = ["NOTHING", "Features", "Raw", "data_set", "read_features", "read_raw"]

_CLASSIFYING: Final = frozenset({"binary", "multiclass", "multiclassova"})
_LABELS_COUNTED: Final = 1 << 16
_ROWS_AT_ONCE: Final = 1 << 20
_COMPARED_AT_ONCE: Final = 1 << 16

_Array: TypeAlias = np.ndarray[Any, Any]


class Raw(NamedTuple):
    """What the caller's data shows before LightGBM has constructed it: afterwards it is gone.

    Attributes:
        copies: Validation sets that have the rows and labels of the training data.
        unlabelled: How many labels are not finite, by set.
    """

    copies: frozenset[str]
    unlabelled: Mapping[str, int]


NOTHING: Final = Raw(frozenset(), {})
"""Nothing was seen."""


class Features(NamedTuple):
    """What LightGBM made of the features of the training data.

    Attributes:
        categorical: Those it treats as categorical.
        unused: How many it leaves out, as they cannot split the rows.
    """

    categorical: tuple[str, ...]
    unused: int


def data_set(data: Dataset, objective: object, names: Sequence[str] = ()) -> DataSet:
    """Read the facts of a data set that LightGBM has constructed, leaving it as it is.

    Args:
        data: The data set.
        objective: The objective in force: by it labels are classes or numbers.
        names: The caller's names of classes, by label; empty where a label is itself the name.
    """
    labels, weights = _values(data, "label"), _values(data, "weight")
    classes = _classes(labels) if labels is not None and objective in _CLASSIFYING else None
    listed = _named(classes, names) if classes and len(classes) <= CLASSES_LISTED else None
    return DataSet(
        rows=data.num_data(),
        features=data.num_feature(),
        classes=listed,
        labels=None if labels is None or classes is not None else Range.of_labels(labels),
        weights=None if weights is None else _range(weights),
        groups=_groups(data.get_field("group")),
        init_scores=True if data.init_score is not None else None,
    )


def read_features(sections: Mapping[str, str]) -> Features:
    """Read what LightGBM made of the features, in the head of a model's text.

    Args:
        sections: The lines of that head, by name.
    """
    names = sections.get("feature_names", "").split(" ")
    infos = sections.get("feature_infos", "").split(" ")
    # a range is numerical, a list of values categorical
    kinds = list(zip(names, infos, strict=False))
    categorical = [name for name, info in kinds if info[:1] not in {"[", ""} and info != "none"]
    return Features(tuple(categorical), infos.count("none"))


def _values(data: Dataset, name: str) -> _Array | None:
    """Labels or weights as LightGBM has them.

    Those on the Python side are LightGBM's own since it constructed the set, and need no copy; a
    subset has none there, and `get_label` would leave one more on it.
    """
    values = getattr(data, name, None)
    found = values if isinstance(values, np.ndarray) else data.get_field(name)
    return None if found is None or not len(found) else found


def _parts(values: _Array) -> Iterator[_Array]:
    for start in range(0, len(values), _ROWS_AT_ONCE):
        yield values[start : start + _ROWS_AT_ONCE]


def _classes(labels: _Array) -> dict[int, int] | None:
    """Rows of each label; None where labels are no whole numbers, or lie too far apart to count."""
    least, largest = float(labels.min()), float(labels.max())
    if not largest - least < _LABELS_COUNTED:
        return None
    counts = np.zeros(int(largest - least) + 1, dtype=np.int64)
    for part in _parts(labels):
        if (part % 1).any():
            return None
        counts += np.bincount((part - least).astype(np.int64), minlength=len(counts))
    return {int(least) + label: int(counts[label]) for label in np.flatnonzero(counts).tolist()}


def _named(classes: Mapping[int, int], names: Sequence[str]) -> dict[str, int]:
    return {names[label] if names else str(label): rows for label, rows in classes.items()}


def _range(values: _Array) -> Range:
    mean = float(values.mean(dtype=np.float64))
    return Range(least=float(values.min()), largest=float(values.max()), mean=mean)


def _groups(bounds: _Array | None) -> GroupSizes | None:
    if bounds is None:
        return None
    sizes = np.diff(bounds)
    return GroupSizes(groups=len(sizes), least=int(sizes.min()), largest=int(sizes.max()))


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


def _array(data: Dataset, name: str) -> _Array | None:
    """Labels or rows as an array, where they are one or a frame of numbers."""
    found: Any = getattr(data, name, None)
    if isinstance(found, list) and name == "label":
        found = np.asarray(found)
    if hasattr(found, "to_numpy") and all(map(_is_number, getattr(found, "dtypes", [None]))):
        found = found.to_numpy()
    return found if isinstance(found, np.ndarray) and _is_number(found.dtype) else None


def _is_number(dtype: object) -> bool:
    return getattr(dtype, "kind", "") in {"f", "i", "u", "b"}


def _same(one: _Array | None, other: _Array | None) -> bool:
    """Whether two arrays have the same numbers; two that are not finite are the same."""
    if one is None or other is None or one.shape != other.shape:
        return False
    if one is other:
        return True
    for start in range(0, len(one), _COMPARED_AT_ONCE):
        a, b = one[start : start + _COMPARED_AT_ONCE], other[start : start + _COMPARED_AT_ONCE]
        if not bool(((a == b) | ((a != a) & (b != b))).all()):  # noqa: PLR0124 - true of NaN
            return False
    return True


def _not_finite(labels: _Array | None) -> int:
    if labels is None or labels.dtype.kind != "f":
        return 0
    return int(np.count_nonzero(~np.isfinite(labels)))
