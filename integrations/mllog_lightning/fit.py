"""One fit: what it has shown so far, told as entries from its start to its one end."""

import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from mllog_callbacks import (
    Auditor,
    Cadence,
    DetectorSet,
    EventType,
    Facts,
    Issue,
    Level,
    Reason,
    Run,
    guarded,
)
from mllog_callbacks.wording import count, number
from mllog_lightning import facts, memory, reasons
from mllog_lightning.bases import version
from mllog_lightning.checkpoints import CheckpointWatch, Saved
from mllog_lightning.gradients import GradientWatch, measured
from mllog_lightning.metrics import MetricWatch, cached_metrics, directions, logged_names
from mllog_lightning.ranks import at_exit
from mllog_lightning.rates import Change, RateWatch, plain, rates
from mllog_lightning.steps import Losses, StepLosses
from mllog_lightning.stops import StopWatch, patience
from mllog_lightning.values import Pending, pending

__all__ = ["STEP_DETECTORS", "Fit"]

STEP_DETECTORS: Final = ("non_finite", "divergence", "spike", "stalled")
"""The detectors that watch single steps; the others need a view of the whole."""


class Fit:
    """One call of `Trainer.fit`, in one of its processes.

    Rank zero tells of all; the others tell only of their own failure.

    Args:
        auditor: How runs are logged.
        asked: What the trainer's caller gave; None where that is not known.
        tells: Whether this process tells of all.

    Attributes:
        begun: Whether the start was told.
        trained: Whether the training itself began.
        restored: The state of an earlier fit, where a checkpoint had one.
    """

    def __init__(
        self, auditor: Auditor, asked: Mapping[str, object] | None = None, *, tells: bool
    ) -> None:
        self.begun = self.trained = False
        self.restored: Mapping[str, Any] | None = None
        self._asked = asked
        self._rank: int | None = None
        self._leave: Callable[[], object] = bool
        self.tells = tells
        self._auditor = auditor
        self._made: Run | None = auditor.new_run() if tells else None
        self._waiting: deque[tuple[Pending[Any], Callable[[Any], None]]] = deque()
        self._accounted = 0
        self._outside, self._left = 0.0, 0.0
        self._losses = StepLosses(0)
        self._epoch_losses: list[Losses] = []
        self._rates = RateWatch()
        self._checkpoints = CheckpointWatch()
        self._last: dict[str, float] = {}
        self._metrics = MetricWatch({})
        self._stops = StopWatch()
        self._cadence = Cadence(Level.INFO)
        self._steps = DetectorSet([])
        self._automatic = True
        self._gradients: GradientWatch | None = None

    @property
    def run(self) -> Run:
        """What it is told as."""
        if self._made is None:
            self._made = self._auditor.new_run()
        return self._made

    @property
    def ended(self) -> bool:
        """Whether the end was told."""
        return self._made is not None and self._made.ended

    def begin(self, trainer: Any, module: Any, *, late: bool = False) -> None:
        """Tell the start: how far it is to go, with which model and settings.

        Args:
            trainer: The trainer.
            module: What it trains; None where that is not known yet.
            late: Whether the training has failed: then its settings are not told.
        """
        if self.begun:
            return
        self.begun = True
        name = type(module).__name__ if module is not None else "LightningModule"
        self.run.name(model=name)
        limits = {f"planned_{name}": value for name, value in reasons.planned(trainer).items()}
        self.run.tell(
            EventType.TRAINING_STARTED,
            reasons.started(trainer, rank=self._rank, trained=self.trained),
            limits | {"ckpt_path": trainer.ckpt_path, "world_size": trainer.world_size},
        )
        if self.tells and not late:
            self._tell_choices(trainer, module)

    def watch_process(self, trainer: Any, module: Any) -> None:
        """Tell of the end of this process, where Lightning tells no callback of it."""
        self._rank = trainer.global_rank
        at, of, fit = weakref.ref(trainer), weakref.ref(module), weakref.ref(self)

        @guarded
        def fail(error: BaseException) -> None:
            mine, its = fit(), at()
            if mine is not None and its is not None and not mine.ended:
                mine.fail(its, of(), error)

        self._leave = at_exit(fail)

    def begin_training(self, trainer: Any, module: Any) -> None:
        """Tell the data, now that the loaders are made, and begin to watch."""
        self.trained = True
        if not self.tells:
            return
        loop = trainer.fit_loop
        training, validating = facts.loaders(loop), facts.loaders(loop.epoch_loop.val_loop)
        self.run.tell(
            EventType.DATASET_VALIDATED,
            reasons.data(training, validating),
            facts.named("training", training) | facts.named("validation", validating),
        )
        if trainer.ckpt_path and trainer.global_step:
            done = {"epoch": trainer.current_epoch, "step": trainer.global_step}
            self.run.tell(EventType.TRAINING_PROGRESS, reasons.resumed(trainer), done)
        self._watch(trainer, module, training[0].rows if len(training) == 1 else None)

    def step(self, trainer: Any, outputs: Any) -> None:
        """Take a batch's loss."""
        if self._losses.add(outputs, trainer.global_step, trainer.accumulate_grad_batches):
            self._read_losses(trainer)

    def look_at_gradients(self, trainer: Any, module: Any) -> None:
        """Measure the gradients, once an interval."""
        step = trainer.global_step + 1
        if step % self._losses.every == 0 or step == 1:
            watch = self._gradients = self._gradients or GradientWatch(self.run.detectors)
            self._put(
                measured(module),
                lambda read: self.run.tell_issues(watch.observe(read, step), "step"),
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
        if epoch > self._accounted and self.trained:
            self._accounted = epoch
            self._read_losses(trainer)
            loop = trainer.fit_loop.epoch_loop
            self._metrics.validation |= logged_names(loop.val_loop) - logged_names(loop)
            self._put(pending(cached_metrics(trainer)), self._epoch_told(trainer, epoch))

    def end(self, trainer: Any, _module: Any = None) -> None:
        """Tell how the training ended, now that the call is over.

        There is nothing to tell where a tuner has left before it began.
        """
        self._leave()
        if not self.tells or not self.begun or self.ended:
            return
        self.account(trainer)
        self._drain(wait=True)
        self._tell_saved(self._checkpoints.look(trainer))
        self._evaluate(trainer)
        found = self._stops.end(trainer, self._metrics.best)
        event = EventType.TRAINING_COMPLETED if found.planned else EventType.TRAINING_STOPPED
        self.run.end(event, found.reason, self._done(trainer))

    def fail(self, trainer: Any, module: Any, error: BaseException) -> None:
        """Tell the end that an exception makes; it is read, and not kept."""
        self._leave()
        if self.ended:
            self._fail_after(error)
            return
        self.begin(trainer, module, late=True)
        if self.trained and self.tells:
            self._drain()
        where = reasons.where(trainer, error)
        at = reasons.position(trainer) if self.trained else "before its first batch"
        kept = f"the module is left as it was after {count(trainer.global_step, 'step')}"
        self.run.fail(error, where, at, kept, self._done(trainer) | memory.found(error))

    def vanish(self) -> None:
        """Tell of an end that was not seen."""
        if self.begun and not self.ended:
            self.run.end(EventType.TRAINING_FAILED, reasons.vanished(), {})

    def _tell_choices(self, trainer: Any, module: Any) -> None:
        model = facts.model_facts(module)
        optimizers, schedulers = trainer.optimizers, trainer.lr_scheduler_configs
        self.run.tell(
            EventType.ALGORITHM_SELECTED,
            reasons.algorithm(model, optimizers, schedulers),
            {
                **model._asdict(),
                "optimizers": [type(each).__name__ for each in optimizers],
                "schedulers": [type(each.scheduler).__name__ for each in schedulers],
            },
        )
        found = [facts.module_settings(each) for each in (module, trainer.datamodule)]
        settings = [each for each in found if each is not None]
        settings += facts.optimizer_settings(optimizers)
        settings.append(facts.trainer_settings(trainer, self._asked))
        resolved = facts.resolved(trainer)
        self.run.tell(
            EventType.HYPERPARAMETERS_SET,
            reasons.hyperparameters(settings, resolved, version(trainer)),
            {
                "resolved": resolved,
                "set_by_caller": {each.of: each.given for each in settings if each.given},
                "defaults": {each.of: each.defaults for each in settings if each.defaults},
            },
        )

    def _watch(self, trainer: Any, module: Any, rows: int | None) -> None:
        last = reasons.planned(trainer).get("epochs")
        self._cadence = Cadence(self.run.level, last)
        self._metrics = MetricWatch(directions(trainer))
        self._stops.begin(trainer)
        self._checkpoints.begin(trainer)
        self._accounted = trainer.current_epoch
        self._losses = StepLosses(trainer.log_every_n_steps or 50)
        self._losses.begin(trainer.global_step)
        self._automatic = bool(module.automatic_optimization)
        rate = next(iter(self._rates.begin(trainer).values()), None)
        waits = patience(trainer)
        known = Facts(
            rows=rows,
            dropout=facts.model_facts(module).dropout,
            learning_rate=rate,
            early_stopping=waits is not None,
            patience=waits,
        )
        self.run.detectors.facts = known
        self._steps = self.run.detectors.among(
            STEP_DETECTORS if self._automatic else ("non_finite", "stalled")
        )
        if self.restored is not None:
            self._restore(trainer, self.restored)

    def state(self, trainer: Any) -> dict[str, Any]:
        """What goes on after a resume, in numbers and texts alone.

        The epoch that is saved may not be accounted for yet: its metrics go with it.
        """
        return {
            "detectors": self.run.detectors.saved(),
            "steps": self._steps.saved(),
            **self._metrics.state(),
            "open": {
                "epoch": self._accounted + 1,
                "metrics": dict(pending(cached_metrics(trainer)).read()),
            },
        }

    def _restore(self, trainer: Any, state: Mapping[str, Any]) -> None:
        self.run.detectors.restore(state["detectors"])
        self._steps.restore(state["steps"])
        self._metrics.restore(state)
        left = state["open"]
        if left["epoch"] == trainer.current_epoch:  # it was complete
            self._metrics.take(left["metrics"], left["epoch"])
            issues = self._metrics.observe(
                self.run.detectors, left["metrics"], left["epoch"], rate=None
            )
            self.run.tell_issues(issues, "epoch")

    def _put(self, values: Pending[Any], handle: Callable[[Any], None]) -> None:
        self._waiting.append((values, handle))
        self._drain()

    def _drain(self, *, wait: bool = False) -> None:
        """Handle what is there, in order; at the end all, as it comes."""
        while self._waiting and (wait or self._waiting[0][0].ready):
            values, handle = self._waiting.popleft()
            if wait:
                values.wait()
            handle(values.read())

    def _read_losses(self, trainer: Any) -> None:
        values, places = self._losses.take()
        clock = time.monotonic() - self._outside
        at = reasons.position(trainer)
        rate = next(iter(rates(trainer.optimizers).values()), None)

        def handle(read: Mapping[int, float]) -> None:
            found = Losses.of(read, places)
            self._epoch_losses.append(found)
            for each in found.observations():
                observed = each._replace(seconds=clock, learning_rate=rate)
                self.run.tell_issues(self._steps.observe(observed), "step")
            if found.by_step and self._cadence.silent:
                self._tell_steps(found, at)

        if places:
            self._put(values, handle)

    def _tell_steps(self, found: Losses, at: str) -> None:
        self._cadence.spoke()
        told = f"The mean loss of training_step over {count(len(found.by_step), 'step')} is "
        self.run.tell(
            EventType.TRAINING_PROGRESS,
            Reason(f"Training is {at}.", f"{told}{number(found.mean)}."),
            {"step": max(found.by_step), "training_step_loss": found.mean},
        )

    def _epoch_told(self, trainer: Any, epoch: int) -> Callable[[Mapping[str, float]], None]:
        """What is done with an epoch's metrics once they are there; all else is taken now."""
        changes, saved = self._rates.look(trainer), list(self._checkpoints.look(trainer))
        step, now = trainer.global_step, rates(trainer.optimizers)
        rate = next(iter(now.values()), None)

        def handle(read: Mapping[str, float]) -> None:
            values = dict(read)
            losses, self._epoch_losses = self._epoch_losses, []
            if self._automatic:
                self._metrics.take_loss(values, _mean(losses))
            self._last = values
            self._metrics.take(values, epoch)
            self._tell_epoch(epoch, step, values, now)
            self.run.tell_issues(self._observed(values, epoch, rate), "epoch")
            self._tell_changes(changes)
            self._tell_saved(saved)

        return handle

    def _observed(self, values: Mapping[str, float], epoch: int, rate: float | None) -> list[Issue]:
        return self._metrics.observe(self.run.detectors, values, epoch, rate=rate)

    def _tell_epoch(
        self, epoch: int, step: int, values: Mapping[str, float], now: Mapping[str, float]
    ) -> None:
        if not self._cadence.due(epoch):
            return
        self._cadence.told(epoch)
        told = [self._metrics.standing(name, value, epoch) for name, value in values.items()]
        self.run.tell(
            EventType.TRAINING_PROGRESS,
            reasons.progressed(epoch, self._cadence.last, told, now),
            {"epoch": epoch, "step": step, "metrics": dict(values), "learning_rate": plain(now)},
        )

    def _tell_changes(self, changes: list[Change]) -> None:
        for each in changes:
            self.run.tell(
                EventType.HYPERPARAMETERS_SET, each.reason, {"learning_rate": plain(each.rates)}
            )

    def _tell_saved(self, saved: Iterable[Saved]) -> None:
        for each in saved:
            self.run.tell(EventType.MODEL_SAVED, each.reason, each.facts)

    def _evaluate(self, trainer: Any) -> None:
        validated = self._metrics.validation
        values = {name: each for name, each in self._last.items() if name in validated}
        if values:
            epoch = trainer.current_epoch
            told = [self._metrics.standing(name, each, epoch) for name, each in values.items()]
            self.run.tell(
                EventType.MODEL_EVALUATED,
                reasons.evaluated(epoch, told),
                {"epoch": epoch, "metrics": values},
            )

    def _fail_after(self, error: BaseException) -> None:
        self.run.tell(EventType.ISSUE_DETECTED, reasons.failed_after(error), None)

    def _done(self, trainer: Any) -> dict[str, object]:
        return {"epochs_done": trainer.current_epoch, "steps_done": trainer.global_step}


def _mean(losses: list[Losses]) -> float:
    """The mean over intervals; NaN where there are none."""
    return Losses({step: loss for each in losses for step, loss in each.by_step.items()}).mean
