"""The callback a user gives to the trainer."""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mllog_callbacks import Auditor, guarded
from mllog_callbacks.schema import trainer_log
from mllog_transformers.calls import Audit, Call, attend_trainers, call_of
from mllog_transformers.evaluation import predicted, record_alone
from mllog_transformers.training import Fit

__all__ = ["MLAuditCallback"]


class MLAuditCallback(Auditor, Audit, TrainerCallback):
    """Records the audit trail of `transformers.Trainer` and of trainers derived from it.

    A training records its start and what it continues, its data, model and arguments, its progress
    as it is logged, each evaluation, checkpoint and deletion, and its one end: as planned, stopped
    early (by which metric, on which evidence), by hand, or failed. Where several processes train
    together, the one of rank zero records all of this, and each other its own failure. One callback
    may serve many trainers. The arguments are those of `mllog_callbacks.Auditor`.
    """

    def prepare(self) -> None:
        """Watch trainers from now on."""
        attend_trainers()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Watch trainers in the process that a copy comes to, too."""
        self.__dict__.update(state)
        attend_trainers()

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Begin a training, or an attempt of one."""
        self._begin(args, state)

    @guarded
    def _begin(self, args: TrainingArguments, state: TrainerState) -> None:
        call = call_of(state)
        if call is None:
            return  # it was under way when the first callback was made
        call.begin(state)
        fit = call.watching[id(self)] = Fit(self.new_run(), call, args)
        if state.is_world_process_zero:
            fit.begin()

    @guarded
    def refused(self, call: Call, error: BaseException) -> None:
        """Record a call that failed before it began to train."""
        Fit(self.new_run(), call, call.trainer.args).refused(error)

    def on_epoch_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Take where an epoch begins."""
        if (fit := self._watching(state)) is not None:
            fit.epoch_begins(state)

    def on_epoch_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Take whether somebody ended the epoch."""
        if (fit := self._fit(state)) is not None:
            fit.epoch_ends(state, control)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Take what the trainer logs."""
        self._logged(state, kwargs)

    @guarded
    def _logged(self, state: TrainerState, known: dict[str, Any]) -> None:
        # other callbacks take names out of the shared dictionary: the history has them all
        row = state.log_history[-1] if state.log_history else known.get("logs") or {}
        fit = self._fit(state)
        if fit is not None:
            fit.log(state, trainer_log(row))
        elif call_of(state) is None:
            record_alone(self, row, known)

    def on_predict(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **kwargs: Any,
    ) -> None:
        """Take the metrics of a prediction."""
        self._predict(state, metrics, kwargs)

    @guarded
    def _predict(
        self, state: TrainerState, metrics: dict[str, float], known: dict[str, Any]
    ) -> None:
        fit = self._fit(state)
        if fit is not None:
            fit.record(predicted(metrics))
        elif state.is_world_process_zero:
            record_alone(self, metrics, known)

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Take a checkpoint."""
        if (fit := self._fit(state)) is not None:
            fit.saved(state)

    @guarded
    def _fit(self, state: TrainerState) -> Fit | None:
        """The training that has this state, where this process records what goes well."""
        found = self._watching(state)
        return found if found is not None and found.records else None

    def _watching(self, state: TrainerState) -> Fit | None:
        call = call_of(state)
        found = None if call is None else call.watching.get(id(self))
        return found if isinstance(found, Fit) else None
