"""Callbacks of Lightning's that change what is trained, with which settings, or what is kept."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mllog_callbacks import Reason
from mllog_callbacks.schema import count, number

__all__ = ["Effect", "Trainable", "averaged", "found_before"]

_AVERAGING: Final = {"StochasticWeightAveraging", "WeightAveraging"}


class Effect(NamedTuple):
    """What a callback has changed.

    Attributes:
        reason: What, and by whom.
        facts: The same as facts.
    """

    reason: Reason
    facts: dict[str, object]


def _of(trainer: Any, kinds: set[str]) -> Iterator[Any]:
    for each in trainer.callbacks:
        if any(kind.__name__ in kinds for kind in type(each).__mro__):
            yield each


def found_before(trainer: Any) -> Iterator[Effect]:
    """What Lightning's finders have set before the training began."""
    for each in _of(trainer, {"LearningRateFinder"}):
        found = getattr(each, "optimal_lr", None)
        place = getattr(found, "_optimal_idx", None)
        if found is not None and place is not None:
            rate = float(found.results["lr"][place])
            name = type(each).__name__
            yield Effect(
                Reason(
                    f"{name} set the learning rate to {number(rate)}.",
                    f"It is the suggestion of a search of {len(found.results['lr']):,} rates.",
                ),
                {"found_by": name, "learning_rate": rate},
            )
    for each in _of(trainer, {"BatchSizeFinder"}):
        size = getattr(each, "optimal_batch_size", None)
        if isinstance(size, int):
            name = type(each).__name__
            yield Effect(
                Reason(f"{name} set the batch size to {size:,}.", "It searched for one."),
                {"found_by": name, "batch_size": size},
            )


class Trainable:
    """Watches how many parameters are trainable, from epoch to epoch.

    Args:
        module: The module.
    """

    def __init__(self, module: Any) -> None:
        self._trainable = _trainable(module)

    def look(self, trainer: Any) -> Effect | None:
        """What has changed since the last look: parameters frozen, or made trainable."""
        module = trainer.lightning_module
        before, now = self._trainable, _trainable(module)
        self._trainable = now
        if now == before:
            return None
        sizes = [(each.numel(), each.requires_grad) for each in module.parameters()]
        trainable, total = sum(n for n, grad in sizes if grad), sum(n for n, _ in sizes)
        more = now[0] > before[0]
        by = self._by(trainer) if more else ""
        changed = count(abs(now[0] - before[0]), "parameter tensor")
        return Effect(
            Reason(
                f"{changed} {'became trainable' if more else 'were frozen'}"
                f" before epoch {trainer.current_epoch + 1:,}.",
                f"{trainable:,} of {total:,} parameters are trainable now.{by}",
            ),
            {
                "epoch": trainer.current_epoch + 1,
                "trainable": trainable,
                "parameters_of_model": total,
                **({"by": by.split("(")[0].strip()} if by else {}),
            },
        )

    @staticmethod
    def _by(trainer: Any) -> str:
        for each in _of(trainer, {"BaseFinetuning"}):
            at = getattr(each, "unfreeze_backbone_at_epoch", None)
            if at == trainer.current_epoch:
                return f" {type(each).__name__}(unfreeze_backbone_at_epoch={at}) did it."
        return ""


def _trainable(module: Any) -> tuple[int, int]:
    """How many of a module's parameters are trainable, and how many there are, as tensors."""
    parameters = [*module.parameters()]
    return sum(1 for each in parameters if each.requires_grad), len(parameters)


def averaged(trainer: Any) -> tuple[str, dict[str, object]]:
    """Which weights a training leaves that averaged them: a sentence, and facts; else empty."""
    for each in _of(trainer, _AVERAGING):
        model = getattr(each, "_average_model", None)
        many = getattr(each, "n_averaged", None)
        if many is None:
            many = getattr(model, "n_averaged", None)
        if many is None or int(many) == 0:
            continue
        name, updates = type(each).__name__, count(int(many), "update")
        return (
            f"{name} leaves the module with averaged weights ({updates}).",
            {"weights": {"averaged_by": name, "updates": int(many)}},
        )
    return "", {}
