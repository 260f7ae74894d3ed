"""What is known of a training before it begins: its data, its model and its settings.

All of it is read from state that Lightning and PyTorch hold; no loader is iterated, and no
property is asked that would make something.
"""

import inspect
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils.data import IterableDataset

from mllog_callbacks import guarded

__all__ = [
    "LoaderFacts",
    "ModelFacts",
    "Settings",
    "callbacks",
    "loaders",
    "model_facts",
    "module_settings",
    "named",
    "optimizer_settings",
    "resolved",
    "trainer_settings",
]

_DROPOUTS: Final = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
_PLAIN: Final = (bool, int, float, str, type(None))


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
    except Exception:  # noqa: BLE001 - a foreign class; what it cannot say is not known
        return None


def named(what: str, found: list[LoaderFacts]) -> dict[str, object]:
    """The facts of loaders by a name: that of what they are for, numbered where there are many."""
    return {
        what if len(found) == 1 else f"{what} {place}": each._asdict()
        for place, each in enumerate(found)
    }


class ModelFacts(NamedTuple):
    """What a module says of itself.

    Attributes:
        name: Its class.
        parameters: Number of parameters; None where some are made by the first batch only.
        trainable: Of these, how many are trained.
        dropout: The one probability of all its dropout layers; None where there are none, or
            several probabilities.
    """

    name: str
    parameters: int | None
    trainable: int | None
    dropout: float | None


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
    )


class Settings(NamedTuple):
    """Settings of one thing, told apart by who chose them.

    Attributes:
        of: What they are settings of.
        given: Those that are not as the signature has them: the caller chose them.
        defaults: Those that are.
        in_force: Values that stand now in the place of these, by name.
    """

    of: str
    given: dict[str, object]
    defaults: dict[str, object]
    in_force: Mapping[str, object] = MappingProxyType({})


def _told_apart(of: str, values: Mapping[str, object], signature: Mapping[str, object]) -> Settings:
    given = {
        name: value
        for name, value in values.items()
        if name not in signature or not _same(value, signature[name])
    }
    defaults = {name: value for name, value in values.items() if name not in given}
    return Settings(of, given, defaults)


def _same(value: object, default: object) -> bool:
    """Whether a value is a default; values of foreign classes are not compared."""
    if isinstance(value, tuple) and isinstance(default, tuple) and len(value) == len(default):
        return all(map(_same, value, default))
    return isinstance(value, _PLAIN) and isinstance(default, _PLAIN) and value == default


def _other(value: object, first: object) -> bool:
    """Whether a value is known to be another; values of foreign classes are not compared."""
    if isinstance(value, tuple) and isinstance(first, tuple) and len(value) == len(first):
        return any(map(_other, value, first))
    return isinstance(value, _PLAIN) and isinstance(first, _PLAIN) and value != first


def _signature(kind: type) -> dict[str, object]:
    """The defaults of a class's arguments; empty where it does not tell."""
    try:
        found = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {each.name: each.default for each in found if each.default is not each.empty}


def optimizer_settings(optimizers: Iterable[Any], *, restored: bool) -> list[Settings]:
    """The settings that optimizers were made with.

    Groups of parameters may have others: given by group, or set since by a scheduler or a tuner.

    Args:
        optimizers: The optimizers.
        restored: Whether a checkpoint is about to set those of the groups.
    """
    found = []
    for each in optimizers:
        made = getattr(each, "defaults", {})
        told = _told_apart(type(each).__name__, made, _signature(type(each)))
        found.append(told if restored else told._replace(in_force=_by_group(each, made)))
    return found


def _by_group(optimizer: Any, made: Mapping[str, object]) -> dict[str, object]:
    """The settings of groups of parameters that are not those of the optimizer."""
    found: dict[str, object] = {}
    for name, value in made.items():
        groups = [group[name] for group in optimizer.param_groups if name in group]
        if any(_other(each, value) for each in groups):
            distinct = [*dict.fromkeys(groups)]
            found[name] = distinct[0] if len(distinct) == 1 else distinct
    return found


def module_settings(module: object) -> Settings | None:
    """The hyperparameters that a module or data module has saved; None where it has none."""
    # not the property `hparams`: it would make an empty one
    own = getattr(module, "__dict__", {})
    saved, made = own.get("_hparams"), own.get("_hparams_initial")
    if not isinstance(saved, Mapping) or not saved:
        return None
    first = dict(made) if isinstance(made, Mapping) else {}
    changed = {name: each for name, each in saved.items() if _other(each, first.get(name, each))}
    values = {name: first.get(name, each) for name, each in saved.items()}
    told = _told_apart(type(module).__name__, values, _signature(type(module)))
    return told._replace(in_force=changed)


# Where a trainer keeps what it was given, resolved; the name is that of its argument
_ATTRIBUTES: Final = {
    "num_nodes": "num_nodes",
    "precision": "precision",
    "fast_dev_run": "fast_dev_run",
    "max_epochs": "max_epochs",
    "min_epochs": "min_epochs",
    "max_steps": "max_steps",
    "min_steps": "min_steps",
    "limit_train_batches": "limit_train_batches",
    "limit_val_batches": "limit_val_batches",
    "overfit_batches": "overfit_batches",
    "val_check_interval": "val_check_interval",
    "check_val_every_n_epoch": "check_val_every_n_epoch",
    "num_sanity_val_steps": "num_sanity_val_steps",
    "log_every_n_steps": "log_every_n_steps",
    "accumulate_grad_batches": "accumulate_grad_batches",
    "gradient_clip_val": "gradient_clip_val",
    "gradient_clip_algorithm": "gradient_clip_algorithm",
    "detect_anomaly": "_detect_anomaly",
    "barebones": "barebones",
    "reload_dataloaders_every_n_epochs": "reload_dataloaders_every_n_epochs",
}

# What Lightning makes of an argument that was not given (2.4 to 2.6, Trainer.__init__)
_RESOLVED: Final[dict[str, object]] = {
    "precision": "32-true",
    "min_epochs": 0,
    "limit_train_batches": 1.0,
    "limit_val_batches": 1.0,
    "val_check_interval": 1.0,
    "num_sanity_val_steps": 2,
    "log_every_n_steps": 50,
    "fast_dev_run": False,
}


def trainer_settings(trainer: Any, asked: Mapping[str, object] | None) -> Settings:
    """A trainer's settings: those its caller gave as he gave them, the others as they are.

    Args:
        trainer: The trainer.
        asked: What its caller gave. Where that is not known, what is as Lightning has it by
            default counts as default.
    """
    read = guarded(getattr)
    values = {name: read(trainer, attribute, None) for name, attribute in _ATTRIBUTES.items()}
    of = type(trainer).__name__
    if asked is None:
        return _told_apart(of, values, _signature(type(trainer)) | _RESOLVED)
    defaults: dict[str, object] = {n: value for n, value in values.items() if n not in asked}
    in_force = {name: now for name, now in values.items() if _overruled(name, asked, now)}
    return Settings(of, dict(asked), defaults, in_force)


def _overruled(name: str, asked: Mapping[str, object], now: object) -> bool:
    """Whether Lightning or its user put another value in the place of what was given."""
    given = asked.get(name)
    return name != "precision" and given is not None and _other(now, given)


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
