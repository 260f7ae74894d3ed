"""Why a training ended where it did, by the state of the trainer and of its callbacks."""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from mllog_callbacks import Reason
from mllog_callbacks.facts import Rule, Stop, StoppedBy
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
        stop: The same as facts; None where nothing says what ended it.
    """

    planned: bool
    reason: Reason
    stop: Stop | None = None


class _Met(NamedTuple):
    """A rule that was met.

    Attributes:
        words: Which, and on which evidence.
        facts: The same as facts.
        is_limit: Whether it is a limit of time.
    """

    words: str
    facts: Rule
    is_limit: bool = False


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
                *(["A rule was met as well:", *(each.words for each in rules)] if rules else []),
            ]
            reason = Reason(f"Training completed: {done}.", " ".join(told))
            return End(planned=True, reason=reason, stop=Stop(by="plan"))
        if rules:
            decision = f"Training stopped early after {done}."
            reason = Reason(decision, " ".join(each.words for each in rules))
            by: StoppedBy = "limit" if rules[0].is_limit else "rule"
            return End(planned=False, reason=reason, stop=Stop(by=by, rule=rules[0].facts))
        if trainer.should_stop:
            why = (
                "trainer.should_stop was set; no EarlyStopping and no Timer of this trainer "
                "records that it did so."
            )
            reason = Reason(f"Training was stopped after {done}.", why)
            return End(planned=False, reason=reason, stop=Stop(by="request"))
        return End(planned=True, reason=_nothing_left(trainer, done))

    def _rules_met(self, trainer: Any, best: Mapping[str, Best]) -> list[_Met]:
        values = pending(cached_metrics(trainer)).read()
        told = []
        for each in trainer.early_stopping_callbacks:
            before = self._before.get(id(each), _NEW)
            value = values.get(each.monitor)
            rule = _rule(each, value, best.get(each.monitor), moved=_state(each) != before)
            if rule is None and _state(each).stop != before.stop:
                rule = _rule_of_another(each, trainer.world_size)
            if rule is not None:
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


def _rule(stopper: Any, value: float | None, best: Best | None, *, moved: bool) -> _Met | None:
    """Which rule of an `EarlyStopping` is met, in its own order; None where none is.

    Where the metric was not logged (value None) only the count of its checks says something.
    """
    monitor, sign, name = stopper.monitor, 1 if stopper.mode == "max" else -1, _name(stopper)
    reached, lost = stopper.stopping_threshold, stopper.divergence_threshold
    if value is not None and stopper.check_finite and not math.isfinite(value):
        said = f"{monitor} is {number(value)}, and {name} stops at values that are not finite."
        return _Met(said, _facts(stopper, value=value))
    if value is not None and reached is not None and sign * value > sign * reached:
        said = f"{monitor} is {number(value)}, beyond stopping_threshold={reached:g} of {name}."
        return _Met(said, _facts(stopper, value=value, threshold=reached))
    if value is not None and lost is not None and sign * value < sign * lost:
        said = f"{monitor} is {number(value)}, beyond divergence_threshold={lost:g} of {name}."
        return _Met(said, _facts(stopper, value=value, threshold=lost))
    if moved and stopper.wait_count >= stopper.patience:
        return _patience_spent(stopper, name, best)
    return None


def _facts(stopper: Any, **more: Any) -> Rule:
    """The rule of an `EarlyStopping` as facts; a value that is not finite is left out."""
    known = {name: each for name, each in more.items() if each is None or math.isfinite(each)}
    return Rule(
        name=type(stopper).__name__,
        metric=stopper.monitor,
        mode=stopper.mode,
        patience=stopper.patience,
        min_delta=abs(float(stopper.min_delta)),
        message=_state(stopper).said or None,
        unit="check",
        **known,
    )


def _rule_of_another(stopper: Any, world_size: int) -> _Met:
    """What is known where an `EarlyStopping` stopped, and none of its rules is met here."""
    elsewhere = " or by what another process saw" if world_size > 1 else ""
    said = f": {each}" if (each := _state(stopper).said) else "."
    words = f"{_name(stopper)} stopped it by a rule of its own{elsewhere}{said}"
    return _Met(words, _facts(stopper))


def _patience_spent(stopper: Any, name: str, best: Best | None) -> _Met:
    score = float(stopper.best_score)
    known = best is not None and math.isclose(best.value, score, rel_tol=_CLOSE)
    epoch = best.epoch if best is not None and known else None
    improved = "never improved"
    if math.isfinite(score):
        at = "" if epoch is None else f" at epoch {epoch:,}"
        improved = f"last improved to {number(score)}{at}"
    waited = count(stopper.wait_count, "check")
    told = f"{stopper.monitor} {improved}; {waited} without improvement reached {name}."
    sign = 1 if stopper.mode == "max" else -1
    if best and math.isfinite(score) and sign * (best.value - score) > abs(score) * _CLOSE:
        told += (
            f" A better value, {number(best.value)} at epoch {best.epoch:,}, did not count: it is "
            f"within min_delta={abs(stopper.min_delta):g}."
        )
    return _Met(told, _facts(stopper, best=score, best_at=epoch, waited=stopper.wait_count))


def _timer(callback: Any) -> _Met | None:
    """What a `Timer` says where its time is over; else None."""
    if not any(each.__name__ == "Timer" for each in type(callback).__mro__):
        return None
    left = callback.time_remaining()
    if left is None or left > 0:
        return None
    elapsed = callback.time_elapsed()
    limit = elapsed + left
    words = f"The time limit of {limit:,.6g} seconds was reached ({elapsed:,.1f} passed)."
    facts = Rule(name=type(callback).__name__, value=elapsed, threshold=limit, unit="second")
    return _Met(words, facts, is_limit=True)


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
