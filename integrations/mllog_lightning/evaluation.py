"""Validation, test and prediction by themselves: no runs, but each leaves one entry."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mllog_callbacks import Auditor, EventType, Reason
from mllog_callbacks.facts import dump, ended_by
from mllog_callbacks.schema import failed, number, stopped_by_hand
from mllog_lightning import facts, memory, reasons
from mllog_lightning.metrics import cached_metrics
from mllog_lightning.values import pending

__all__ = ["Evaluation"]

_DOING: Final = {"validate": "Validation", "test": "Test", "predict": "Prediction"}
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
        values = pending(cached_metrics(trainer)).read() if self._begun else {}
        loaders = facts.loaders(loop) if self._begun else []
        self._run.emit(
            EventType.MODEL_EVALUATED,
            self._measured(values, loaders) if self._begun else self._skipped(trainer),
            {
                "call": self._kind,
                "results": {_SETS[self._kind]: values} if values else {},
                "ckpt_path": self._source,
                "data": facts.named(_SETS[self._kind], loaders),
            },
        )

    def _measured(
        self, values: Mapping[str, float], loaders: Sequence[facts.LoaderFacts]
    ) -> Reason:
        measured = ", ".join(f"{name} {number(value)}" for name, value in values.items())
        if not measured and self._kind != "predict":
            measured = "no metric was logged"
        weights = f"those of {self._source}" if self._source else "in memory"
        return Reason(
            f"{_DOING[self._kind]} is done{': ' if measured else ''}{measured}.",
            " ".join([*map(reasons.described, loaders), f"Its weights are {weights}."]),
        )

    def _skipped(self, trainer: Any) -> Reason:
        limit = _LIMITS[self._kind]
        why = f"{limit}=0 leaves none." if getattr(trainer, limit) == 0 else ""
        return Reason(f"{_DOING[self._kind]} had no batches: there is no result.", why)

    def fail(self, trainer: Any, module: Any, error: BaseException) -> None:
        """Record an exception: of an error as an issue, of a stop by hand as what it is."""
        name, where = _DOING[self._kind], reasons.where(trainer, error, begun=self._begun)
        if module is not None:
            self._run.name(model=type(module).__name__)
        after = " after its end" if self._recorded else ""
        self._recorded = True
        severity = "error" if isinstance(error, Exception) else "info"
        facts_then = {
            "call": self._kind,
            "severity": severity,
            "error": dump(ended_by(error, where)[1]),
            **memory.found(error),
        }
        if isinstance(error, Exception):
            recorded = failed(error, where, "", "")
            decision = f"{name} failed{after} with {type(error).__name__}."
            self._run.emit(
                EventType.ISSUE_DETECTED, Reason(decision, recorded.reasoning), facts_then
            )
        else:
            recorded = stopped_by_hand(error, where, "", "")
            decision = f"{name} was stopped by hand ({type(error).__name__}): there is no result."
            self._run.emit(
                EventType.ISSUE_DETECTED, Reason(decision, recorded.reasoning), facts_then
            )
