"""A run's metrics by epoch: what was logged, from which stage, in which direction.

Lightning's own cache of them is read (`callback_metrics` itself would compute, and in a distributed
training communicate: a rank that reads alone would hang there).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from mllog_callbacks import DetectorSet, Issue, Observation
from mllog_callbacks.detectors import together
from mllog_callbacks.schema import number

__all__ = [
    "Best",
    "Direction",
    "MetricWatch",
    "cached_metrics",
    "directions",
    "logged_names",
    "measures",
]

_STAGE: Final = re.compile(r"^(?:train|training|val|valid|validation)[/_. -](?=.)", re.IGNORECASE)
_LOSS: Final = "train_loss (returned by training_step)"
_FORKS: Final = ("_step", "_epoch")


def cached_metrics(trainer: Any) -> dict[str, Any]:
    """The metrics that Lightning has computed, tensors as they are; not those of single steps."""
    connector = getattr(trainer, "_logger_connector", None)
    found = getattr(connector, "_callback_metrics", None)
    if not isinstance(found, Mapping):
        return {}
    return {name: value for name, value in found.items() if not _is_fork(name, found)}


def measures(trainer: Any) -> dict[str, Any]:
    """Those of the metrics that measure the model: not what `LearningRateMonitor` adds."""
    added: set[str] = set()
    for each in trainer.callbacks:
        if any(kind.__name__ == "LearningRateMonitor" for kind in type(each).__mro__):
            added |= {*each.lrs, *each.last_momentum_values, *each.last_weight_decay_values}
    return {name: each for name, each in cached_metrics(trainer).items() if name not in added}


def _is_fork(name: str, names: Mapping[str, Any]) -> bool:
    """Whether a metric logged by step and by epoch stands here a second time, for one of them."""
    return any(name.endswith(each) and name.removesuffix(each) in names for each in _FORKS)


def logged_names(loop: Any) -> set[str]:
    """The names under which a stage of the training has logged so far."""
    results = getattr(loop, "_results", None)
    if not isinstance(results, Mapping):
        return set()
    found = set()
    for each in results.values():
        name, loader = each.meta.name, each.meta.dataloader_idx
        found.add(name if loader is None else f"{name}/dataloader_idx_{loader}")
    return found


class Direction(NamedTuple):
    """Which values of a metric are better, and who says so.

    Attributes:
        higher_is_better: Whether more is better.
        source: Who says so.
    """

    higher_is_better: bool
    source: str


def directions(trainer: Any) -> dict[str, Direction]:
    """The directions that callbacks and schedulers were told."""
    found: dict[str, Direction] = {}
    for each in [*trainer.early_stopping_callbacks, *trainer.checkpoint_callbacks]:
        monitor, mode = getattr(each, "monitor", None), getattr(each, "mode", None)
        if isinstance(monitor, str) and mode in {"min", "max"}:
            said = f"{type(each).__name__}(monitor={monitor!r}, mode={mode!r})"
            found.setdefault(monitor, Direction(mode == "max", said))
    for each in trainer.lr_scheduler_configs:
        mode = getattr(each.scheduler, "mode", None)
        if isinstance(each.monitor, str) and mode in {"min", "max"}:
            said = f"{type(each.scheduler).__name__}(mode={mode!r}), which monitors {each.monitor}"
            found.setdefault(each.monitor, Direction(mode == "max", said))
    return found


_MINIMISED: Final = Direction(higher_is_better=False, source="it is what training_step returns")


@dataclass(slots=True)
class Best:
    """The best value of a metric so far.

    Attributes:
        value: The value.
        epoch: The epoch it stood at, counted from 1.
    """

    value: float
    epoch: int


class MetricWatch:
    """Keeps the best of each metric, and shows validation metrics to detectors.

    Args:
        told: The directions that are known.

    Attributes:
        best: The best of each metric whose direction is known, by name.
        validation: Names of the metrics that validation logs.
    """

    def __init__(self, told: Mapping[str, Direction]) -> None:
        self.best: dict[str, Best] = {}
        self.validation: set[str] = set()
        self._told = dict(told)

    def direction(self, name: str) -> Direction | None:
        """The direction of a metric; None where nobody has said and it is no loss by its name."""
        if name in self._told:
            return self._told[name]
        if "loss" in name.casefold():
            return Direction(higher_is_better=False, source="")
        return None

    def take_loss(self, values: dict[str, float], loss: float | None) -> None:
        """Add the mean of what `training_step` returned, unless it was logged by another name.

        What `training_step` returns to be minimised is better when it is less, by definition.
        """
        if loss is None:
            return
        for name, value in values.items():
            if name not in self.validation and _same(value, loss):
                self._told.setdefault(name, _MINIMISED)
                return
        self._told[_LOSS] = _MINIMISED
        values[_LOSS] = loss

    def take(self, values: Mapping[str, float], epoch: int) -> None:
        """Take an epoch's values."""
        for name, value in values.items():
            direction = self.direction(name)
            if direction is None or not math.isfinite(value):
                continue
            best, sign = self.best.get(name), 1 if direction.higher_is_better else -1
            if best is None or sign * value > sign * best.value:
                self.best[name] = Best(value, epoch)

    def standing(self, name: str, value: float, epoch: int) -> str:
        """How a value stands against the best so far, in words."""
        told, best = f"{name} is {number(value)}", self.best.get(name)
        if best is None:
            return f"{told}."
        if best.epoch == epoch:
            within = f"; its best was {number(best.value)}, at an earlier validation in this epoch."
            return f"{told}, its best so far." if value == best.value else f"{told}{within}"
        return f"{told}; its best was {number(best.value)} at epoch {best.epoch:,}."

    def by_set(self, values: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """Values as an entry holds them, by the stage that logged them, under their own names."""
        found: dict[str, dict[str, float]] = {}
        for name, value in values.items():
            stage = "validation" if name in self.validation else "training"
            found.setdefault(stage, {})[name] = value
        return found

    def observe(
        self,
        detectors: DetectorSet,
        values: Mapping[str, float],
        epoch: int,
        *,
        rate: float | None,
    ) -> list[Issue]:
        """Show an epoch's values to detectors; returns the issues that begin or end with it."""
        found: list[Issue] = []
        for name, each in self._observations(values, epoch, rate):
            found += [self._with_source(issue, name) for issue in detectors.observe(each)]
        return together(found)

    def observe_within(
        self,
        detectors: DetectorSet,
        values: Mapping[str, float],
        step: int,
        *,
        rate: float | None,
    ) -> list[Issue]:
        """Show a validation within an epoch to detectors that ask for no direction."""
        found: list[Issue] = []
        for name, value in values.items():
            seen = Observation(
                step,
                "step",
                _bare(name),
                validation=value,
                higher_is_better=False,
                learning_rate=rate,
            )
            found += detectors.observe(seen)
        return found

    def state(self) -> dict[str, Any]:
        """The best so far and what validation logs, in numbers and texts alone."""
        return {
            "best": {name: [best.value, best.epoch] for name, best in self.best.items()},
            "validation": sorted(self.validation),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where another was."""
        self.best = {name: Best(*best) for name, best in state["best"].items()}
        self.validation = set(state["validation"])

    def _observations(
        self, values: Mapping[str, float], epoch: int, rate: float | None
    ) -> Iterator[tuple[str, Observation]]:
        """Each metric of validation beside that of training; or, without any, each of training.

        A mean of what `training_step` returned is left out where it is no finite number: those who
        watch its steps have seen which one it was.
        """
        validated = [name for name in values if name in self.validation]
        trained = {
            _bare(name): name
            for name, value in values.items()
            if name not in self.validation and (name != _LOSS or math.isfinite(value))
        }
        for name in validated or trained.values():
            direction, metric = self.direction(name), _bare(name)
            partner = trained.get(metric)
            yield (
                name,
                Observation(
                    epoch,
                    "epoch",
                    metric,
                    train=None if partner is None else values[partner],
                    validation=values[name] if validated else None,
                    higher_is_better=None if direction is None else direction.higher_is_better,
                    learning_rate=rate,
                ),
            )

    def _with_source(self, issue: Issue, name: str) -> Issue:
        """Say in an issue that a direction was taken from a name, where it was."""
        direction = self.direction(name)
        if direction is None or direction.source:
            return issue
        told = f"That less of {name} is better is assumed, for its name says loss."
        return replace(issue, reasoning=f"{issue.reasoning} {told}")


def _same(value: float, other: float) -> bool:
    both_nan = math.isnan(value) and math.isnan(other)
    return both_nan or math.isclose(value, other, rel_tol=1e-4)


def _bare(name: str) -> str:
    """A metric's name without its stage, as in "loss" for "val_loss"."""
    return "loss" if name == _LOSS else _STAGE.sub("", name)
