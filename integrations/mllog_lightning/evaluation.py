"""Validation, test and prediction by themselves: no runs, but each leaves one entry."""

from typing import Any, Final

from mllog_callbacks import Auditor, EventType, Reason
from mllog_callbacks.wording import failed, number, stopped_by_hand
from mllog_lightning import facts, memory, reasons
from mllog_lightning.metrics import cached_metrics
from mllog_lightning.values import pending

__all__ = ["Evaluation"]

_DOING: Final = {"validate": "Validation", "test": "Test", "predict": "Prediction"}
_SETS: Final = {"validate": "validation", "test": "test", "predict": "prediction"}


class Evaluation:
    """One call of `Trainer.validate`, `test` or `predict`.

    It is no training: it tells no start, and its one entry is the model's evaluation, or the
    issue that it failed.

    Args:
        auditor: How it is logged.
        kind: The call, as Lightning names it.
    """

    def __init__(self, auditor: Auditor, kind: str) -> None:
        self._run = auditor.new_run()
        self._kind = kind
        self._told = False

    def end(self, trainer: Any, module: Any) -> None:
        """Tell what was measured, now that the call is over: Lightning has moved it to the CPU."""
        if self._told:
            return
        self._told = True
        self._run.name(model=type(module).__name__)
        values = pending(cached_metrics(trainer)).read()
        loaders = facts.loaders(getattr(trainer, f"{self._kind}_loop"))
        measured = ", ".join(f"{name} {number(value)}" for name, value in values.items())
        weights = trainer.ckpt_path
        source = f"Its weights are those of {weights}." if weights else "Its weights are in memory."
        self._run.tell(
            EventType.MODEL_EVALUATED,
            Reason(
                f"{_DOING[self._kind]} is done: {measured or 'no metric was logged'}.",
                " ".join([*map(reasons.described, loaders), source]),
            ),
            {
                "call": self._kind,
                _SETS[self._kind]: values,
                "ckpt_path": weights,
                **facts.named("data", loaders),
            },
        )

    def fail(self, trainer: Any, module: Any, error: BaseException) -> None:
        """Tell of an exception: of an error as an issue, of a stop by hand as what it is."""
        name, where = _DOING[self._kind], reasons.where(trainer, error)
        if module is not None:
            self._run.name(model=type(module).__name__)
        after = " after its end" if self._told else ""
        self._told = True
        facts_then = {"call": self._kind, "error": type(error).__name__, **memory.found(error)}
        if isinstance(error, Exception):
            told = failed(error, where, "", "")
            decision = f"{name} failed{after} with {type(error).__name__}."
            self._run.tell(EventType.ISSUE_DETECTED, Reason(decision, told.reasoning), facts_then)
        else:
            told = stopped_by_hand(error, where, "", "")
            decision = f"{name} was stopped by hand ({type(error).__name__}): there is no result."
            self._run.tell(EventType.MODEL_EVALUATED, Reason(decision, told.reasoning), facts_then)
