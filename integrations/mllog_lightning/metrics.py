"""What Lightning has computed: which values are new, and which stage logged them.

Lightning's own cache is read (`callback_metrics` itself would compute, and in a distributed
training communicate: a rank that reads alone would hang there). The cache keeps a value until the
next one of that name replaces it, of whatever stage: an old value is no new one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from torch import Tensor

__all__ = ["NewValues", "cached_metrics", "monitored", "results", "results_ever", "validated"]

_FORKS: Final = ("_step", "_epoch")


def _cache(trainer: Any) -> Mapping[str, Any]:
    connector = getattr(trainer, "_logger_connector", None)
    found = getattr(connector, "_callback_metrics", None)
    return found if isinstance(found, Mapping) else {}


def monitored(trainer: Any, name: str) -> Any:
    """The value that a callback which monitors a name would find now; None where there is none."""
    return _cache(trainer).get(name)


def cached_metrics(trainer: Any) -> dict[str, Any]:
    """The metrics that Lightning has computed, tensors as they are; not those of single steps."""
    found = _cache(trainer)
    return {name: value for name, value in found.items() if not _is_fork(name, found)}


def _is_fork(name: str, names: Mapping[str, Any]) -> bool:
    """Whether a metric logged by step and by epoch is here a second time, for one of them."""
    return any(name.endswith(each) and name.removesuffix(each) in names for each in _FORKS)


def results(loop: Any) -> Iterator[tuple[str, Any]]:
    """What a stage of the training has logged since its last reset, by name."""
    return ((name, each) for name, each in results_ever(loop) if not each.has_reset)


def results_ever(loop: Any) -> Iterator[tuple[str, Any]]:
    """What a stage of the training has ever logged, by name."""
    found = getattr(loop, "_results", None)
    for each in found.values() if isinstance(found, Mapping) else ():
        name, loader = each.meta.name, each.meta.dataloader_idx
        suffixed = loader is not None and getattr(each.meta, "add_dataloader_idx", True)
        yield f"{name}/dataloader_idx_{loader}" if suffixed else name, each


def validated(trainer: Any) -> dict[str, Any]:
    """What the validation that has just ended has logged."""
    names = {name for name, _ in results(trainer.fit_loop.epoch_loop.val_loop)}
    return {name: each for name, each in cached_metrics(trainer).items() if name in names}


class NewValues:
    """Separates the values that were logged since the last look from those left from before.

    Each computation makes a tensor of its own; those that were seen are kept, so that their memory
    is not used for another.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}

    def note(self, values: Mapping[str, Any]) -> None:
        """Take values as seen: those of a validation."""
        self._seen.update(values)

    def peek(self, trainer: Any) -> dict[str, Any]:
        """The values that are new, apart from learning rates that a callback adds."""
        added = _of_rates(trainer)
        return {
            name: value
            for name, value in cached_metrics(trainer).items()
            if name not in added and not (name in self._seen and _same(value, self._seen[name]))
        }

    def take(self, trainer: Any) -> dict[str, Any]:
        """The same; they are seen then."""
        found = self.peek(trainer)
        self.note(found)
        return found


def _of_rates(trainer: Any) -> set[str]:
    """The names that `LearningRateMonitor` adds."""
    added: set[str] = set()
    for each in trainer.callbacks:
        if any(kind.__name__ == "LearningRateMonitor" for kind in type(each).__mro__):
            added |= {*each.lrs, *each.last_momentum_values, *each.last_weight_decay_values}
    return added


def _same(value: Any, seen: Any) -> bool:
    """Whether it is the value that was seen: the cache detaches it anew at each reading."""
    if value is seen or not (isinstance(value, Tensor) and isinstance(seen, Tensor)):
        return value is seen or (type(value) is float and value == seen)
    if value.device != seen.device or value.device.type == "meta":
        return False
    return value.data_ptr() == seen.data_ptr()
