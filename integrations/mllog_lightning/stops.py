"""Why a training ended where it did, by the state of the trainer and of its callbacks."""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from mllog_callbacks import Reason
from mllog_callbacks.schema import count, number
from mllog_lightning.metrics import Best, cached_metrics
from mllog_lightning.values import pending

__all__ = ["End", "StopWatch", "patience"]


_CLOSE: Final = 1e-6
"""Values so close are the same one: a tensor of 32 bits, and a number read from it."""


class End(NamedTuple):
    """How a training ended without an exception.

    Attributes:
        planned: Whether all that was planned was done.
        reason: What ended it, and on which evidence.
    """

    planned: bool
    reason: Reason


class StopWatch:
    """Remembers how the rules stood at the start: a second fit still shows those of the first."""

    def __init__(self) -> None:
        self._before: dict[int, _State] = {}

    def begin(self, trainer: Any) -> None:
        """Take how the rules of a trainer stand, that is about to train."""
        self._before = {id(each): _state(each) for each in trainer.early_stopping_callbacks}

    def end(self, trainer: Any, best: Mapping[str, Best], *, trained: bool) -> End:
        """How the training ended.

        Args:
            trainer: The trainer, done.
            best: The best of each metric.
            trained: Whether there was anything to train.
        """
        if not trained and not trainer.should_stop:
            return End(planned=True, reason=_nothing_to_do(trainer))
        done = f"{count(trainer.current_epoch, 'epoch')}, {count(trainer.global_step, 'step')}"
        rules = self._rules_met(trainer, best) if trainer.should_stop else []
        limit = _limit(trainer)
        if limit:
            told = [
                f"{limit} was reached.",
                *(["A rule was met as well:", *rules] if rules else []),
            ]
            return End(planned=True, reason=Reason(f"Training completed: {done}.", " ".join(told)))
        if rules:
            decision = f"Training stopped early after {done}."
            return End(planned=False, reason=Reason(decision, " ".join(rules)))
        if trainer.should_stop:
            why = (
                "trainer.should_stop was set by user code: no rule of EarlyStopping and no time "
                "limit did it."
            )
            return End(planned=False, reason=Reason(f"Training was stopped after {done}.", why))
        return End(planned=True, reason=_nothing_left(trainer, done))

    def _rules_met(self, trainer: Any, best: Mapping[str, Best]) -> list[str]:
        values = pending(cached_metrics(trainer)).read()
        told = []
        for each in trainer.early_stopping_callbacks:
            before = self._before.get(id(each), _NEW)
            value = values.get(each.monitor, math.nan)
            rule = _rule(each, value, best.get(each.monitor), moved=_state(each) != before)
            if not rule and _state(each).stop != before.stop:
                rule = _rule_of_another(each, trainer.world_size)
            if rule:
                told.append(rule)
        timers = (_timer(each) for each in trainer.callbacks)
        return told + [each for each in timers if each]


class _State(NamedTuple):
    """How an `EarlyStopping` stands.

    Attributes:
        waited: Checks without improvement.
        stopped_epoch: Where it stopped, 0 also where it did not.
        said: Why, in its own words; None where it did not, and before Lightning 2.6.
    """

    waited: int
    stopped_epoch: int
    said: str | None

    @property
    def stop(self) -> tuple[object, ...]:
        """What differs once it has stopped a training."""
        return self.stopped_epoch, self.said


_NEW: Final = _State(waited=0, stopped_epoch=0, said=None)


def _state(stopper: Any) -> _State:
    said = getattr(stopper, "stopping_reason_message", None)
    return _State(stopper.wait_count, stopper.stopped_epoch, said)


def _name(stopper: Any) -> str:
    return (
        f"{type(stopper).__name__}(monitor={stopper.monitor!r}, mode={stopper.mode!r}, "
        f"patience={stopper.patience}, min_delta={abs(stopper.min_delta):g})"
    )


def _rule(stopper: Any, value: float, best: Best | None, *, moved: bool) -> str:
    """Which rule of an `EarlyStopping` is met, in its own order; empty where none is."""
    monitor, sign, name = stopper.monitor, 1 if stopper.mode == "max" else -1, _name(stopper)
    reached, lost = stopper.stopping_threshold, stopper.divergence_threshold
    if stopper.check_finite and not math.isfinite(value):
        return f"{monitor} is {number(value)}, and {name} stops at values that are not finite."
    if reached is not None and sign * value > sign * reached:
        return f"{monitor} is {number(value)}, beyond stopping_threshold={reached:g} of {name}."
    if lost is not None and sign * value < sign * lost:
        return f"{monitor} is {number(value)}, beyond divergence_threshold={lost:g} of {name}."
    if moved and stopper.wait_count >= stopper.patience:
        return _patience_spent(stopper, name, best)
    return ""


def _rule_of_another(stopper: Any, world_size: int) -> str:
    """What is known where an `EarlyStopping` stopped, and none of its rules is met here."""
    elsewhere = " or by what another process saw" if world_size > 1 else ""
    said = f": {each}" if (each := _state(stopper).said) else "."
    return f"{_name(stopper)} stopped it by a rule of its own{elsewhere}{said}"


def _patience_spent(stopper: Any, name: str, best: Best | None) -> str:
    score = float(stopper.best_score)
    improved = "never improved"
    if math.isfinite(score):
        at = (
            f" at epoch {best.epoch:,}"
            if best and math.isclose(best.value, score, rel_tol=_CLOSE)
            else ""
        )
        improved = f"last improved to {number(score)}{at}"
    waited = count(stopper.wait_count, "check")
    told = f"{stopper.monitor} {improved}; {waited} without improvement reached {name}."
    sign = 1 if stopper.mode == "max" else -1
    if best and math.isfinite(score) and sign * (best.value - score) > abs(score) * _CLOSE:
        told += (
            f" A better value, {number(best.value)} at epoch {best.epoch:,}, did not count: it is "
            f"within min_delta={abs(stopper.min_delta):g}."
        )
    return told


def _timer(callback: Any) -> str:
    """What a `Timer` says where its time is over."""
    if not any(each.__name__ == "Timer" for each in type(callback).__mro__):
        return ""
    left = callback.time_remaining()
    if left is None or left > 0:
        return ""
    elapsed = callback.time_elapsed()
    return f"The time limit of {elapsed + left:,.6g} seconds was reached ({elapsed:,.1f} passed)."


def _limit(trainer: Any) -> str:
    """The limit that was reached; empty where none was."""
    if trainer.max_steps not in {-1, None} and trainer.global_step >= trainer.max_steps:
        return f"max_steps={trainer.max_steps:,}"
    if trainer.max_epochs not in {-1, None} and trainer.current_epoch >= trainer.max_epochs:
        return f"max_epochs={trainer.max_epochs:,}"
    return ""


def _nothing_left(trainer: Any, done: str) -> Reason:
    decision = f"Training completed: {done}."
    if trainer.num_training_batches == 0:
        return Reason(decision, "There were no batches to train on.")
    return Reason(decision, "Lightning's training loop ended; no limit and no rule was reached.")


def _nothing_to_do(trainer: Any) -> Reason:
    """Why a training had none to do; what was done before it is not its own."""
    if trainer.limit_train_batches == 0:
        why = "limit_train_batches=0 leaves none."
    elif limit := _limit(trainer):
        why = f"{limit} had been reached before it began."
    else:
        why = "Lightning's training loop had nothing to do."
    return Reason("Training completed without a batch.", why)


def patience(trainer: Any) -> int | None:
    """The least patience of the `EarlyStopping` that is armed; None where there is none."""
    return min((each.patience for each in trainer.early_stopping_callbacks), default=None)
