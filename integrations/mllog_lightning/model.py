"""The model that is trained: its class, its size, and what trains it."""

from collections.abc import Sequence
from typing import Any, Final

from torch import nn
from torch.nn.parameter import is_lazy

from mllog_callbacks.facts import AlgorithmSelected, Choice, ModelSize
from mllog_lightning.rates import rates_of, schedulers

__all__ = ["algorithm", "dropout"]

_DROPOUTS: Final = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def algorithm(
    trainer: Any, module: nn.Module, names: Sequence[str], framework: str
) -> AlgorithmSelected:
    """The facts of the model, its optimizers and their schedulers.

    Args:
        trainer: The trainer.
        module: What it trains.
        names: What its optimizers are called.
        framework: Lightning, with its version.
    """
    optimizers = dict(zip(names, trainer.optimizers, strict=True))
    return AlgorithmSelected(
        choices={"model": Choice(value=type(module).__name__, by="the caller")},
        framework=framework,
        size=_size(module),
        optimizers=tuple(names),
        learning_rates={name: rates_of(each) for name, each in optimizers.items()},
        schedulers=schedulers(trainer, trainer.lr_scheduler_configs, optimizers),
        dropout=dropout(module),
        by_hand=getattr(module, "automatic_optimization", True) is False or None,
    )


def dropout(module: nn.Module) -> float | None:
    """The one probability of a module's dropout layers; None of none, or of several."""
    layers = (each for each in module.modules() if isinstance(each, _DROPOUTS))
    found = {float(each.p) for each in layers}
    return found.pop() if len(found) == 1 else None


def _size(module: nn.Module) -> ModelSize | None:
    """How many parameters a module has; None where some are made by the first batch only."""
    parameters = list(module.parameters())
    if any(is_lazy(each) for each in parameters):
        return None
    return ModelSize(
        parameters=sum(each.numel() for each in parameters),
        trainable=sum(each.numel() for each in parameters if each.requires_grad),
    )
