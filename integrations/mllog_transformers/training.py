"""One training of a trainer, from its start to its one end."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from transformers import IntervalStrategy, TrainerControl, TrainerState, TrainingArguments

from mllog_callbacks import Heard, Run, Training, guarded, listen
from mllog_callbacks.facts import (
    Continued,
    DatasetValidated,
    EventFacts,
    Kept,
    ModelEvaluated,
    ModelSaved,
    Plan,
    Results,
    Stop,
    TrainingStarted,
)
from mllog_callbacks.schema import TrainerLog
from mllog_transformers.calls import Call
from mllog_transformers.checkpoints import Checkpoints, format_of, watch_saves
from mllog_transformers.data import TRAINING, data_sets, evaluation_sets
from mllog_transformers.directions import Directions
from mllog_transformers.evaluation import COMPUTED_BY
from mllog_transformers.labels import Labels
from mllog_transformers.model import algorithm, plain_model
from mllog_transformers.parameters import hyperparameters
from mllog_transformers.places import place
from mllog_transformers.stopping import Requests, beginning, early_stoppings, monitored

__all__ = ["Fit"]

_UNIT: Final = "step"
_NO_RESULT: Final = "`train` returned nothing"
_CHOSEN_BY: Final = "load_best_model_at_end"
_NO_DATA: Final = "Trainer, for the data had no more samples"


class Fit:
    """A training, or an attempt of one.

    Args:
        run: Where the entries go.
        call: The call of `train`.
        args: The training's arguments.

    Attributes:
        records: Whether this process records what goes well, too: the one of rank zero.
    """

    def __init__(self, run: Run, call: Call, args: TrainingArguments) -> None:
        self._run, self._call, self._args = run, call, args
        trainer = call.trainer
        self._sets = evaluation_sets(trainer)
        self._about = monitored(args, self._sets)
        every_step = (
            args.logging_strategy == IntervalStrategy.STEPS and trainer.state.logging_steps == 1
        )
        self._training = Training(
            run,
            unit=_UNIT,
            judged="step" if every_step else "epoch",
            training_sets=[TRAINING],
            directions=Directions(args, self._about),
            counts_on=True,
        )
        self.records = trainer.state.is_world_process_zero
        self._callbacks = trainer.callback_handler.callbacks
        self._evaluations: Counter[str] = Counter()
        self._measured: dict[int, dict[str, dict[str, float]]] = {}
        self._readings: dict[str, float] = {}
        self._epoch_began_at: int | None = None
        self._epoch_cut = self._no_data = self._best_loaded = False
        self._leave = list[Callable[[], object]]()

    def begin(self) -> None:
        """Record start, data, model and arguments, and listen for what has no hook."""
        trainer = self._call.trainer
        self._requests = Requests(trainer)
        self._labels = Labels(self._run)
        self._checkpoints = Checkpoints.of(trainer, self._call.arguments.get("trial"))
        with suppress(TypeError):  # a trainer that overrides it by what is no plain method
            self._leave.append(listen(trainer, {"_load_best_model"}, self._hear_best))
        with suppress(TypeError):
            self._leave.append(listen(trainer, {"get_batch_samples"}, self._labels.hear))
        self._start()
        self._training.record(DatasetValidated(data=data_sets(trainer)))
        self._training.record(algorithm(trainer))
        self._training.record(hyperparameters(self._args, trainer.state.trial_params))
        watch_saves(trainer, self._run)

    def _start(self) -> None:
        trainer, args = self._call.trainer, self._args
        state, trial = trainer.state, self._call.arguments.get("trial")
        self._run.name(model=type(plain_model(trainer.model)).__name__)
        by_epochs = args.max_steps <= 0
        together = args.world_size > 1
        self._training.started(
            TrainingStarted(
                plan=Plan(
                    unit=_UNIT,
                    most=state.max_steps or None,
                    epochs=float(args.num_train_epochs) if by_epochs else None,
                ),
                continues=self._continued(state),
                rules=beginning(self._callbacks, args, self._about),
                machines=args.world_size if together else None,
                rank=args.process_index if together else None,
                attempt=self._call.attempt,
                trial=getattr(trial, "number", None),
            )
        )

    def _continued(self, state: TrainerState) -> Continued | None:
        if not state.global_step:
            return None
        given = self._call.arguments.get("resume_from_checkpoint")
        path = str(given) if isinstance(given, str | os.PathLike) else None
        return Continued(at=state.global_step, unit=_UNIT, path=path)

    def epoch_begins(self, state: TrainerState) -> None:
        """Take where an epoch begins."""
        self._epoch_began_at = state.global_step

    @guarded
    def epoch_ends(self, state: TrainerState, control: TrainerControl) -> None:
        """Take whether the epoch was cut short, or had no data."""
        self._epoch_cut = control.should_epoch_stop
        nothing = state.global_step == self._epoch_began_at
        self._no_data = nothing and control.should_training_stop and self._requests.by is None

    def log(self, state: TrainerState, log: TrainerLog) -> None:
        """Take a row that the trainer logs."""
        step = state.global_step
        if log.kind == "training":
            results = {TRAINING: log.metrics}
            rate = log.learning_rate
            self._training.results(step, results, learning_rate=rate, readings=log.readings)
            self._labels.look(step)
        elif log.kind == "evaluation":
            self._evaluations[log.set] += 1
            self._measured.setdefault(step, {})[log.set] = dict(log.metrics)
            self._training.evaluated(step, {log.set: log.metrics})
        elif log.kind == "end":
            self._readings = dict(log.readings)
        else:
            self._training.results(step, {}, readings=log.readings)

    def record(self, facts: EventFacts | None) -> None:
        """Record something else that happened in the training."""
        if facts is not None:
            self._training.record(facts)

    @guarded
    def saved(self, state: TrainerState) -> None:
        """Record a checkpoint, and which others were deleted for it."""
        self._training.record(ModelSaved(saved=self._checkpoints.saved(state)))

    def refused(self, error: BaseException) -> None:
        """Record a call that failed before it began to train."""
        self._start()
        self._fail(error)

    @guarded
    def ended(self, error: BaseException | None) -> None:
        """Record the end."""
        if self._training.ended:
            return
        self._stop_listening()
        if error is None:
            if self.records:
                self._finish()
            return
        if not self.records:
            self._start()
        self._fail(error)

    def _fail(self, error: BaseException) -> None:
        found = place(error.__traceback__)
        self._training.done = self._call.trainer.state.global_step
        self._training.failed(
            error,
            found.where,
            _NO_RESULT,
            begun=self._epoch_began_at is not None,
            between=found.between,
        )

    def _finish(self) -> None:
        """The call returns: what ended it is what the trainer's own state shows."""
        trainer, args = self._call.trainer, self._args
        state = trainer.state
        self._training.done = state.global_step
        evaluations = self._evaluations[self._about[0]] if self._about else 0
        rules = early_stoppings(self._callbacks, args, state, self._about, evaluations)
        reached = next((each for each in rules.values() if each.is_met), None)
        stop = self._why(state, trainer.control)
        if stop.by == "request" and reached is not None and trainer.control.should_training_stop:
            stop = Stop(by="rule", rule=reached)
        kept = self._kept(state)
        results = self._results_at(kept.at)
        if results:
            evaluated = ModelEvaluated(results=results, kept=kept, computed_by=COMPUTED_BY)
            self._training.record(evaluated)
        self._training.stopped(
            stop,
            kept,
            rules=rules if stop.by == "plan" else None,
            readings=self._readings,
            deleted=self._checkpoints.deleted(),
        )

    def _why(self, state: TrainerState, control: TrainerControl) -> Stop:
        if state.global_step >= state.max_steps:
            return Stop(by="plan")
        if self._no_data or not (control.should_training_stop or self._epoch_cut):
            return Stop(by="request", requested_by=_NO_DATA)
        return Stop(by="request", requested_by=self._requests.by)

    def _kept(self, state: TrainerState) -> Kept:
        """The model in memory: the last one, or the best checkpoint where that was loaded."""
        path = state.best_model_checkpoint
        if self._best_loaded and path is not None and format_of(Path(path)) is not None:
            return Kept(at=state.best_global_step, unit=_UNIT, chosen_by=_CHOSEN_BY, path=path)
        return Kept(at=state.global_step, unit=_UNIT)

    def _results_at(self, step: int | None) -> Results:
        return {} if step is None else self._measured.get(step, {})

    def _hear_best(self, heard: Heard) -> None:
        self._best_loaded = heard.error is None

    def _stop_listening(self) -> None:
        if self.records:
            self._requests.leave()
        for each in self._leave:
            each()
        self._leave.clear()
