"""Why a training ended where it did, by the state of the trainer and of its callbacks."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from mllog_callbacks import Reason
from mllog_callbacks.facts import Rule, Stop, StoppedBy
from mllog_callbacks.schema import count, number
from mllog_lightning.metrics import monitored
from mllog_lightning.stoppers import Stopper, stopper_name
from mllog_lightning.watch import Best, Moment

__all__ = ["End", "StopWatch", "carried", "done_so_far", "named_by_callback", "patiences"]

_AVERAGING: Final = "StochasticWeightAveraging"


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
            return End(planned=True, reason=_nothing_to_do(trainer))
        done = done_so_far(trainer)
        rules = self._rules_met(trainer, best) if trainer.should_stop else []
        limit = _limit(trainer)
        if limit:
            words = [
                f"{limit} was reached.",
                *(["A rule was met as well:", *(each.words for each in rules)] if rules else []),
            ]
            reason = Reason(f"Training completed: {done}.", " ".join(words))
            return End(planned=True, reason=reason, stop=Stop(by="plan"))
        if rules:
            decision = f"Training stopped early after {done}."
            words = [*(each.words for each in rules), *self._minimum(trainer)]
            by: StoppedBy = "limit" if rules[0].is_limit else "rule"
            stop = Stop(by=by, rule=rules[0].facts)
            return End(planned=False, reason=Reason(decision, " ".join(words)), stop=stop)
        if trainer.should_stop and asked is not None:
            why = f"The user had it end on this issue ({asked.name}). {asked.message}"
            reason = Reason(f"Training stopped early after {done}.", why)
            return End(planned=False, reason=reason, stop=Stop(by="rule", rule=asked))
        if trainer.should_stop:
            why = (
                "trainer.should_stop was set; no EarlyStopping and no Timer of this trainer "
                "records that it did so."
            )
            reason = Reason(f"Training was stopped after {done}.", why)
            return End(planned=False, reason=reason, stop=Stop(by="request"))
        return End(planned=True, reason=_nothing_left(trainer, done))

    def _rules_met(self, trainer: Any, best: Callable[[str], Best | None]) -> list[_Met]:
        met = [each.met(trainer.world_size, best) for each in self._stoppers]
        found = [_Met(*each) for each in met if each is not None]
        timers = (_timer(each) for each in trainer.callbacks)
        return found + [each for each in timers if each]

    def _minimum(self, trainer: Any) -> list[str]:
        """What kept the training going after a rule was met."""
        stopped = [each.stopped for each in self._stoppers if each.stopped is not None]
        first = min((each.epoch for each in stopped), default=trainer.current_epoch)
        least = trainer.min_epochs
        if first < trainer.current_epoch and least and trainer.current_epoch == least:
            return [f"That was after epoch {first:,}; min_epochs={least:,} had to be reached."]
        return []


def patiences(trainer: Any) -> dict[str, int]:
    """The least patience of early stopping by what it monitors."""
    found: dict[str, int] = {}
    for each in trainer.early_stopping_callbacks:
        found[each.monitor] = min(each.patience, found.get(each.monitor, each.patience))
    return found


def carried(trainer: Any) -> list[tuple[str, dict[str, object]]]:
    """The callbacks that come with a state from before this fit: in words, and as facts."""
    found: list[tuple[str, dict[str, object]]] = []
    for each in trainer.early_stopping_callbacks:
        best, waited = float(each.best_score), each.wait_count
        if math.isfinite(best) or waited:
            of = f", best {each.monitor} {number(best)}" if math.isfinite(best) else ""
            facts: dict[str, object] = {"callback": type(each).__name__, "waited": waited}
            if of:
                facts |= {"metric": each.monitor, "best": best}
            words = f"{stopper_name(each)} begins with {count(waited, 'check')} without improvement"
            found.append((f"{words}{of}", facts))
    for each in trainer.checkpoint_callbacks:
        path, score = getattr(each, "best_model_path", ""), getattr(each, "best_model_score", None)
        if path:
            facts = {"callback": type(each).__name__, "path": path, "metric": each.monitor}
            of = ""
            if score is not None and score.device.type == "cpu":
                facts["best"] = float(score)
                of = f" ({each.monitor} {number(float(score))})"
            found.append((f"{type(each).__name__} begins with {path}{of} as its best", facts))
    return found


def named_by_callback(found: Sequence[Mapping[str, object]]) -> dict[str, Mapping[str, object]]:
    """Facts of callbacks by the callback's class, numbered where there are several of one."""
    named: dict[str, Mapping[str, object]] = {}
    for each in found:
        kind = str(each["callback"])
        many = sum(name.partition(" ")[0] == kind for name in named)
        named[f"{kind} {many + 1}" if many else kind] = each
    return named


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


def done_so_far(trainer: Any) -> str:
    """How far a training came, as in "3 epochs, 24 steps", with the part of a last epoch."""
    epochs, steps = trainer.current_epoch, count(trainer.global_step, "step")
    batches = trainer.fit_loop.epoch_loop.batch_progress
    ready, planned = batches.current.ready, trainer.num_training_batches
    is_part = epochs > 0 and not batches.is_last_batch and 0 < ready < planned
    if not is_part:
        return f"{count(epochs, 'epoch')}, {steps}"
    of = f" of {planned:,}" if isinstance(planned, int) else ""
    whole = f"{count(epochs - 1, 'epoch')} and " if epochs > 1 else ""
    return f"{whole}{ready:,}{of} batches of epoch {epochs:,}, {steps}"


def _limit(trainer: Any) -> str:
    """The limit that was reached; empty where none was."""
    if trainer.max_steps not in {-1, None} and trainer.global_step >= trainer.max_steps:
        return f"max_steps={trainer.max_steps:,}"
    most = trainer.max_epochs
    if most not in {-1, None} and trainer.current_epoch >= most:
        averages = any(
            kind.__name__ == _AVERAGING for each in trainer.callbacks for kind in type(each).__mro__
        )
        if averages and trainer.current_epoch == most + 1:
            return (
                f"max_epochs={most:,}, and one more epoch by which {_AVERAGING} updates the "
                "statistics of batch normalisation,"
            )
        return f"max_epochs={most:,}"
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
