"""What LightGBM's data sets say of themselves once they are constructed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from lightgbm import Dataset

from mllog_callbacks.facts import DataSet, Range
from mllog_lightgbm.estimator import CLASSES_LISTED

__all__ = ["DataFacts", "FeatureFacts", "data_facts", "feature_facts"]

_CLASSIFYING: Final = frozenset({"binary", "multiclass", "multiclassova"})
_RANGE: Final = ("least", "largest", "mean", "deviation", "absolute_deviation")
_LABELS_COUNTED: Final = 1 << 16
_ROWS_AT_ONCE: Final = 1 << 20


class DataFacts(NamedTuple):
    """What a constructed data set says of itself.

    Attributes:
        rows: Number of rows.
        features: Number of features.
        classes: Rows of each class, by label; None where labels are no classes, are too many, or
            are not known.
        labels: Least and largest label, their mean, their standard deviation, and their mean
            distance from the median, where labels are no classes; else None.
        weights: Least and largest weight of a row; None where no weights were given.
        groups: Number of groups (queries), and the least and largest number of rows in one; None
            where no groups were given.
        init_score: Whether scores to start from were given.
        role: What the training uses it for.
        same_as: The set that it is a copy of; None of one that is itself.
        unlabelled: How many labels were not finite as the caller gave them.
    """

    rows: int
    features: int
    classes: dict[str, int] | None
    labels: tuple[float, float, float, float, float] | None = None
    weights: tuple[float, float] | None = None
    groups: tuple[int, int, int] | None = None
    init_score: bool = False
    role: str = ""
    same_as: str | None = None
    unlabelled: int = 0

    def as_snapshot(self) -> dict[str, object]:
        """The facts that are known, by name."""
        told = self._asdict()
        names = {
            "labels": _RANGE,
            "weights": ("least", "largest"),
            "groups": ("count", "least_rows", "most_rows"),
        }
        for name, parts in names.items():
            if told[name] is not None:
                told[name] = dict(zip(parts, told[name], strict=True))
        return {name: value for name, value in told.items() if value not in (None, False, 0, "")}

    def as_set(self) -> DataSet:
        """What the detectors need of it."""
        labels = self.labels
        return DataSet(
            role="training" if self.role == "training" else "validation",
            rows=self.rows,
            classes=self.classes,
            labels=None
            if labels is None
            else Range(
                least=labels[0],
                largest=labels[1],
                deviation=labels[3],
                absolute_deviation=labels[4],
            ),
            same_as=self.same_as,
        )


class FeatureFacts(NamedTuple):
    """What LightGBM made of the features of the training data.

    Attributes:
        names: Their names.
        categorical: Those it treats as categorical.
        unused: How many it leaves out, as they cannot split the rows.
    """

    names: list[str]
    categorical: list[str]
    unused: int


def data_facts(data: Dataset, objective: object, names: Sequence[str] = ()) -> DataFacts:
    """Read the facts of a data set that LightGBM has constructed, leaving it as it is.

    Args:
        data: The data set.
        objective: The objective as resolved by LightGBM: it tells whether labels are classes.
        names: The caller's names of classes, by label; empty where a label is itself the name.
    """
    labels, weights = _values(data, "label"), _values(data, "weight")
    classes = _classes(labels) if labels is not None and objective in _CLASSIFYING else None
    spread = None if labels is None or classes is not None else _spread(labels)
    bounds = data.get_field("group")
    sizes = None if bounds is None else np.diff(bounds)
    return DataFacts(
        data.num_data(),
        data.num_feature(),
        _named(classes, names) if classes and len(classes) <= CLASSES_LISTED else None,
        spread,
        None if weights is None else (float(weights.min()), float(weights.max())),
        None if sizes is None else (len(sizes), int(sizes.min()), int(sizes.max())),
        data.init_score is not None,
    )


def feature_facts(sections: Mapping[str, str]) -> FeatureFacts:
    """Read what LightGBM made of the features, in the head of a model's text.

    Args:
        sections: The lines of that head, by name.
    """
    names = sections.get("feature_names", "").split(" ")
    infos = sections.get("feature_infos", "").split(" ")
    # a range is numerical, a list of values categorical
    kinds = list(zip(names, infos, strict=False))
    categorical = [name for name, info in kinds if info[:1] not in {"[", ""} and info != "none"]
    return FeatureFacts(names, categorical, infos.count("none"))


def _values(data: Dataset, name: str) -> np.ndarray[Any, Any] | None:
    """Labels or weights as LightGBM has them.

    Those on the Python side are LightGBM's own since it constructed the set, and need no copy; a
    subset has none there, and `get_label` would leave one more on it.
    """
    values = getattr(data, name, None)
    found = values if isinstance(values, np.ndarray) else data.get_field(name)
    return None if found is None or not len(found) else found


def _parts(values: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    for start in range(0, len(values), _ROWS_AT_ONCE):
        yield values[start : start + _ROWS_AT_ONCE]


def _classes(labels: np.ndarray[Any, Any]) -> dict[int, int] | None:
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


def _spread(labels: np.ndarray[Any, Any]) -> tuple[float, float, float, float, float]:
    found = Range.of_labels(labels)
    spread = found.deviation or 0.0, found.absolute_deviation or 0.0
    return found.least, found.largest, found.mean or 0.0, *spread
