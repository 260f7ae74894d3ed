"""What a fit shows while it trains: recorded step by step, and shown to the detectors.

Values that are still being computed on a device are not waited for: each is handled when it is
there, in the order they came.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, Final, NamedTuple, TypeAlias

from mllog_callbacks import Cadence, Facts, Run, facts
from mllog_callbacks.facts import (
    Batches,
    DataSet,
    HyperparametersSet,
    ModelEvaluated,
    TrainingProgress,
)
from mllog_lightning.checkpoints import CheckpointWatch, Save
from mllog_lightning.criterion import Criterion
from mllog_lightning.directions import Directions
from mllog_lightning.effects import Trainable, accumulates
from mllog_lightning.evaluation import COMPUTED_BY
from mllog_lightning.gradients import GradientWatch, measured
from mllog_lightning.metrics import NewValues, validated
from mllog_lightning.model import dropout
from mllog_lightning.position import last_epoch, planned
from mllog_lightning.rates import RateWatch, named, plain
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


class _Losses(NamedTuple):
    """The losses of an interval.

    Attributes:
        values: The losses, by their place among `places`.
        places: The step of each, and what Lightning divided it by.
        seconds: The training's own time.
        rate: The learning rate.
    """

    values: Pending[int]
    places: Sequence[tuple[int, int]]
    seconds: float
    rate: float | None


class _Gradients(NamedTuple):
    """The gradients of a step.

    Attributes:
        values: Norms and shares, by layer.
        step: The step.
        rate: Its learning rate.
    """

    values: Pending[tuple[str, str]]
    step: int
    rate: float | None


class _Check(NamedTuple):
    """A validation by itself.

    Attributes:
        values: What it measured.
        at: When it was.
        rate: The learning rate.
    """

    values: Pending[tuple[Stage, str]]
    at: Moment
    rate: float | None


class _Epoch(NamedTuple):
    """An epoch that has ended.

    Attributes:
        values: What its stages logged.
        at: When that was.
        validated_at: When its validation was; None where it had none.
        rates: The learning rates when it began, and now.
        part: The part of it that is done; None where it is whole.
        rate: The learning rate of its last step.
        changes: The learning rates that were changed.
    """

    values: Pending[tuple[Stage, str]]
    at: Moment
    validated_at: Moment | None
    rates: tuple[Mapping[str, float], Mapping[str, float]]
    part: Batches | None
    rate: float | None
    changes: Sequence[HyperparametersSet]


class _Saved(NamedTuple):
    """A checkpoint.

    Attributes:
        values: Its scores.
        save: The save.
    """

    values: Pending[str]
    save: Save


_Record: TypeAlias = _Losses | _Gradients | _Check | _Epoch | _Saved
"""What is handled once its values are there."""


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
        self._waiting: deque[_Record] = deque()
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
        self._cadence = Cadence(run.level, planned(trainer))
        self._checks, self._validations = Cadence(run.level), 0
        self._automatic = bool(module.automatic_optimization)
        self._gradients: GradientWatch | None = None
        self.stops.begin(trainer)
        self.rates.begin(trainer)
        run.detectors.facts = Facts(
            rows=sets["training"].rows if "training" in sets else None,
            sets=sets,
            dropout=dropout(module),
            learning_rate=self.rates.used,
        )
        self._steps = run.detectors.among(
            _STEP_DETECTORS if self._automatic else _STEP_DETECTORS_BY_HAND
        )

    def step(self, trainer: Any, outputs: Any) -> None:
        """Take a batch's loss."""
        batches = trainer.accumulate_grad_batches
        if batches != self._accumulates:
            before, self._accumulates = self._accumulates, batches
            self._run.record(accumulates(trainer, before))
        if self._losses.add(outputs, trainer.global_step, batches):
            self._read_losses()
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
            self._run.record(effect)

    def look_at_gradients(self, trainer: Any, module: Any) -> None:
        """Measure the gradients, once an interval."""
        step = trainer.global_step + 1
        if step % self._losses.every == 0 or step == 1:
            self._put(_Gradients(measured(module), step, self.rates.used))

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
            self._read_losses()
            self.metrics.directions.learn(trainer.fit_loop.epoch_loop)
            training = self._values.take(trainer)
            validation, self._open = self._open, None
            values = {} if validation is None else validation.values
            validated_at = None if validation is None else validation.at
            self._put(self._epoch(trainer, _staged(training, values), at, validated_at))
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
        self._put(_Check(_staged({}, values), at, self.rates.used))

    def _take_check(self, record: _Check) -> None:
        at, found = record.at, _of("validation", record.values.read())
        self._take_validation(found, at)
        if self._checks.due(self._validations):
            self._checks.recorded(self._validations)
            self._run.record(
                TrainingProgress(**self._facts(at, {"validation": found}), within_epoch=True)
            )
        self._observe({}, found, at, record.rate)

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
        while self._waiting and (wait or self._waiting[0].values.ready):
            record = self._waiting[0]
            if wait:
                record.values.wait()
            self._handle(record)
            self._waiting.popleft()  # at last: whatever interrupts it is handled again

    def _handle(self, record: _Record) -> None:
        match record:
            case _Losses():
                self._take_losses(record)
            case _Epoch():
                self._take_epoch(record)
            case _Check():
                self._take_check(record)
            case _Saved():
                self._run.record(self.saves.facts(record.save, record.values.read()))
            case _Gradients():
                self._take_gradients(record)

    def _take_gradients(self, record: _Gradients) -> None:
        watch = self._gradients = self._gradients or GradientWatch(self._run.detectors)
        found = watch.observe(record.values.read(), record.step, record.rate)
        self._run.record_issues(found, "step")

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

    def _put(self, record: _Record) -> None:
        self._waiting.append(record)
        self.drain()

    def _read_losses(self) -> None:
        values, places = self._losses.take()
        if places:
            self._put(_Losses(values, places, monotonic() - self._outside, self.rates.used))

    def _take_losses(self, record: _Losses) -> None:
        found = Losses.of(record.values.read(), record.places)
        self._epoch_losses.append(found)
        for each in found.observations():
            observed = each._replace(seconds=record.seconds, learning_rate=record.rate)
            self._run.record_issues(self._steps.observe(observed), "step")
        if found.by_step:
            point = {("training", "step_loss"): found.mean}
            self._run.curve.add(max(found.by_step), point, "step")
        if found.by_step and self._cadence.silent:
            self._record_steps(found)

    def _record_steps(self, found: Losses) -> None:
        self._cadence.spoke()
        self._run.record(
            TrainingProgress(
                progress=facts.Progress(unit="step", done=max(found.by_step)),
                results={"training": {"step_loss": found.mean}},
                averaged_over=len(found.by_step),
            )
        )

    def _epoch(
        self,
        trainer: Any,
        values: Pending[tuple[Stage, str]],
        at: Moment,
        validated_at: Moment | None,
    ) -> _Epoch:
        """An epoch with all that is known of it but its values, which may come later."""
        before, changes = self.rates.last, self.rates.look(trainer, self._compared(validated_at))
        rates, part = (before, self.rates.last), last_epoch(trainer)
        return _Epoch(values, at, validated_at, rates, part, self.rates.used, changes)

    def _take_epoch(self, record: _Epoch) -> None:
        at, read = record.at, record.values.read()
        training, validation = _of("training", read), _of("validation", read)
        losses, self._epoch_losses = self._epoch_losses, []
        if self._automatic:
            self.metrics.take_loss(training, _mean(losses))
        self.metrics.take("training", training, at)
        self._keep("training", training, at)
        points = {("", name): each for name, each in named(record.rates[1])}
        self._run.curve.add(at.place, points, at.unit)
        if record.validated_at is not None:
            self._take_validation(validation, record.validated_at)
        self._record_epoch(record, training, validation)
        self._observe(training, validation, at, record.rate)
        for each in record.changes:
            self._run.record(each)

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
        record: _Epoch,
        training: Mapping[str, float],
        validation: Mapping[str, float],
    ) -> None:
        at, (before, now) = record.at, record.rates
        if not self._cadence.due(at.epoch):
            return
        self._cadence.recorded(at.epoch)
        self._run.record(
            TrainingProgress(
                **self._facts(at, {"validation": validation, "training": training}),
                batches=record.part,
                learning_rate=plain(now) if now else None,
                learning_rate_before=plain(before) if before and before != now else None,
            )
        )

    def _facts(self, at: Moment, by_stage: Mapping[Stage, Mapping[str, float]]) -> dict[str, Any]:
        """The facts of values: where they were measured, of which set, and the best so far."""
        planned = None if at.is_step else self._cadence.last
        return {
            "progress": facts.Progress(unit=at.unit, done=at.place, planned=planned),
            "results": {stage: values for stage, values in by_stage.items() if values},
            "best": self.metrics.bests(),
            "epoch": at.epoch,
            "step": at.step,
        }

    def _saved(self, save: Save) -> None:
        self._put(_Saved(save.scores, save))

    def _evaluate(self, trainer: Any) -> None:
        """Record the last validation, with its epoch and step: the model may have gone on since."""
        if self._last is None:
            return
        at, values = self._last
        since = trainer.global_step - at.step
        self._run.record(
            ModelEvaluated(
                **self._facts(at, {"validation": values}),
                computed_by=COMPUTED_BY,
                steps_since=since if since > 0 else None,
            )
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
