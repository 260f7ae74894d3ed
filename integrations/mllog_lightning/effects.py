"""Callbacks of Lightning's that change what is trained, with which settings, or what is kept."""

from collections.abc import Iterator
from typing import Any, Final

from mllog_callbacks.facts import HyperparametersSet, ParameterChange, Weights
from mllog_lightning.position import position

__all__ = ["Trainable", "accumulates", "averaged", "found_before"]

_AVERAGING: Final = {"StochasticWeightAveraging", "WeightAveraging"}


def _of(trainer: Any, kinds: set[str]) -> Iterator[Any]:
    for each in trainer.callbacks:
        if any(kind.__name__ in kinds for kind in type(each).__mro__):
            yield each


def found_before(trainer: Any) -> Iterator[HyperparametersSet]:
    """What Lightning's finders have set before the training began."""
    for each in _of(trainer, {"LearningRateFinder"}):
        found = getattr(each, "optimal_lr", None)
        place = getattr(found, "_optimal_idx", None)
        if found is not None and place is not None:
            tried = found.results["lr"]
            rate, name = float(tried[place]), type(each).__name__
            yield HyperparametersSet(
                change=ParameterChange(name="learning rate", now=rate, by=name, tried=len(tried)),
                found_by=name,
                learning_rate=rate,
            )
    for each in _of(trainer, {"BatchSizeFinder"}):
        size, name = getattr(each, "optimal_batch_size", None), type(each).__name__
        if isinstance(size, int):
            yield HyperparametersSet(
                change=ParameterChange(name="batch size", now=size, by=name),
                found_by=name,
                batch_size=size,
            )


def accumulates(trainer: Any, before: int) -> HyperparametersSet:
    """Over how many batches gradients are accumulated was changed, by whom as far as known."""
    schedule = next(_of(trainer, {"GradientAccumulationScheduler"}), None)
    now = trainer.accumulate_grad_batches
    change = ParameterChange(
        name="accumulate_grad_batches",
        before=before,
        now=now,
        by=None if schedule is None else type(schedule).__name__,
        settings=None if schedule is None else {"scheduling": str(schedule.scheduling)},
    )
    return HyperparametersSet(
        change=change,
        accumulate_grad_batches=now,
        progress=position(trainer),
        step=trainer.global_step,
    )


class Trainable:
    """Watches how many parameters are trainable, from epoch to epoch.

    Args:
        module: The module.
    """

    def __init__(self, module: Any) -> None:
        self._trainable = _trainable(module)

    def look(self, trainer: Any) -> HyperparametersSet | None:
        """What has changed since the last look: parameters frozen, or made trainable."""
        module = trainer.lightning_module
        before, now = self._trainable, _trainable(module)
        self._trainable = now
        if now == before:
            return None
        sizes = [(each.numel(), each.requires_grad) for each in module.parameters()]
        more = now[0] - before[0]
        return HyperparametersSet(
            unfrozen=more if more > 0 else None,
            frozen=None if more > 0 else -more,
            epoch=trainer.current_epoch + 1,
            trainable=sum(many for many, grad in sizes if grad),
            parameters_of_model=sum(many for many, _ in sizes),
            by=self._by(trainer) if more > 0 else None,
        )

    @staticmethod
    def _by(trainer: Any) -> str | None:
        for each in _of(trainer, {"BaseFinetuning"}):
            at = getattr(each, "unfreeze_backbone_at_epoch", None)
            if at == trainer.current_epoch:
                return type(each).__name__
        return None


def _trainable(module: Any) -> tuple[int, int]:
    """How many of a module's parameters are trainable, and how many there are, as tensors."""
    parameters = [*module.parameters()]
    return sum(1 for each in parameters if each.requires_grad), len(parameters)


def averaged(trainer: Any) -> Weights | None:
    """Which weights a training leaves that averaged them; None where none did."""
    for each in _of(trainer, _AVERAGING):
        model = getattr(each, "_average_model", None)
        many = getattr(each, "n_averaged", None)
        if many is None:
            many = getattr(model, "n_averaged", None)
        if many is not None and int(many) > 0:
            return Weights(averaged_by=type(each).__name__, updates=int(many))
    return None
