"""Validation, test and prediction by themselves: no runs, but each leaves one entry."""

from typing import Any, Final

from mllog_callbacks import Auditor
from mllog_callbacks.facts import CallFailed, ModelEvaluated, ended_by
from mllog_lightning import memory
from mllog_lightning.data import data_sets
from mllog_lightning.metrics import cached_metrics
from mllog_lightning.places import where
from mllog_lightning.values import pending

__all__ = ["COMPUTED_BY", "Evaluation"]

COMPUTED_BY: Final = "Lightning"

_SETS: Final = {"validate": "validation", "test": "test", "predict": "prediction"}
_LIMITS: Final = {
    "validate": "limit_val_batches",
    "test": "limit_test_batches",
    "predict": "limit_predict_batches",
}


class Evaluation:
    """One call of `Trainer.validate`, `test` or `predict`.

    It is no training: it records no start, and its one entry is the model's evaluation, or the
    issue that it failed.

    Args:
        auditor: How it is logged.
        kind: The call, as Lightning names it.
        source: The checkpoint that the weights are of; None where they were in memory.
    """

    def __init__(self, auditor: Auditor, kind: str, source: object = None) -> None:
        self._run = auditor.new_run(trains=False)
        self._kind, self._source = kind, source
        self._begun = self._recorded = False

    def begin(self) -> None:
        """Its first batch is about to come."""
        self._begun = True

    def end(self, trainer: Any, module: Any) -> None:
        """Record what was measured, now that the call is over: Lightning has moved it to the CPU.

        There is nothing to record where a tuner has left before it began.
        """
        loop = getattr(trainer, f"{self._kind}_loop")
        if self._recorded or not (self._begun or loop.skip):
            return
        self._recorded = True
        self._run.name(model=type(module).__name__)
        name = _SETS[self._kind]
        values = pending(cached_metrics(trainer)).read() if self._begun else {}
        limit = _LIMITS[self._kind]
        zero = getattr(trainer, limit) == 0
        empty = f"{limit}=0 leaves no batches" if zero else "Its data had none"
        self._run.record(
            ModelEvaluated(
                results={name: values} if values else {},
                computed_by=COMPUTED_BY,
                call=self._kind,
                ckpt_path=None if self._source is None else str(self._source),
                data=data_sets(loop, name) if self._begun else None,
                without=None if self._begun else empty,
            )
        )

    def fail(self, trainer: Any, module: Any, error: BaseException) -> None:
        """Record an exception: of an error as an issue, of a stop by hand as what it is."""
        if module is not None:
            self._run.name(model=type(module).__name__)
        _, failure = ended_by(error, where(trainer, error, begun=self._begun))
        after, self._recorded = self._recorded, True
        self._run.record(
            CallFailed(
                call=self._kind,
                severity="error" if isinstance(error, Exception) else "info",
                error=failure,
                after_end=after or None,
                **memory.found(error)._asdict(),
            )
        )
