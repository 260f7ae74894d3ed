"""The data of a call as its caller gave it, for as long as LightGBM has not freed it."""

from collections.abc import Container, Mapping

from lightgbm import Dataset

from mllog_callbacks import RawData

__all__ = ["raw_sets"]


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
