"""What is known of a training before it begins: its data, its model, and how it is computed.

All of it is read from state that Lightning and PyTorch hold; no loader is iterated, and no
property is asked that would make something.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils.data import IterableDataset

from mllog_callbacks.facts import Continued, DataSet, Plan, Progress, Role, dump
from mllog_callbacks.schema import interruption

__all__ = [
    "LoaderFacts",
    "ModelFacts",
    "beginning",
    "callbacks",
    "data_sets",
    "loaders",
    "model_facts",
    "named",
    "position",
    "resolved",
    "sets_of",
]

_DROPOUTS: Final = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


class LoaderFacts(NamedTuple):
    """What a data loader says of itself.

    Attributes:
        loader: Its class.
        dataset: The class of its data set; None where it has none.
        rows: How many items the data set has; None where that is not known without reading it.
        batch_size: Items a batch; None where that is not known.
        batches: Batches that are taken of it; None where there is no end.
    """

    loader: str
    dataset: str | None
    rows: int | None
    batch_size: int | None
    batches: int | None

    @property
    def used(self) -> int | None:
        """How many items are taken of it."""
        if self.batches is None or self.batch_size is None:
            return self.rows
        most = self.batches * self.batch_size
        return most if self.rows is None else min(self.rows, most)


def loaders(loop: Any) -> list[LoaderFacts]:
    """The facts of the loaders that one of Lightning's loops goes through."""
    combined, batches = getattr(loop, "_combined_loader", None), loop.max_batches
    flat = list(getattr(combined, "flattened", None) or ())
    counts = batches if isinstance(batches, list) else [batches] * len(flat)
    return [_loader(each, count) for each, count in zip(flat, counts, strict=False)]


def _loader(loader: object, batches: object) -> LoaderFacts:
    dataset = getattr(loader, "dataset", None)
    size = getattr(loader, "batch_size", None)
    if size is None:
        size = getattr(getattr(loader, "batch_sampler", None), "batch_size", None)
    return LoaderFacts(
        type(loader).__name__,
        None if dataset is None else type(dataset).__name__,
        _rows(dataset),
        size if isinstance(size, int) else None,
        int(batches) if isinstance(batches, (int, float)) and batches < float("inf") else None,
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


def beginning(trainer: Any, limits: Mapping[str, int], source: object) -> dict[str, object]:
    """The facts of a start.

    Args:
        trainer: The trainer.
        limits: The limits of epochs and of steps, where there are any.
        source: The checkpoint that it resumes; None where it does not.
    """
    by_step = "epochs" not in limits and "steps" in limits
    plan = Plan(
        unit="step" if by_step else "epoch", most=limits.get("steps" if by_step else "epochs")
    )
    found: dict[str, object] = {"plan": dump(plan)}
    if "steps" in limits and not by_step:
        found["most_steps"] = limits["steps"]
    if source is not None:
        found["continues"] = dump(Continued(path=str(source)))
    if trainer.world_size > 1:
        found["machines"] = trainer.world_size
    return found


def position(trainer: Any) -> dict[str, object]:
    """How far a training is, in epochs."""
    most = trainer.max_epochs
    planned = most if most is not None and most >= 0 else None
    return dump(Progress(unit="epoch", done=trainer.current_epoch, planned=planned))


def data_sets(role: Role, found: list[LoaderFacts]) -> dict[str, object]:
    """The facts of a stage's loaders, by the name of each."""
    sets = cast("dict[str, dict[str, object]]", named(role, found))
    return {
        name: {**dump(DataSet(role=role, rows=cast("int | None", each["rows"]))), **each}
        for name, each in sets.items()
    }


def named(what: str, found: list[LoaderFacts]) -> dict[str, object]:
    """The facts of loaders by a name: that of what they are for, numbered where there are many."""
    return {
        what if len(found) == 1 else f"{what} {place}": each._asdict()
        for place, each in enumerate(found)
    }


def sets_of(training: list[LoaderFacts], validating: list[LoaderFacts]) -> dict[str, DataSet]:
    """The data sets by the names that detectors know them by."""
    found = {}
    if len(training) == 1:
        found["training"] = DataSet(role="training", rows=training[0].rows)
    for at, each in enumerate(validating):
        name = "validation" if len(validating) == 1 else f"validation loader {at}"
        found[name] = DataSet(role="validation", rows=each.used)
    return found


class ModelFacts(NamedTuple):
    """What a module says of itself.

    Attributes:
        name: Its class.
        parameters_of_model: Number of parameters; None where some are made by the first batch only.
        trainable: Of these, how many are trainable.
        dropout: The one probability of all its dropout layers; None where there are none, or
            several probabilities.
        by_hand: Whether it optimises by hand.
    """

    name: str
    parameters_of_model: int | None
    trainable: int | None
    dropout: float | None
    by_hand: bool = False


def model_facts(module: nn.Module) -> ModelFacts:
    """Read the facts of a module."""
    parameters = list(module.parameters())
    layers = (each for each in module.modules() if isinstance(each, _DROPOUTS))
    dropouts = {float(each.p) for each in layers}
    known = not any(is_lazy(each) for each in parameters)
    return ModelFacts(
        type(module).__name__,
        sum(each.numel() for each in parameters) if known else None,
        sum(each.numel() for each in parameters if each.requires_grad) if known else None,
        dropouts.pop() if len(dropouts) == 1 else None,
        getattr(module, "automatic_optimization", True) is False,
    )


def resolved(trainer: Any) -> dict[str, object]:
    """What Lightning made of what it was asked for: where, how and how exactly it computes."""
    return {
        "accelerator": type(trainer.accelerator).__name__,
        "strategy": type(trainer.strategy).__name__,
        "devices": trainer.num_devices,
        "num_nodes": trainer.num_nodes,
        "precision": trainer.precision,
    }


def callbacks(trainer: Any) -> list[str]:
    """The classes of a trainer's callbacks: the caller's, the module's and Lightning's own."""
    return [type(each).__name__ for each in trainer.callbacks]
