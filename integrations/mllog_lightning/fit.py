"""One fit: recorded as entries from its start to its one end."""

import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

import torch

from mllog_callbacks import Auditor, Run, completing, guarded, unbroken
from mllog_callbacks.facts import (
    CallFailed,
    Checkpoint,
    DatasetValidated,
    HyperparametersSet,
    Kept,
    TrainingEnded,
    TrainingProgress,
    TrainingStarted,
    ended_by,
)
from mllog_lightning import effects, memory
from mllog_lightning.bases import version
from mllog_lightning.checkpoints import best_checkpoint
from mllog_lightning.data import data_sets, raw_sets, sets_of
from mllog_lightning.directions import contradictions
from mllog_lightning.model import algorithm
from mllog_lightning.places import where
from mllog_lightning.position import batches_done, beginning, last_epoch, position
from mllog_lightning.progress import Progress
from mllog_lightning.ranks import at_exit
from mllog_lightning.rates import optimizer_names
from mllog_lightning.settings import (
    module_settings,
    optimizer_settings,
    parameters,
    resolved,
    trainer_settings,
)
from mllog_lightning.stops import StopWatch, carried
from mllog_lightning.watch import Best

__all__ = ["Fit"]

_LEFT: Final = "the module keeps the weights that it had then"
_TEARDOWN: Final = "after the training, while Lightning tore down"


class Fit:
    """One call of `Trainer.fit`, in one of its processes.

    Rank zero records all; the others record only their own failure.

    Args:
        auditor: How runs are logged.
        asked: What the trainer's caller gave; None where that is not known.
        source: The checkpoint that it resumes; None where it does not.
        records: Whether this process records all.

    Attributes:
        begun: Whether the start was recorded.
        trained: Whether the training itself began.
        progress: What the training shows; None before it began, and where it is not recorded.
        restored: The state of an earlier fit, where a checkpoint had one.
    """

    def __init__(
        self,
        auditor: Auditor,
        asked: Mapping[str, object] | None = None,
        source: object = None,
        *,
        records: bool,
    ) -> None:
        self.begun = self.trained = self._failed = False
        self.restored: Mapping[str, Any] | None = None
        self._asked, self._source = asked, source
        self._rank: int | None = None
        self._leave: Callable[[], object] = bool
        self.records = records
        self._auditor = auditor
        self._made: Run | None = auditor.new_run() if records else None
        self.progress: Progress | None = None
        self._before: int | None = None

    @property
    def run(self) -> Run:
        """What it is recorded as."""
        if self._made is None:
            self._made = self._auditor.new_run()
        return self._made

    @property
    def ended(self) -> bool:
        """Whether the end was recorded."""
        return self._made is not None and self._made.ended

    def begin(self, trainer: Any, module: Any, *, late: bool = False) -> None:
        """Record the start: how far it is to go, with which model and settings.

        Args:
            trainer: The trainer.
            module: What it trains; None where that is not known yet.
            late: Whether the training has failed: then its settings are not recorded.
        """
        if self.begun:
            return
        name = type(module).__name__ if module is not None else "LightningModule"
        self.run.name(model=name)
        self._start(beginning(trainer, self._source, self._rank, trained=self.trained))
        if self.records and not late:
            self._record_choices(trainer, module)

    @unbroken
    def _start(self, facts: TrainingStarted) -> None:
        if not self.begun:
            self.begun = True
            self.run.record(facts)

    def watch_process(self, trainer: Any, module: Any) -> None:
        """Record the end of this process, of which Lightning notifies no callback."""
        self._rank = trainer.global_rank
        at, of, fit = weakref.ref(trainer), weakref.ref(module), weakref.ref(self)

        @guarded
        def fail(error: BaseException) -> None:
            mine, its = fit(), at()
            if mine is not None and its is not None and not mine.ended:
                mine.fail(its, of(), error)

        self._leave = at_exit(fail)

    def begin_training(self, trainer: Any, module: Any) -> None:
        """Record the data, now that the loaders are made, and begin to watch."""
        self.trained = True
        if not self.records:
            return
        loop = trainer.fit_loop
        training = data_sets(loop, "training", "training")
        validating = data_sets(loop.epoch_loop.val_loop, "validation", "validation")
        validation = raw_sets(loop.epoch_loop.val_loop, "validation")
        self.run.examine(raw_sets(loop, "training") | validation)
        self.run.record(DatasetValidated(data=training | validating))
        if self._source and trainer.global_step:
            self._before = trainer.current_epoch
            self.run.record(_resumed(trainer, str(self._source)))
        for each in effects.found_before(trainer):
            self.run.record(each)
        self.progress = Progress(self.run, trainer, module, sets_of(training, validating))
        if self.restored is not None:
            self.progress.restore(trainer, self.restored)

    @completing
    def end(self, trainer: Any, _module: Any = None) -> None:
        """Record how the training ended, now that the call is over.

        There is nothing to record where a tuner has left before it began.
        """
        self._leave()
        if not self.records or not self.begun or self.ended:
            return
        if self.progress is not None:
            self.progress.finish(trainer)
        stops = StopWatch() if self.progress is None else self.progress.stops
        found = stops.end(trainer, self._best, trained=self.trained, asked=self.run.stop)
        self.run.record(
            TrainingEnded(
                **self._done(trainer),
                stop=found.stop,
                rules=found.rules,
                first_begun=None if self.trained else False,
                batches=last_epoch(trainer) if self.trained else None,
                weights=effects.averaged(trainer) if self.trained else None,
            )
        )

    def _best(self, name: str) -> Best | None:
        return None if self.progress is None else self.progress.metrics.best(name)

    @completing
    def fail(self, trainer: Any, module: Any, error: BaseException) -> None:
        """Record the end that an exception makes; it is read, and not kept."""
        self._leave()
        if self.ended:
            if not self._failed:  # else it is called again, after an interruption
                _, failure = ended_by(error, _TEARDOWN)
                self.run.record(CallFailed(error=failure, after_end=True))
            return
        self._failed = True
        self.begin(trainer, module, late=True)
        if self.progress is not None:
            guarded(self.progress.settle)(trainer, wait=False)
            self.progress.saves.settle(now=True)
        stop, failure = ended_by(error, where(trainer, error, begun=self.trained))
        self.run.record(
            TrainingEnded(
                **self._done(trainer),
                **memory.found(error)._asdict(),
                stop=stop,
                error=None if stop.by == "rule" else failure,
                first_begun=None if self.trained else False,
                consequence=_LEFT,
            )
        )

    def vanish(self) -> None:
        """Record an end that was not seen."""
        if self.begun and not self.ended:
            self.run.record(TrainingEnded())

    def _record_choices(self, trainer: Any, module: Any) -> None:
        lightning = f"Lightning {version(trainer)}"
        optimizers = trainer.optimizers
        names = optimizer_names(optimizers, module)
        self.run.record(algorithm(trainer, module, names, lightning))
        found = [module_settings(each) for each in (module, trainer.datamodule)]
        settings = [each for each in found if each is not None]
        settings += optimizer_settings(optimizers, names, restored=bool(self._source))
        settings.append(trainer_settings(trainer, self._asked))
        others = f"{lightning}, PyTorch {torch.__version__} or the module"
        self.run.record(
            HyperparametersSet(
                parameters=parameters(settings, others),
                changed={each.of: each.in_force for each in settings if each.in_force},
                resolved=resolved(trainer),
                callbacks=tuple(type(each).__name__ for each in trainer.callbacks),
                carried=carried(trainer, self._source),
            )
        )
        detectors = self.run.detectors
        contrary = contradictions(trainer, detectors.stated)
        self.run.record_issues(each for each in contrary if not detectors.ignores(each))

    def _done(self, trainer: Any) -> dict[str, Any]:
        """What is known of the training at its end, whichever that is."""
        found: dict[str, Any] = {
            "progress": position(trainer),
            "step": trainer.global_step,
            "epochs_before": self._before,
        }
        if self.progress is None:
            return found
        saves, metrics = self.progress.saves, self.progress.metrics
        checkpoint = best_checkpoint(trainer, saves.place, metrics)
        return found | {
            "best": metrics.bests(),
            "deleted": tuple(saves.deleted()),
            "best_checkpoint": checkpoint,
            "kept": None if checkpoint is None else _kept(checkpoint),
        }


def _resumed(trainer: Any, source: str) -> TrainingProgress:
    """The facts of a training that has taken up the state of a checkpoint."""
    within = trainer.fit_loop.epoch_progress.current
    begun = within.ready > within.completed
    return TrainingProgress(
        progress=position(trainer),
        results={},
        restored_from=source,
        batches=batches_done(trainer, trainer.current_epoch + 1) if begun else None,
        step=trainer.global_step,
    )


def _kept(checkpoint: Checkpoint) -> Kept:
    """The best checkpoint, as what the training leaves."""
    epoch = checkpoint.epoch
    return Kept(
        at=epoch,
        unit=None if epoch is None else "epoch",
        chosen_by=f"monitor={checkpoint.monitor}",
        path=checkpoint.path,
    )
