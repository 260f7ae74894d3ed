"""What a fit shows while it trains: recorded step by step, and shown to the detectors.

Values that are still being computed on a device are not waited for: each is handled when it is
there, in the order they came.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic
from typing import Any, Final, NamedTuple

from mllog_callbacks import Cadence, EventType, Facts, Reason, Run, facts
from mllog_callbacks.facts import DataSet, dump
from mllog_callbacks.schema import count, number
from mllog_lightning import reasons
from mllog_lightning.checkpoints import CheckpointWatch, Save
from mllog_lightning.criterion import Criterion
from mllog_lightning.directions import Directions
from mllog_lightning.effects import Trainable
from mllog_lightning.facts import model_facts
from mllog_lightning.gradients import GradientWatch, measured
from mllog_lightning.metrics import NewValues, validated
from mllog_lightning.rates import Change, RateWatch, described, named, plain
from mllog_lightning.steps import Losses, StepLosses
from mllog_lightning.stops import StopWatch, patiences
from mllog_lightning.values import Pending, pending
from mllog_lightning.watch import MetricWatch, Moment, Stage

__all__ = ["Progress"]

_STEP_DETECTORS: Final = ("non_finite", "divergence", "spike", "stalled")
"""The detectors that watch single steps; the others need a view of the whole."""

_STEP_DETECTORS_BY_HAND: Final = ("non_finite", "stalled")
"""Where the module optimises by hand, and what `training_step` returns need not be minimised."""


class _Validation(NamedTuple):
    """A validation whose values are compared with those of the training at the epoch's end.

    Attributes:
        at: When it was.
        values: What it measured.
    """

    at: Moment
    values: Mapping[str, Any]


class Progress:
    """The epochs of a fit, from where its training begins.

    Args:
        run: What it is recorded as.
        trainer: The trainer.
        module: What it trains.
        sets: The data sets, by the names that detectors know them by.

    Attributes:
        criterion: What the loss is.
        rates: The learning rates.
        stops: The rules that may stop it.
        saves: The checkpoints.
        metrics: The best of each metric.
        is_new_epoch: Whether no optimizer has stepped yet in this epoch.
    """

    def __init__(self, run: Run, trainer: Any, module: Any, sets: Mapping[str, DataSet]) -> None:
        self._run = run
        self._waiting: deque[tuple[Pending[Any], Callable[[Any], None]]] = deque()
        self._accounted = trainer.current_epoch
        self._outside, self._left = 0.0, 0.0
        self._losses = StepLosses(trainer.log_every_n_steps or 50)
        self._losses.begin(trainer.global_step)
        self._accumulates: int = trainer.accumulate_grad_batches
        self._epoch_losses: list[Losses] = []
        self.rates, self.stops = RateWatch(), StopWatch()
        self.criterion = Criterion()
        self.saves = CheckpointWatch(trainer, self._saved)
        self._values = NewValues()
        self._trainable = Trainable(module)
        self.is_new_epoch = True
        self._open: _Validation | None = None
        self._last: tuple[Moment, Mapping[str, float]] | None = None
        self._measured_at: Moment | None = None
        self._within = _validates_within(trainer)
        stoppers = patiences(trainer)
        self._stops_early = bool(stoppers)
        self.metrics = MetricWatch(
            Directions(trainer, run.detectors.stated),
            stoppers,
            validates=_validates(trainer),
            by_step=self._within,
        )
        self._cadence = Cadence(run.level, reasons.planned(trainer).get("epochs"))
        self._checks, self._validations = Cadence(run.level), 0
        self._automatic = bool(module.automatic_optimization)
        self._gradients: GradientWatch | None = None
        self.stops.begin(trainer)
        self.rates.begin(trainer)
        run.detectors.facts = Facts(
            rows=sets["training"].rows if "training" in sets else None,
            sets=sets,
            dropout=model_facts(module).dropout,
            learning_rate=self.rates.used,
        )
        self._steps = run.detectors.among(
            _STEP_DETECTORS if self._automatic else _STEP_DETECTORS_BY_HAND
        )

    def step(self, trainer: Any, outputs: Any) -> None:
        """Take a batch's loss."""
        accumulates = trainer.accumulate_grad_batches
        if accumulates != self._accumulates:
            reason, self._accumulates = reasons.accumulates(trainer, self._accumulates), accumulates
            numbers = {"accumulate_grad_batches": accumulates}
            self._run.emit(EventType.HYPERPARAMETERS_SET, reason, numbers)
        if self._losses.add(outputs, trainer.global_step, accumulates):
            self._read_losses(trainer)
            self._stop_where_asked(trainer)

    def _stop_where_asked(self, trainer: Any) -> None:
        """End the training by Lightning's own means, where an issue does that its user named.

        Of several ranks the others would go on without this one.
        """
        if self._run.stop is not None and trainer.world_size == 1:
            trainer.should_stop = True

    def begin_epoch(self, trainer: Any) -> None:
        """See, at an epoch's first step of an optimizer, what callbacks have made trainable."""
        self.is_new_epoch = False
        effect = self._trainable.look(trainer)
        if effect is not None:
            self._run.emit(EventType.HYPERPARAMETERS_SET, effect.reason, effect.facts)

    def look_at_gradients(self, trainer: Any, module: Any) -> None:
        """Measure the gradients, once an interval."""
        step = trainer.global_step + 1
        if step % self._losses.every == 0 or step == 1:
            watch = self._gradients = self._gradients or GradientWatch(self._run.detectors)
            rate = self.rates.used
            self._put(
                measured(module),
                lambda read: self._run.record_issues(watch.observe(read, step, rate), "step"),
            )

    def leave_training(self, trainer: Any) -> None:
        """Validation begins: its time is not the training's."""
        self._left = monotonic()
        self.stops.look(trainer, self._measured_at)

    def return_to_training(self) -> None:
        """Validation is over."""
        self._outside += monotonic() - self._left

    def account(self, trainer: Any) -> None:
        """Settle the account of the last epoch, now that all is known of it."""
        epoch = trainer.current_epoch
        if epoch > self._accounted:
            self._accounted, self.is_new_epoch = epoch, True
            self._measured_at = at = self._moment(epoch, trainer)
            self.stops.look(trainer, at)
            self._read_losses(trainer)
            self.metrics.directions.learn(trainer.fit_loop.epoch_loop)
            training = self._values.take(trainer)
            validation, self._open = self._open, None
            values = {} if validation is None else validation.values
            self._put(
                _staged(training, values),
                self._epoch_handler(trainer, at, None if validation is None else validation.at),
            )
        self.saves.settle()
        self._stop_where_asked(trainer)

    def validated(self, trainer: Any) -> None:
        """Take a validation's values.

        Those of an epoch's last batch wait for the end of the epoch: what the training logs by
        epoch is there then, and a validation is compared with that.
        """
        loop = trainer.fit_loop.epoch_loop
        values = validated(trainer)
        self.metrics.directions.learn(loop.val_loop)
        self._values.note(values)
        self._settle_validation()
        self._measured_at = at = self._moment(trainer.current_epoch + 1, trainer)
        if not values:
            return
        self._open = _Validation(at, values)
        if self._within and not loop.batch_progress.is_last_batch:
            self._settle_validation()
        self._stop_where_asked(trainer)

    def _settle_validation(self) -> None:
        """Handle a validation by itself: within an epoch, or of one that was broken off."""
        if self._open is None:
            return
        (at, values), self._open = self._open, None
        rate = self.rates.used

        def handle(read: Mapping[tuple[Stage, str], float]) -> None:
            found = _of("validation", read)
            self._take_validation(found, at)
            if self._checks.due(self._validations):
                self._checks.recorded(self._validations)
                standings = [
                    self.metrics.standing("validation", name, value, at)
                    for name, value in found.items()
                ]
                self._run.emit(
                    EventType.TRAINING_PROGRESS,
                    reasons.checked(at.epoch, at.step, standings),
                    self._facts(at, {"validation": found}),
                )
            self._observe({}, found, at, rate)

        self._put(_staged({}, values), handle)

    def finish(self, trainer: Any) -> None:
        """Settle all accounts, and record the last evaluation."""
        self.settle(trainer)
        self.saves.settle(now=True)
        self._evaluate(trainer)
        self._judge_loss()

    def _judge_loss(self) -> None:
        """Let the detectors know what the loss is where nothing is learned."""
        baseline, detectors = self.criterion.baseline(), self._run.detectors
        detectors.facts = replace(
            detectors.facts,
            classes=self.criterion.classes,
            baselines=None if baseline is None else {self.metrics.loss: baseline},
            early_stopping=self._stops_early,
        )

    def settle(self, trainer: Any, *, wait: bool = True) -> None:
        """Settle all accounts, also those of an epoch that was broken off."""
        self.account(trainer)
        self.stops.look(trainer, self._measured_at)
        self._settle_validation()
        self.drain(wait=wait)

    def drain(self, *, wait: bool = False) -> None:
        """Handle what is there, in order; at the end all, as it comes."""
        while self._waiting and (wait or self._waiting[0][0].ready):
            values, handle = self._waiting[0]
            if wait:
                values.wait()
            handle(values.read())
            self._waiting.popleft()  # at last: whatever interrupts it is handled again

    def state(self, trainer: Any) -> dict[str, Any]:
        """What goes on after a resume, in numbers and texts alone.

        The epoch that is saved may not be accounted for yet: its metrics go with it.
        """
        values = {} if self._open is None else self._open.values
        read = _staged(self._values.peek(trainer), values).read()
        return {
            "detectors": self._run.detectors.saved(),
            "steps": self._steps.saved(),
            **self.metrics.state(),
            "open": {
                "epoch": self._accounted + 1,
                "step": trainer.global_step,
                "training": _of("training", read),
                "validation": _of("validation", read),
            },
        }

    def restore(self, trainer: Any, state: Mapping[str, Any]) -> None:
        """Go on where another fit was."""
        self._run.detectors.restore(state["detectors"])
        self._steps.restore(state["steps"])
        self.metrics.restore(state)
        left = state["open"]
        if left["epoch"] == trainer.current_epoch:  # it was complete
            at = Moment(left["epoch"], left["step"], self._within)
            self.metrics.take("training", left["training"], at)
            self.metrics.take("validation", left["validation"], at)
            self._observe(left["training"], left["validation"], at, None)

    def _moment(self, epoch: int, trainer: Any) -> Moment:
        return Moment(epoch, trainer.global_step, self._within)

    def _put(self, values: Pending[Any], handle: Callable[[Any], None]) -> None:
        self._waiting.append((values, handle))
        self.drain()

    def _read_losses(self, trainer: Any) -> None:
        values, places = self._losses.take()
        clock = monotonic() - self._outside
        at, rate = reasons.position(trainer), self.rates.used

        def handle(read: Mapping[int, float]) -> None:
            found = Losses.of(read, places)
            self._epoch_losses.append(found)
            for each in found.observations():
                observed = each._replace(seconds=clock, learning_rate=rate)
                self._run.record_issues(self._steps.observe(observed), "step")
            if found.by_step:
                point = {("training", "step_loss"): found.mean}
                self._run.curve.add(max(found.by_step), point, "step")
            if found.by_step and self._cadence.silent:
                self._record_steps(found, at)

        if places:
            self._put(values, handle)

    def _record_steps(self, found: Losses, at: str) -> None:
        self._cadence.spoke()
        words = f"The mean loss of training_step over {count(len(found.by_step), 'step')} is "
        self._run.emit(
            EventType.TRAINING_PROGRESS,
            Reason(f"Training is {at}.", f"{words}{number(found.mean)}."),
            {
                "progress": dump(facts.Progress(unit="step", done=max(found.by_step))),
                "results": {"training": {"step_loss": found.mean}},
            },
        )

    def _epoch_handler(
        self, trainer: Any, at: Moment, validated_at: Moment | None
    ) -> Callable[[Mapping[tuple[Stage, str], float]], None]:
        """What is done with an epoch's metrics once they are there; all else is taken now."""
        before, changes = self.rates.last, self.rates.look(trainer, self._compared(validated_at))
        now, whole = self.rates.last, reasons.is_whole(trainer)
        rate, said = self.rates.used, described(before, now)

        def handle(read: Mapping[tuple[Stage, str], float]) -> None:
            training, validation = _of("training", read), _of("validation", read)
            losses, self._epoch_losses = self._epoch_losses, []
            if self._automatic:
                self.metrics.take_loss(training, _mean(losses))
            self.metrics.take("training", training, at)
            self._keep("training", training, at)
            self._run.curve.add(at.place, {("", name): each for name, each in named(now)}, at.unit)
            if validated_at is not None:
                self._take_validation(validation, validated_at)
            self._record_epoch(at, training, validation, now, said, whole=whole)
            self._observe(training, validation, at, rate)
            self._record_changes(changes)

        return handle

    def _compared(self, validated_at: Moment | None) -> Moment | None:
        """The validation whose values a scheduler compares again and again."""
        return validated_at or (None if self._last is None else self._last[0])

    def _take_validation(self, values: Mapping[str, float], at: Moment) -> None:
        self._validations += 1
        self.metrics.take("validation", values, at)
        self._keep("validation", values, at)
        self._last = at, values

    def _keep(self, stage: Stage, values: Mapping[str, float], at: Moment) -> None:
        """Keep values for the curve that the next entries carry."""
        points: dict[tuple[str, str], float] = {
            (stage, name): value for name, value in values.items()
        }
        self._run.curve.add(at.place, points, at.unit)

    def _observe(
        self,
        training: Mapping[str, float],
        validation: Mapping[str, float],
        at: Moment,
        rate: float | None,
    ) -> None:
        found = self.metrics.observe(self._run.detectors, training, validation, at, rate=rate)
        self._run.record_issues(found, at.unit)

    def _record_epoch(
        self,
        at: Moment,
        training: Mapping[str, float],
        validation: Mapping[str, float],
        now: Mapping[str, float],
        rate: str,
        *,
        whole: str,
    ) -> None:
        if not self._cadence.due(at.epoch):
            return
        self._cadence.recorded(at.epoch)
        by_stage: dict[Stage, Mapping[str, float]] = {
            "validation": validation,
            "training": training,
        }
        standings = [
            self.metrics.standing(stage, name, value, at)
            for stage, values in by_stage.items()
            for name, value in values.items()
        ]
        self._run.emit(
            EventType.TRAINING_PROGRESS,
            reasons.progressed(at.epoch, self._cadence.last, standings, rate, whole=whole),
            self._facts(at, by_stage) | {"learning_rate": plain(now)},
        )

    def _facts(
        self, at: Moment, by_stage: Mapping[Stage, Mapping[str, float]]
    ) -> dict[str, object]:
        """The facts of values: where they were measured, of which set, and the best so far."""
        planned = None if at.is_step else self._cadence.last
        return {
            "progress": dump(facts.Progress(unit=at.unit, done=at.place, planned=planned)),
            "results": {stage: values for stage, values in by_stage.items() if values},
            "best": self.metrics.bests(),
            "epoch": at.epoch,
            "step": at.step,
        }

    def _record_changes(self, changes: list[Change]) -> None:
        for each in changes:
            self._run.emit(EventType.HYPERPARAMETERS_SET, each.reason, each.facts())

    def _saved(self, save: Save) -> None:
        def handle(read: dict[str, float]) -> None:
            self._run.record(self.saves.facts(save, read))

        self._put(save.scores, handle)

    def _evaluate(self, trainer: Any) -> None:
        """Record the last validation, with its epoch and step: the model may have gone on since."""
        if self._last is None:
            return
        at, values = self._last
        standings = [
            self.metrics.standing("validation", name, each, at) for name, each in values.items()
        ]
        since = trainer.global_step - at.step
        self._run.emit(
            EventType.MODEL_EVALUATED,
            reasons.evaluated(at.epoch, at.step, standings, since),
            self._facts(at, {"validation": values}) | {"computed_by": "Lightning"},
        )


def _validates(trainer: Any) -> bool:
    """Whether there is data to validate on."""
    batches = trainer.num_val_batches
    total = sum(batches) if isinstance(batches, list) else batches
    return bool(trainer.enable_validation and total)


def _validates_within(trainer: Any) -> bool:
    """Whether validations come within epochs, and not at their ends alone."""
    return trainer.val_check_interval != 1.0 or trainer.check_val_every_n_epoch is None


def _staged(
    training: Mapping[str, Any], validation: Mapping[str, Any]
) -> Pending[tuple[Stage, str]]:
    """The values of both stages; a name may be of both."""
    values: dict[tuple[Stage, str], Any] = {("training", name): v for name, v in training.items()}
    return pending(values | {("validation", name): v for name, v in validation.items()})


def _of(stage: Stage, read: Mapping[tuple[Stage, str], float]) -> dict[str, float]:
    return {name: value for (of, name), value in read.items() if of == stage}


def _mean(losses: list[Losses]) -> float | None:
    """The mean over intervals; None where there is no loss in any."""
    by_step = {step: loss for each in losses for step, loss in each.by_step.items()}
    return Losses(by_step).mean if by_step else None
