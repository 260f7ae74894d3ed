"""Which values of a metric are better, and on whose word."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mllog_callbacks import Issue, Observation
from mllog_callbacks.detectors import KINDS, Severity, StatedDirections
from mllog_callbacks.facts import Subject
from mllog_callbacks.schema import assumed_direction
from mllog_lightning.metrics import results_ever

__all__ = ["Direction", "Directions", "contradictions"]

_KIND: Final = next(each for each in KINDS if each.name == "monitor_mode")

_FORKS: Final = ("", "_epoch", "_step")


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction.

    Attributes:
        higher_is_better: Whether more is better.
        source: Who says so; empty where it is assumed from the metric's name.
    """

    higher_is_better: bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Monitor:
    """A callback or scheduler that compares the values of a metric.

    Attributes:
        name: What it monitors.
        mode: Which values are better to it: "min" or "max".
        words: What it is.
        saves: Whether it chooses a checkpoint.
    """

    name: str
    mode: str
    words: str
    saves: bool = False

    @property
    def direction(self) -> Direction:
        return Direction(self.mode == "max", self.words)


def _monitors(trainer: Any) -> Iterator[_Monitor]:
    savers = {id(each) for each in trainer.checkpoint_callbacks}
    for each in [*trainer.early_stopping_callbacks, *trainer.checkpoint_callbacks]:
        monitor, mode = getattr(each, "monitor", None), getattr(each, "mode", None)
        if isinstance(monitor, str) and mode in {"min", "max"}:
            words = f"{type(each).__name__}(monitor={monitor!r}, mode={mode!r})"
            yield _Monitor(monitor, mode, words, id(each) in savers)
    for config in trainer.lr_scheduler_configs:
        mode = getattr(config.scheduler, "mode", None)
        if isinstance(config.monitor, str) and mode in {"min", "max"}:
            kind = type(config.scheduler).__name__
            yield _Monitor(config.monitor, mode, f"{kind}(mode={mode!r}) on {config.monitor}")


class Directions:
    """The directions of a fit's metrics.

    A mode of "max" is the caller's word, as it is nowhere the default. A mode of "min" may be one:
    what a metric object or a metric's usual name says goes before it.

    Args:
        trainer: The trainer, whose callbacks and schedulers are set up.
        stated: The directions that the caller states.
    """

    def __init__(self, trainer: Any, stated: StatedDirections) -> None:
        self._stated = stated
        self._given: dict[str, Direction] = {}
        self._by_default: dict[str, Direction] = {}
        self._of_objects: dict[str, Direction] = {}
        for each in _monitors(trainer):
            known = self._given if each.mode == "max" else self._by_default
            known.setdefault(each.name, each.direction)

    def learn(self, loop: Any) -> None:
        """Take what the metric objects say that a stage has logged (torchmetrics)."""
        for name, each in results_ever(loop):
            higher = getattr(each.value, "higher_is_better", None)
            if isinstance(higher, bool) and name not in self._of_objects:
                source = f"{type(each.value).__name__}.higher_is_better={higher}"
                self._of_objects[name] = Direction(higher, source)

    def minimise(self, name: str) -> None:
        """Take note that a metric is what `training_step` returns: that is minimised."""
        self._of_objects.setdefault(
            name, Direction(higher_is_better=False, source="training_step returns it")
        )

    def of(self, name: str) -> Direction | None:
        """The direction of a metric; None where nothing says which."""
        if (higher := self._stated(name)) is not None:
            return Direction(higher, "directions=")
        names = [f"{name}{each}" for each in _FORKS]
        for known in (self._given, self._of_objects):
            if (found := _first(known, names)) is not None:
                return found
        assumed = assumed_direction(name)
        if assumed is not None:
            return Direction(assumed)
        return _first(self._by_default, names)


def _first(known: Mapping[str, Direction], names: list[str]) -> Direction | None:
    return next((known[each] for each in names if each in known), None)


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """A monitor that keeps or waits for the worse values.

    Attributes:
        metric: What it monitors.
        decision: What it does.
        reasoning: On which evidence, with what consequence.
        saves: Whether it chooses the checkpoint that is kept.
        mode: Its mode.
    """

    metric: str
    decision: str
    reasoning: str
    saves: bool
    mode: str


def contradictions(trainer: Any, stated: StatedDirections) -> Iterator[Issue]:
    """Issues of monitors that contradict another of the same metric, or the metric's usual name.

    Those of one metric are one issue: an error where one of them chooses the checkpoint.
    """
    by_metric: dict[str, list[_Contradiction]] = {}
    for each in _contradictions(trainer, stated):
        by_metric.setdefault(each.metric, []).append(each)
    for metric, found in by_metric.items():
        found.sort(key=lambda each: not each.saves)
        first, *others = found
        yield _KIND.issue(
            Observation(0),
            first.decision,
            " ".join([first.reasoning, *(each.decision for each in others)]),
            {"mode": first.mode},
            Severity.ERROR if first.saves else Severity.WARNING,
            subject=Subject(metric=metric),
        )


def _contradictions(trainer: Any, stated: StatedDirections) -> Iterator[_Contradiction]:
    monitors = [*_monitors(trainer)]
    given = {each.name: each for each in monitors if each.mode == "max"}
    for each in monitors:
        other = given.get(each.name) if each.mode == "min" else None
        said = stated(each.name)
        usual = assumed_direction(each.name) if said is None else said
        if other is not None:
            why = f"{other.words} says that more of it is better."
        elif usual is not None and usual is not (each.mode == "max"):
            by = "By its name" if said is None else "As directions= states"
            why = f"{by}, {'more' if usual else 'less'} of {each.name} is better."
        else:
            continue
        kept = "lowest" if each.mode == "min" else "highest"
        does = "keeps the checkpoint with" if each.saves else "takes for best"
        yield _Contradiction(
            each.name,
            f"{each.words} {does} the {kept} {each.name}.",
            f"{why} mode='min' is the default where none is given." if each.mode == "min" else why,
            each.saves,
            each.mode,
        )
