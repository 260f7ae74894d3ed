"""Why a training ended where it did, by the state of the trainer and of its callbacks."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from mllog_callbacks.facts import Carried, Rule, Stop, StoppedBy, rules_by_name
from mllog_lightning.metrics import monitored
from mllog_lightning.stoppers import Stopper
from mllog_lightning.watch import Best, Moment

__all__ = ["End", "StopWatch", "carried", "patiences"]

_AVERAGING: Final = "StochasticWeightAveraging"
_SECOND: Final = "second"
_NO_BATCHES: Final = "There were no batches to train on"
_LOOP_ENDED: Final = "Lightning's training loop ended"


class End(NamedTuple):
    """How a training ended without an exception.

    Attributes:
        stop: What ended it.
        rules: Other rules that were met, by name.
    """

    stop: Stop
    rules: Mapping[str, Rule] = MappingProxyType({})


class StopWatch:
    """Watches what early stopping compares, and remembers how it was at the start.

    Its state outlives a fit: a second one still shows the stop of the first.
    """

    def __init__(self) -> None:
        self._stoppers: list[Stopper] = []

    def begin(self, trainer: Any) -> None:
        """Take the rules of a trainer that is about to train."""
        self._stoppers = [Stopper(each) for each in trainer.early_stopping_callbacks]

    def look(self, trainer: Any, at: Moment | None) -> None:
        """See what early stopping made of the values that were measured at a moment."""
        if at is not None:
            for each in self._stoppers:
                each.look(partial(monitored, trainer), at, should_stop=trainer.should_stop)

    def end(
        self,
        trainer: Any,
        best: Callable[[str], Best | None],
        *,
        trained: bool,
        asked: Rule | None = None,
    ) -> End:
        """How the training ended.

        Args:
            trainer: The trainer, done.
            best: The best of a metric.
            asked: The rule by which the user had the audit end it on an issue.
            trained: Whether there was anything to train.
        """
        if not trained and not trainer.should_stop:
            return End(_nothing_to_do(trainer))
        rules = self._rules_met(trainer, best) if trainer.should_stop else []
        if reached := _limits(trainer):
            averages = _AVERAGING if _has_extra_epoch(trainer) else None
            stop = Stop(by="plan", limits=reached, extra_epoch_by=averages)
            return End(stop, rules_by_name(rules))
        if rules:
            first, *others = rules
            by: StoppedBy = "limit" if first.unit == _SECOND else "rule"
            stop = Stop(by=by, rule=first, held_until=self._minimum(trainer))
            return End(stop, rules_by_name(others))
        if trainer.should_stop:
            return End(Stop(by="request") if asked is None else Stop(by="rule", rule=asked))
        nothing = trainer.num_training_batches == 0
        return End(Stop(by="plan", evidence=_NO_BATCHES if nothing else _LOOP_ENDED))

    def _rules_met(self, trainer: Any, best: Callable[[str], Best | None]) -> list[Rule]:
        met = [each.met(best) for each in self._stoppers]
        timers = [_timer(each) for each in trainer.callbacks]
        return [each for each in (*met, *timers) if each is not None]

    def _minimum(self, trainer: Any) -> dict[str, int] | None:
        """What kept the training going after a rule was met."""
        stopped = [each.stopped for each in self._stoppers if each.stopped is not None]
        first = min((each.epoch for each in stopped), default=trainer.current_epoch)
        least = trainer.min_epochs
        if first < trainer.current_epoch and least and trainer.current_epoch == least:
            return {"min_epochs": least}
        return None


def patiences(trainer: Any) -> dict[str, int]:
    """The least patience of early stopping by what it monitors."""
    found: dict[str, int] = {}
    for each in trainer.early_stopping_callbacks:
        found[each.monitor] = min(each.patience, found.get(each.monitor, each.patience))
    return found


def carried(trainer: Any, source: object) -> dict[str, Carried]:
    """The callbacks that come with a state from before this fit, numbered where of one class.

    Args:
        trainer: The trainer.
        source: The checkpoint that is resumed; None where an earlier fit left the state.
    """
    of = None if source is None else str(source)
    named: dict[str, Carried] = {}
    for each in (*_carried_waits(trainer, of), *_carried_bests(trainer, of)):
        many = sum(name.partition(" ")[0] == each.callback for name in named)
        named[f"{each.callback} {many + 1}" if many else each.callback] = each
    return named


def _carried_waits(trainer: Any, source: str | None) -> Iterator[Carried]:
    for each in trainer.early_stopping_callbacks:
        best, waited = float(each.best_score), each.wait_count
        known = math.isfinite(best)
        if known or waited:
            yield Carried(
                callback=type(each).__name__,
                metric=each.monitor if known else None,
                waited=waited,
                best=best if known else None,
                restored_from=source,
            )


def _carried_bests(trainer: Any, source: str | None) -> Iterator[Carried]:
    for each in trainer.checkpoint_callbacks:
        path, score = getattr(each, "best_model_path", ""), getattr(each, "best_model_score", None)
        if path:
            yield Carried(
                callback=type(each).__name__,
                metric=each.monitor,
                best=None if score is None or score.device.type != "cpu" else float(score),
                path=str(path),
                restored_from=source,
            )


def _timer(callback: Any) -> Rule | None:
    """The limit of a `Timer` whose time is over; else None."""
    if not any(each.__name__ == "Timer" for each in type(callback).__mro__):
        return None
    left = callback.time_remaining()
    if left is None or left > 0:
        return None
    elapsed = callback.time_elapsed()
    return Rule(
        name=type(callback).__name__,
        value=elapsed,
        threshold=elapsed + left,
        unit=_SECOND,
        condition="time",
    )


def _limits(trainer: Any) -> dict[str, int]:
    """The limit that was reached; empty where none was."""
    if trainer.max_steps not in {-1, None} and trainer.global_step >= trainer.max_steps:
        return {"max_steps": trainer.max_steps}
    if trainer.max_epochs not in {-1, None} and trainer.current_epoch >= trainer.max_epochs:
        return {"max_epochs": trainer.max_epochs}
    return {}


def _has_extra_epoch(trainer: Any) -> bool:
    """Whether one epoch more was done by which averaged weights get their batch statistics."""
    return trainer.current_epoch == trainer.max_epochs + 1 and any(
        kind.__name__ == _AVERAGING for each in trainer.callbacks for kind in type(each).__mro__
    )


def _nothing_to_do(trainer: Any) -> Stop:
    """Why a training had none to do; what was done before it is not its own."""
    if trainer.limit_train_batches == 0:
        return Stop(by="plan", evidence="limit_train_batches=0 leaves no batches")
    if reached := _limits(trainer):
        return Stop(by="plan", limits=reached)
    return Stop(by="plan", evidence="Lightning's training loop had nothing to do")
