"""The data of a call, as its loaders say of themselves: no loader is iterated."""

from typing import Any

from torch.utils.data import IterableDataset, Subset, TensorDataset

from mllog_callbacks import RawData
from mllog_callbacks.facts import DataSet, Role
from mllog_callbacks.schema import interruption

__all__ = ["data_sets", "raw_sets", "sets_of"]


def data_sets(loop: Any, name: str, role: Role | None = None) -> dict[str, DataSet]:
    """The facts of the loaders that one of Lightning's loops goes through.

    Args:
        loop: The loop.
        name: What they are called: numbered where there are several.
        role: What the training uses them for.
    """
    combined, batches = getattr(loop, "_combined_loader", None), loop.max_batches
    flat = list(getattr(combined, "flattened", None) or ())
    counts = batches if isinstance(batches, list) else [batches] * len(flat)
    return {
        name if len(flat) == 1 else f"{name} {place}": _loader(each, many, role)
        for place, (each, many) in enumerate(zip(flat, counts, strict=False))
    }


def _loader(loader: object, batches: object, role: Role | None) -> DataSet:
    dataset = getattr(loader, "dataset", None)
    size = getattr(loader, "batch_size", None)
    if size is None:
        size = getattr(getattr(loader, "batch_sampler", None), "batch_size", None)
    return DataSet(
        role=role,
        rows=_rows(dataset),
        dataset=None if dataset is None else type(dataset).__name__,
        loader=type(loader).__name__,
        batch_size=size if isinstance(size, int) else None,
        batches=(
            int(batches) if isinstance(batches, (int, float)) and batches < float("inf") else None
        ),
    )


def _rows(dataset: Any) -> int | None:
    """The length of a data set; that of an iterable one is not asked, as asking is noted in it."""
    if dataset is None or isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        return None
    try:
        return len(dataset)
    except Exception as error:
        if interruption(error) is not None:
            raise
        return None


def raw_sets(loop: Any, role: Role) -> dict[str, RawData]:
    """The data sets of the loaders that a loop goes through, under the names of `data_sets`."""
    combined = getattr(loop, "_combined_loader", None)
    flat = list(getattr(combined, "flattened", None) or ())
    return {
        role if len(flat) == 1 else f"{role} {place}": _raw(getattr(each, "dataset", None), role)
        for place, each in enumerate(flat)
    }


def _raw(dataset: Any, role: Role) -> RawData:
    whole = dataset.dataset if isinstance(dataset, Subset) else dataset
    if isinstance(whole, TensorDataset):
        return RawData(dataset, role=role)
    why = f"items of {type(whole).__name__} are not read: that could change what they are later"
    return RawData(role=role, not_known=why)


def sets_of(training: dict[str, DataSet], validating: dict[str, DataSet]) -> dict[str, DataSet]:
    """The data sets by the names that detectors know them by."""
    found = {}
    if len(training) == 1:
        (only,) = training.values()
        found["training"] = DataSet(role="training", rows=only.rows)
    for at, each in enumerate(validating.values()):
        name = "validation" if len(validating) == 1 else f"validation loader {at}"
        found[name] = DataSet(role="validation", rows=_used(each))
    return found


def _used(each: DataSet) -> int | None:
    """How many rows an epoch takes."""
    if each.batches is None or each.batch_size is None:
        return each.rows
    most = each.batches * each.batch_size
    return most if each.rows is None else min(each.rows, most)
