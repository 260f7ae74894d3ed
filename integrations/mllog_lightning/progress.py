"""What a fit shows while it trains: told step by step, and shown to the detectors.

Values that are still being computed on a device are not waited for: each is handled when it is
there, in the order they came.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from mllog_callbacks import Cadence, EventType, Facts, Issue, Reason, Run
from mllog_callbacks.schema import count, number
from mllog_lightning import facts, reasons
from mllog_lightning.checkpoints import CheckpointWatch, Saved, SavedBy
from mllog_lightning.gradients import GradientWatch, measured
from mllog_lightning.metrics import Best, MetricWatch, directions, logged_names, measures
from mllog_lightning.rates import Change, RateWatch, described, plain
from mllog_lightning.steps import Losses, StepLosses
from mllog_lightning.stops import patience
from mllog_lightning.values import Pending, pending

__all__ = ["Progress"]

_STEP_DETECTORS: Final = ("non_finite", "divergence", "spike", "stalled")
"""The detectors that watch single steps; the others need a view of the whole."""

_STEP_DETECTORS_BY_HAND: Final = ("non_finite", "stalled")
"""Where the module optimises by hand, and what `training_step` returns need not be minimised."""


class Progress:
    """The epochs of a fit, from where its training begins.

    Args:
        run: What it is told as.
        trainer: The trainer.
        module: What it trains.
        rows: Of the training data; None where that is not known.

    Attributes:
        rates: The learning rates.
    """

    def __init__(self, run: Run, trainer: Any, module: Any, rows: int | None) -> None:
        self._run = run
        self._waiting: deque[tuple[Pending[Any], Callable[[Any], None]]] = deque()
        self._accounted = trainer.current_epoch
        self._outside, self._left = 0.0, 0.0
        self._losses = StepLosses(trainer.log_every_n_steps or 50)
        self._losses.begin(trainer.global_step)
        self._accumulates: int = trainer.accumulate_grad_batches
        self._epoch_losses: list[Losses] = []
        self.rates, self._checkpoints = RateWatch(), CheckpointWatch()
        self._last: dict[str, float] = {}
        self._metrics = MetricWatch(directions(trainer))
        self._cadence = Cadence(run.level, reasons.planned(trainer).get("epochs"))
        self._automatic = bool(module.automatic_optimization)
        self._gradients: GradientWatch | None = None
        self._checkpoints.begin(trainer)
        self.rates.begin(trainer)
        waits = patience(trainer)
        run.detectors.facts = Facts(
            rows=rows,
            dropout=facts.model_facts(module).dropout,
            learning_rate=self.rates.used,
            early_stopping=waits is not None,
            patience=waits,
        )
        self._steps = run.detectors.among(
            _STEP_DETECTORS if self._automatic else _STEP_DETECTORS_BY_HAND
        )
        self._within = run.detectors.among(("non_finite",))

    @property
    def best(self) -> Mapping[str, Best]:
        """The best of each metric whose direction is known, by name."""
        return self._metrics.best

    def step(self, trainer: Any, outputs: Any) -> None:
        """Take a batch's loss."""
        accumulates = trainer.accumulate_grad_batches
        if accumulates != self._accumulates:
            told, self._accumulates = reasons.accumulates(trainer, self._accumulates), accumulates
            numbers = {"accumulate_grad_batches": accumulates}
            self._run.tell(EventType.HYPERPARAMETERS_SET, told, numbers)
        if self._losses.add(outputs, trainer.global_step, accumulates):
            self._read_losses(trainer)

    def look_at_gradients(self, trainer: Any, module: Any) -> None:
        """Measure the gradients, once an interval."""
        step = trainer.global_step + 1
        if step % self._losses.every == 0 or step == 1:
            watch = self._gradients = self._gradients or GradientWatch(self._run.detectors)
            rate = self.rates.used
            self._put(
                measured(module),
                lambda read: self._run.tell_issues(watch.observe(read, step, rate), "step"),
            )

    def leave_training(self) -> None:
        """Validation begins: its time is not the training's."""
        self._left = time.monotonic()

    def return_to_training(self) -> None:
        """Validation is over."""
        self._outside += time.monotonic() - self._left

    def account(self, trainer: Any) -> None:
        """Settle the account of the last epoch, now that all is known of it."""
        epoch = trainer.current_epoch
        if epoch > self._accounted:
            self._accounted = epoch
            self._read_losses(trainer)
            self._learn_validation(trainer)
            self._put(pending(measures(trainer)), self._epoch_told(trainer, epoch))

    def validated(self, trainer: Any) -> None:
        """Take a validation's values: one within an epoch may be the best, or no number at all.

        The other detectors look once an epoch, at the last validation in it: what a training logs
        by epoch is there at its end alone, and a validation is compared with that.
        """
        self._learn_validation(trainer)
        names, epoch = self._metrics.validation, trainer.current_epoch + 1
        found = {name: each for name, each in measures(trainer).items() if name in names}
        within = not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
        step, rate = trainer.global_step, self.rates.used

        def handle(read: Mapping[str, float]) -> None:
            self._metrics.take(read, epoch)
            if within:
                issues = self._metrics.observe_within(self._within, read, step, rate=rate)
                self._run.tell_issues(issues, "step")

        self._put(pending(found), handle)

    def save(self, trainer: Any, by: SavedBy | None) -> None:
        """A checkpoint is being made: tell those before it, and it where no callback would.

        Args:
            trainer: The trainer.
            by: Who has it saved, where it is not a callback that can be asked later.
        """
        self._tell_saved(self._checkpoints.look(trainer))
        if by is not None:
            self._tell_saved([by.saved(trainer.current_epoch, trainer.global_step)])

    def finish(self, trainer: Any) -> None:
        """Settle all accounts, and tell the last evaluation."""
        self.account(trainer)
        self.drain(wait=True)
        self._tell_saved(self._checkpoints.look(trainer))
        self._evaluate(trainer)

    def drain(self, *, wait: bool = False) -> None:
        """Handle what is there, in order; at the end all, as it comes."""
        while self._waiting and (wait or self._waiting[0][0].ready):
            values, handle = self._waiting.popleft()
            if wait:
                values.wait()
            handle(values.read())

    def state(self, trainer: Any) -> dict[str, Any]:
        """What goes on after a resume, in numbers and texts alone.

        The epoch that is saved may not be accounted for yet: its metrics go with it.
        """
        return {
            "detectors": self._run.detectors.saved(),
            "steps": self._steps.saved(),
            **self._metrics.state(),
            "open": {
                "epoch": self._accounted + 1,
                "metrics": dict(pending(measures(trainer)).read()),
            },
        }

    def restore(self, trainer: Any, state: Mapping[str, Any]) -> None:
        """Go on where another fit was."""
        self._run.detectors.restore(state["detectors"])
        self._steps.restore(state["steps"])
        self._metrics.restore(state)
        left = state["open"]
        if left["epoch"] == trainer.current_epoch:  # it was complete
            self._metrics.take(left["metrics"], left["epoch"])
            issues = self._observed(left["metrics"], left["epoch"], rate=None)
            self._run.tell_issues(issues, "epoch")

    def _learn_validation(self, trainer: Any) -> None:
        loop = trainer.fit_loop.epoch_loop
        self._metrics.validation |= logged_names(loop.val_loop) - logged_names(loop)

    def _put(self, values: Pending[Any], handle: Callable[[Any], None]) -> None:
        self._waiting.append((values, handle))
        self.drain()

    def _read_losses(self, trainer: Any) -> None:
        values, places = self._losses.take()
        clock = time.monotonic() - self._outside
        at, rate = reasons.position(trainer), self.rates.used

        def handle(read: Mapping[int, float]) -> None:
            found = Losses.of(read, places)
            self._epoch_losses.append(found)
            for each in found.observations():
                observed = each._replace(seconds=clock, learning_rate=rate)
                self._run.tell_issues(self._steps.observe(observed), "step")
            if found.by_step and self._cadence.silent:
                self._tell_steps(found, at)

        if places:
            self._put(values, handle)

    def _tell_steps(self, found: Losses, at: str) -> None:
        self._cadence.spoke()
        told = f"The mean loss of training_step over {count(len(found.by_step), 'step')} is "
        self._run.tell(
            EventType.TRAINING_PROGRESS,
            Reason(f"Training is {at}.", f"{told}{number(found.mean)}."),
            {"step": max(found.by_step), "training": {"step_loss": found.mean}},
        )

    def _epoch_told(self, trainer: Any, epoch: int) -> Callable[[Mapping[str, float]], None]:
        """What is done with an epoch's metrics once they are there; all else is taken now."""
        before, changes = self.rates.last, self.rates.look(trainer)
        saved = list(self._checkpoints.look(trainer))
        step, now = trainer.global_step, self.rates.last
        whole = bool(trainer.fit_loop.epoch_loop.batch_progress.is_last_batch)
        rate, told = self.rates.used, described(before, now)

        def handle(read: Mapping[str, float]) -> None:
            values = dict(read)
            losses, self._epoch_losses = self._epoch_losses, []
            if self._automatic:
                self._metrics.take_loss(values, _mean(losses))
            self._last = values
            self._metrics.take(values, epoch)
            self._tell_epoch(epoch, step, values, now, told, whole=whole)
            self._run.tell_issues(self._observed(values, epoch, rate), "epoch")
            self._tell_changes(changes)
            self._tell_saved(saved)

        return handle

    def _observed(self, values: Mapping[str, float], epoch: int, rate: float | None) -> list[Issue]:
        return self._metrics.observe(self._run.detectors, values, epoch, rate=rate)

    def _tell_epoch(
        self,
        epoch: int,
        step: int,
        values: Mapping[str, float],
        now: Mapping[str, float],
        rate: str,
        *,
        whole: bool,
    ) -> None:
        if not self._cadence.due(epoch):
            return
        self._cadence.told(epoch)
        told = [self._metrics.standing(name, value, epoch) for name, value in values.items()]
        self._run.tell(
            EventType.TRAINING_PROGRESS,
            reasons.progressed(epoch, self._cadence.last, told, rate, whole=whole),
            {
                "epoch": epoch,
                "step": step,
                **self._metrics.by_set(values),
                "learning_rate": plain(now),
            },
        )

    def _tell_changes(self, changes: list[Change]) -> None:
        for each in changes:
            self._run.tell(
                EventType.HYPERPARAMETERS_SET, each.reason, {"learning_rate": plain(each.rates)}
            )

    def _tell_saved(self, saved: Iterable[Saved]) -> None:
        for each in saved:
            self._run.tell(EventType.MODEL_SAVED, each.reason, each.facts)

    def _evaluate(self, trainer: Any) -> None:
        validated = self._metrics.validation
        values = {name: each for name, each in self._last.items() if name in validated}
        if values:
            epoch = trainer.current_epoch
            told = [self._metrics.standing(name, each, epoch) for name, each in values.items()]
            self._run.tell(
                EventType.MODEL_EVALUATED,
                reasons.evaluated(epoch, told),
                {"epoch": epoch, **self._metrics.by_set(values)},
            )


def _mean(losses: list[Losses]) -> float | None:
    """The mean over intervals; None where there is no loss in any."""
    by_step = {step: loss for each in losses for step, loss in each.by_step.items()}
    return Losses(by_step).mean if by_step else None
