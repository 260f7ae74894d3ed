"""The best of each metric so far, and what detectors see of a fit: each stage by itself."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mllog_callbacks import DetectorSet, Facts, Issue, Observation, facts
from mllog_callbacks.detectors import replace, together
from mllog_callbacks.schema import is_learning_rate, parse_metric_name
from mllog_lightning.directions import Direction, Directions

__all__ = ["Best", "MetricWatch", "Moment", "Stage"]

Stage: TypeAlias = Literal["training", "validation"]

_LOSS: Final = "train_loss (returned by training_step)"
_COUNTERS: Final = frozenset({"epoch", "step", "global_step"})
"""What is logged to be an axis, and measures nothing."""


class Moment(NamedTuple):
    """When values were measured.

    Attributes:
        epoch: In which epoch, counted from 1.
        step: After how many steps of the optimizer.
        is_step: Whether detectors count steps: validations come within epochs.
    """

    epoch: int
    step: int
    is_step: bool = False

    @property
    def place(self) -> int:
        """What detectors count."""
        return self.step if self.is_step else self.epoch

    @property
    def unit(self) -> str:
        """The name of that."""
        return "step" if self.is_step else "epoch"


@dataclass(slots=True)
class Best:
    """The best value of a metric so far.

    Attributes:
        value: The value.
        epoch: The epoch it was measured in, counted from 1.
        step: The step it was measured at.
    """

    value: float
    epoch: int
    step: int


class MetricWatch:
    """Keeps the best of each metric of each stage, and shows values to detectors.

    Args:
        directions: The directions of the metrics.
        stoppers: The patience of early stopping, by what it monitors; empty where there is none.
        validates: Whether there is a validation: then the training's metrics are only compared
            with it.
        by_step: Whether positions count steps.

    Attributes:
        loss: The key of the metric that `training_step` returns; empty before one was seen.
    """

    def __init__(
        self,
        directions: Directions,
        stoppers: Mapping[str, int],
        *,
        validates: bool,
        by_step: bool,
    ) -> None:
        self.directions = directions
        self._stoppers, self._validates, self._by_step = stoppers, validates, by_step
        self._best: dict[tuple[Stage, str], Best] = {}
        self.loss = ""

    def take_loss(self, values: dict[str, float], loss: float | None) -> None:
        """Add the mean of what `training_step` returned, unless it was logged by another name.

        What `training_step` returns to be minimised is better when it is less, by definition.
        """
        if loss is None:
            return
        for name, value in values.items():
            if _same(value, loss):
                self.directions.minimise(name)
                self.loss = _key(name)
                return
        self.loss = self.loss or _key(_LOSS)
        self.directions.minimise(_LOSS)
        values[_LOSS] = loss

    def take(self, stage: Stage, values: Mapping[str, float], at: Moment) -> None:
        """Take the values of a stage."""
        for name, value in values.items():
            direction = self.directions.of(name)
            if direction is None or not math.isfinite(value):
                continue
            best = self._best.get((stage, name))
            sign = 1 if direction.higher_is_better else -1
            if best is None or sign * value > sign * best.value:
                self._best[stage, name] = Best(value, at.epoch, at.step)

    def best(self, name: str) -> Best | None:
        """The best of a metric, of validation where it has one."""
        found = self._best.get(("validation", name))
        return found or self._best.get(("training", name))

    def bests(self) -> dict[str, dict[str, facts.Best]]:
        """The best of each metric, by stage, as facts."""
        found: dict[str, dict[str, facts.Best]] = {}
        for (stage, name), best in self._best.items():
            at = best.step if self._by_step else best.epoch
            found.setdefault(stage, {})[name] = facts.Best(value=best.value, at=at)
        return found

    def better(self, name: str, score: float | None) -> facts.Best | None:
        """The best value of a metric, where a checkpoint has a worse one; else None.

        Args:
            name: The metric, as a callback monitors it.
            score: The checkpoint's; None where that is not known.
        """
        own = name.removesuffix("_epoch").removesuffix("_step")
        known = next((each for each in map(self.best, (name, own)) if each is not None), None)
        direction = self.directions.of(name)
        if known is None or direction is None or score is None:
            return None
        sign = 1 if direction.higher_is_better else -1
        if math.isclose(known.value, score, rel_tol=1e-6) or sign * (known.value - score) < 0:
            return None
        return facts.Best(value=known.value, at=known.epoch)

    def observe(
        self,
        detectors: DetectorSet,
        training: Mapping[str, float],
        validation: Mapping[str, float],
        at: Moment,
        *,
        rate: float | None,
    ) -> list[Issue]:
        """Show new values to detectors; returns the issues that begin or end with them."""
        found: list[Issue] = []
        known = detectors.facts
        try:
            for name, each in self._observations(training, validation, at, rate):
                detectors.facts = self._stopping(known, name)
                found += [self._with_source(issue, name) for issue in detectors.observe(each)]
        finally:
            detectors.facts = known
        return together(found)

    def state(self) -> dict[str, Any]:
        """The best so far, in numbers and texts alone."""
        return {
            "best": [
                [stage, name, best.value, best.epoch, best.step]
                for (stage, name), best in self._best.items()
            ]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where another was."""
        self._best = {(stage, name): Best(*best) for stage, name, *best in state["best"]}

    def _observations(
        self,
        training: Mapping[str, float],
        validation: Mapping[str, float],
        at: Moment,
        rate: float | None,
    ) -> Iterator[tuple[str, Observation]]:
        """Each metric of validation beside that of training; or, without any, each of training.

        A mean of what `training_step` returned is left out where it is no finite number: those who
        watch its steps have seen which one it was.
        """
        trained = {
            _key(name): value
            for name, value in training.items()
            if name != _LOSS or math.isfinite(value)
        }
        if not self._validates:
            for name, value in training.items():
                if _measures(name) and (name != _LOSS or math.isfinite(value)):
                    yield name, self._observation(name, "training", at, rate)._replace(train=value)
        seen: set[tuple[str, str]] = set()
        for name, value in validation.items():
            if not _measures(name):
                continue
            made = self._observation(name, _set_of(name), at, rate)
            if (made.dataset, made.metric) in seen:
                made = made._replace(metric=name)
            seen.add((made.dataset, made.metric))
            yield name, made._replace(train=trained.get(_key(name)), validation=value)

    def _observation(self, name: str, dataset: str, at: Moment, rate: float | None) -> Observation:
        direction = self.directions.of(name)
        return Observation(
            at.place,
            "epoch",
            _metric(name),
            dataset,
            higher_is_better=None if direction is None else direction.higher_is_better,
            learning_rate=rate,
            called="step" if at.is_step else "",
        )

    def _stopping(self, facts: Facts, name: str) -> Facts:
        """The facts for issues of a metric: of early stopping, whether that watches this one."""
        if not self._stoppers:
            return replace(facts, early_stopping=False)
        waits = next(
            (self._stoppers[each] for each in _names(name) if each in self._stoppers), None
        )
        return replace(facts, early_stopping=None if waits is None else True, patience=waits)

    def _with_source(self, issue: Issue, name: str) -> Issue:
        """Say in an issue on whose word a direction rests, where that is a name or a default."""
        direction = self.directions.of(name)
        said = "" if direction is None else _assumption(direction, name)
        return replace(issue, reasoning=f"{issue.reasoning} {said}") if said else issue


def _assumption(direction: Direction, name: str) -> str:
    better = "higher" if direction.higher_is_better else "lower"
    if not direction.source:
        return f"Assumed {better}-is-better from the name {name}."
    if "mode='min'" in direction.source:
        return f"Taken as {better}-is-better: {direction.source}."
    return ""


def _names(name: str) -> tuple[str, str, str]:
    return name, f"{name}_epoch", f"{name}_step"


def _measures(name: str) -> bool:
    return name not in _COUNTERS and not is_learning_rate(name)


def _same(value: float, other: float) -> bool:
    both_nan = math.isnan(value) and math.isnan(other)
    return both_nan or math.isclose(value, other, rel_tol=1e-4)


def _metric(name: str) -> str:
    """A metric's name without its stage, as in "loss" for "val_loss"."""
    return "loss" if name == _LOSS else parse_metric_name(name).metric


def _key(name: str) -> str:
    """The same in one spelling."""
    return "loss" if name == _LOSS else parse_metric_name(name).key


def _set_of(name: str) -> str:
    """The set of a validation metric: with the number of its loader, where there are several."""
    _, slash, loader = name.partition("/dataloader_idx_")
    return f"validation loader {loader}" if slash else "validation"
