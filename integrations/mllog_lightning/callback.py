"""The callback a user gives to Lightning's trainer."""

import os
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from mllog_callbacks import AuditLog, Auditor, Detector, DetectorSet, Issue, guarded, report_failure
from mllog_callbacks.detectors import Mode
from mllog_lightning.asked import arguments, checkpoint
from mllog_lightning.bases import CallbackBase
from mllog_lightning.evaluation import Evaluation
from mllog_lightning.fit import Fit
from mllog_lightning.progress import Progress
from mllog_lightning.ranks import in_teardown, recorded_by_a_rank

__all__ = ["MLAuditCallback"]

_FIT = "fit"


class _Auditor(Auditor):
    can_stop = True


class MLAuditCallback(CallbackBase):
    """Leaves an audit trail of what a Lightning trainer does: what happened, and why.

    A fit records its start, its model and optimisers, who set which hyperparameter, its data,
    progress at a rate a person reads, learning rates as they are changed, checkpoints as they are
    saved, issues, the last evaluation, and its one end: completed, stopped early (by which rule,
    on which evidence) or by hand, or failed. A validation, test or prediction by itself leaves one
    entry. It never raises into the training and never changes it. One callback may serve many
    trainers.

    In a distributed training rank zero records all of this, and each other rank its own failure.

    Args:
        log: Where entries go: a log, or the path of a folder; default `get_log()`, asked for at
            each fit.
        dataset: Name of the training data in the entries; default the log's.
        model: Name of the model in the entries; default the log's, or the module's class.
        detectors: What watches the metrics: detectors, or names such as "overfitting"; default
            all, ``[]`` for none; or ``DetectorSet(ignore=["MLA003"])``. Each fit has copies of
            its own.
        on_issue: Called with each issue that is recorded; what it raises is reported by `logging`.
            Where it returns "stop" the training ends as by ``trainer.should_stop``.
        stop_on: Names or codes of issues that end the training when they open, as in
            ``["non_finite"]``: by ``trainer.should_stop``, so ``min_epochs`` still holds; in a
            distributed training they do not.
        gradients: Whether gradients are watched as well, each `log_every_n_steps` steps: for those
            that vanish or explode, and for units that get none. It costs a few operations on the
            device for each layer.
        directions: Which values of a metric are better, as in ``{"my_score": "max"}``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: There is no detector of a name, or a direction is neither "max" nor "min".

    Example:
        >>> trainer = Trainer(callbacks=[MLAuditCallback()])
        >>> trainer.fit(module, loader)
    """

    def __init__(
        self,
        log: AuditLog | str | os.PathLike[str] | None = None,
        *,
        dataset: str | None = None,
        model: str | None = None,
        detectors: DetectorSet | Detector | str | Sequence[Detector | str] | None = None,
        on_issue: Callable[[Issue], object] | None = None,
        stop_on: str | Sequence[str] = (),
        gradients: bool = False,
        directions: Mapping[str, Mode] | None = None,
    ) -> None:
        self._auditor = _Auditor(
            log,
            dataset=dataset,
            model=model,
            detectors=detectors,
            on_issue=on_issue,
            stop_on=stop_on,
            directions=directions,
        )
        self._gradients = gradients
        self._asked_elsewhere: dict[str, object] | None = None
        self._forget()

    def _forget(self) -> None:
        self._calls: MutableMapping[Any, Fit | Evaluation] = WeakKeyDictionary()
        self._asked: MutableMapping[Any, dict[str, object]] = WeakKeyDictionary()

    @property
    def state_dict(self) -> Callable[[], dict[str, Any]]:  # pyright: ignore[reportIncompatibleMethodOverride]  # called alike
        """Lightning's own: nothing is kept there.

        Reading it is how Lightning says that it makes a trainer; see `mllog_lightning.asked`. The
        state goes to a checkpoint by `on_save_checkpoint`: Lightning refuses a trainer that has two
        callbacks of one class with a `state_dict`.
        """
        self._note_arguments(sys._getframe(1))  # noqa: SLF001 - documented for CPython
        return super().state_dict

    @guarded
    def _note_arguments(self, frame: FrameType) -> None:
        found = arguments(frame)
        if found is not None:
            self._asked[found[0]] = found[1]

    @guarded
    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """A call of the trainer begins."""
        left = self._calls.pop(trainer, None)
        if isinstance(left, Fit):
            left.vanish()
        source = checkpoint(sys._getframe(), trainer)  # noqa: SLF001 - documented for CPython
        if stage == _FIT:
            fit = self._new_fit(trainer, source, records=trainer.is_global_zero)
            self._calls[trainer] = fit
            fit.watch_process(trainer, pl_module)
        elif trainer.is_global_zero:
            kind = str(trainer.state.fn.value)
            self._calls[trainer] = Evaluation(self._auditor, kind, source)

    @guarded
    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Lightning is ready to fit."""
        if (fit := self._recording(trainer)) is not None:
            fit.begin(trainer, pl_module)

    @guarded
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """The first epoch is about to begin."""
        fit = self._calls.get(trainer)
        if isinstance(fit, Fit):
            fit.begin_training(trainer, pl_module)

    @guarded
    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """All is known of the epoch before."""
        if (progress := self._progress(trainer)) is not None:
            progress.account(trainer)

    @guarded
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """All is known of the last epoch; its values are where they were computed."""
        if (progress := self._progress(trainer)) is not None:
            progress.account(trainer)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A batch is done: its loss is kept, and read later."""
        try:
            fit = self._calls.get(trainer)
            if type(fit) is Fit and fit.progress is not None:
                fit.progress.step(trainer, outputs)
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "MLAuditCallback.on_train_batch_end")

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """The graph of a batch's loss is there: the first ones show what it is."""
        try:
            progress = self._progress(trainer)
            if progress is not None and not progress.criterion.done:
                progress.criterion.look(loss)
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "MLAuditCallback.on_before_backward")

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """The gradients are there, not clipped yet, and the rate of the step."""
        try:
            progress = self._progress(trainer)
            if progress is not None:
                if progress.is_new_epoch:
                    progress.begin_epoch(trainer)
                progress.rates.use(trainer, optimizer)
                if self._gradients:
                    progress.look_at_gradients(trainer, pl_module)
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "MLAuditCallback.on_before_optimizer_step")

    @guarded
    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Time goes by that is not the training's."""
        if (progress := self._progress(trainer)) is not None:
            progress.leave_training(trainer)
        self._begin_evaluation(trainer)

    @guarded
    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """The first batch is about to be tested."""
        self._begin_evaluation(trainer)

    @guarded
    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """The first batch is about to be predicted."""
        self._begin_evaluation(trainer)

    def _begin_evaluation(self, trainer: Any) -> None:
        call = self._calls.get(trainer)
        if isinstance(call, Evaluation):
            call.begin()

    @guarded
    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """The training's time goes on."""
        if (progress := self._progress(trainer)) is not None:
            progress.validated(trainer)
            progress.return_to_training()

    @guarded
    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """A call of the trainer is over."""
        call = self._calls.get(trainer)
        if call is not None:
            call.end(trainer, pl_module)

    @guarded
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """A call of the trainer ends by an exception."""
        call = self._calls.get(trainer)
        if call is None or (isinstance(call, Fit) and call.ended and not in_teardown(exception)):
            if recorded_by_a_rank(exception):
                return
            call = self._calls[trainer] = self._late(trainer)
        call.fail(trainer, pl_module, exception)

    def _late(self, trainer: Any) -> Fit | Evaluation:
        """A call that failed before its callbacks were set up."""
        kind = str(trainer.state.fn.value)
        if kind == _FIT:
            return self._new_fit(trainer, None, records=True)
        return Evaluation(self._auditor, kind)

    def _new_fit(self, trainer: Any, source: object, *, records: bool) -> Fit:
        asked = self._asked.get(trainer, self._asked_elsewhere)
        return Fit(self._auditor, asked, source, records=records)

    @guarded
    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Add the state of the fit to a checkpoint, under a key of its own."""
        progress = self._progress(trainer)
        if progress is not None and "callbacks" in checkpoint:
            checkpoint["callbacks"][self.state_key] = progress.state(trainer)

    @guarded
    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Go on where the fit was that wrote a checkpoint."""
        fit, state = self._recording(trainer), checkpoint.get("callbacks", {}).get(self.state_key)
        if fit is not None and isinstance(state, dict):
            fit.restored = state

    def _recording(self, trainer: Any) -> Fit | None:
        """The fit of a trainer, where this process records it."""
        call = self._calls.get(trainer)
        return call if isinstance(call, Fit) and call.records else None

    def _progress(self, trainer: Any) -> Progress | None:
        """What the training of a trainer shows, where this process records it."""
        call = self._calls.get(trainer)
        return call.progress if isinstance(call, Fit) else None

    def __getstate__(self) -> dict[str, object]:
        """What is copied or pickled: how to log, not what is under way, nor what Lightning added.

        Lightning sets `log` and `log_dict` on callbacks, bound to the module.
        """
        # a trainer that launches its ranks is pickled with its callbacks before its first call
        waiting = [each for trainer, each in self._asked.items() if trainer not in self._calls]
        kept: dict[str, object] = {"_auditor": self._auditor, "_gradients": self._gradients}
        return kept | {"_asked_elsewhere": waiting[0] if len(waiting) == 1 else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()
