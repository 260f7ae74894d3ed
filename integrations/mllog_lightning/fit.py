"""One fit: recorded as entries from its start to its one end."""

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from mllog_callbacks import Auditor, EventType, Reason, Run, completing, guarded, unbroken
from mllog_callbacks.facts import Kept, dump
from mllog_callbacks.schema import count
from mllog_lightning import effects, facts, memory, reasons
from mllog_lightning.bases import version
from mllog_lightning.checkpoints import best_checkpoint
from mllog_lightning.directions import contradictions
from mllog_lightning.progress import Progress
from mllog_lightning.ranks import at_exit
from mllog_lightning.rates import optimizer_names
from mllog_lightning.settings import module_settings, optimizer_settings, trainer_settings
from mllog_lightning.stops import StopWatch, carried, named_by_callback
from mllog_lightning.watch import Best

__all__ = ["Fit"]


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
        self._before: dict[str, object] = {}

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
        begins = facts.beginning(trainer, reasons.planned(trainer), self._source)
        self._start(
            reasons.started(trainer, self._source, rank=self._rank, trained=self.trained), begins
        )
        if self.records and not late:
            self._record_choices(trainer, module)

    @unbroken
    def _start(self, reason: Reason, snapshot: dict[str, object]) -> None:
        if not self.begun:
            self.begun = True
            self.run.emit(EventType.TRAINING_STARTED, reason, snapshot)

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
        training, validating = facts.loaders(loop), facts.loaders(loop.epoch_loop.val_loop)
        validation = facts.raw_sets(loop.epoch_loop.val_loop, "validation")
        self.run.examine(facts.raw_sets(loop, "training") | validation)
        self.run.emit(
            EventType.DATASET_VALIDATED,
            reasons.data(training, validating),
            {
                "data": facts.data_sets("training", training)
                | facts.data_sets("validation", validating)
            },
        )
        if self._source and trainer.global_step:
            self._before = {"epochs_before": trainer.current_epoch}
            done = {"progress": facts.position(trainer), "step": trainer.global_step}
            self.run.emit(EventType.TRAINING_PROGRESS, reasons.resumed(trainer, self._source), done)
        sets = facts.sets_of(training, validating)
        for each in effects.found_before(trainer):
            self.run.emit(EventType.HYPERPARAMETERS_SET, each.reason, each.facts)
        self.progress = Progress(self.run, trainer, module, sets)
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
        event = EventType.TRAINING_COMPLETED if found.planned else EventType.TRAINING_STOPPED
        weights, of_weights = effects.averaged(trainer) if self.trained else ("", {})
        words, kept = self._kept(trainer)
        reasoning = " ".join(filter(None, (found.reason.reasoning, weights, words)))
        done = self._done(trainer) | of_weights | kept
        if found.stop is not None:
            done["stop"] = dump(found.stop)
        self.run.end(event, found.reason._replace(reasoning=reasoning), done)

    def _best(self, name: str) -> Best | None:
        return None if self.progress is None else self.progress.metrics.best(name)

    def _kept(self, trainer: Any) -> tuple[str, dict[str, object]]:
        """The checkpoint that is kept as the best: in words, and as facts; else empty."""
        if self.progress is None:
            return "", {}
        words, checkpoint = best_checkpoint(trainer, self.progress.saves.place)
        if not checkpoint:
            return "", {}
        words += self.progress.metrics.better(str(checkpoint["monitor"]), checkpoint["score"])
        return words, {"best_checkpoint": checkpoint, "kept": dump(_kept(checkpoint))}

    @completing
    def fail(self, trainer: Any, module: Any, error: BaseException) -> None:
        """Record the end that an exception makes; it is read, and not kept."""
        self._leave()
        if self.ended:
            if not self._failed:  # else it is called again, after an interruption
                self.run.emit(EventType.ISSUE_DETECTED, reasons.failed_after(error), None)
            return
        self._failed = True
        self.begin(trainer, module, late=True)
        if self.progress is not None:
            guarded(self.progress.settle)(trainer, wait=False)
            self.progress.saves.settle(now=True)
        where = reasons.where(trainer, error, begun=self.trained)
        at = reasons.position(trainer) if self.trained else "before its first batch"
        left = f"the module is left as it was after {count(trainer.global_step, 'step')}"
        _, kept = self._kept(trainer)
        self.run.fail(error, where, at, left, self._done(trainer) | kept | memory.found(error))

    def vanish(self) -> None:
        """Record an end that was not seen."""
        if self.begun and not self.ended:
            self.run.end(EventType.TRAINING_FAILED, reasons.vanished(), {})

    def _record_choices(self, trainer: Any, module: Any) -> None:
        model = facts.model_facts(module)
        optimizers, schedulers = trainer.optimizers, trainer.lr_scheduler_configs
        names = optimizer_names(optimizers, module)
        self.run.emit(
            EventType.ALGORITHM_SELECTED,
            reasons.algorithm(model, optimizers, names, schedulers),
            {
                **model._asdict(),
                "optimizers": names,
                "schedulers": [type(each.scheduler).__name__ for each in schedulers],
            },
        )
        found = [module_settings(each) for each in (module, trainer.datamodule)]
        settings = [each for each in found if each is not None]
        settings += optimizer_settings(optimizers, names, restored=bool(self._source))
        settings.append(trainer_settings(trainer, self._asked))
        resolved, callbacks = facts.resolved(trainer), facts.callbacks(trainer)
        reason = reasons.hyperparameters(settings, resolved, callbacks, version(trainer))
        state = carried(trainer)
        self.run.emit(
            EventType.HYPERPARAMETERS_SET,
            reasons.with_state(reason, [words for words, _ in state], self._source),
            {
                "parameters": {
                    "given": {each.of: each.given for each in settings if each.given},
                    "derived": {n: v for each in settings for n, v in each.derivations().items()},
                    "defaults": {each.of: each.defaults for each in settings if each.defaults},
                },
                "changed": {each.of: each.in_force for each in settings if each.in_force},
                "resolved": resolved,
                "callbacks": callbacks,
                **({"carried": named_by_callback([each for _, each in state])} if state else {}),
            },
        )
        detectors = self.run.detectors
        contrary = contradictions(trainer, detectors.stated)
        self.run.record_issues(each for each in contrary if not detectors.ignores(each))

    def _done(self, trainer: Any) -> dict[str, object]:
        done: dict[str, object] = {
            "progress": facts.position(trainer),
            "step": trainer.global_step,
            **self._before,
        }
        if self.progress is None:
            return done
        known = {
            "best": self.progress.metrics.bests(),
            "deleted": self.progress.saves.deleted(),
        }
        return done | {name: each for name, each in known.items() if each}


def _kept(checkpoint: Mapping[str, Any]) -> Kept:
    """The best checkpoint, as what the training leaves."""
    epoch = checkpoint["epoch"]
    return Kept(
        at=epoch,
        unit=None if epoch is None else "epoch",
        chosen_by=f"monitor={checkpoint['monitor']}",
        path=checkpoint["path"],
    )
