"""Why a training ended: its plan, early stopping, or somebody who asked for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from transformers import (
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from mllog_callbacks import Heard, listen
from mllog_callbacks.facts import Rule

__all__ = ["Requests", "beginning", "early_stoppings", "mode", "monitored"]

_UNIT: Final = "evaluation"
_OWN: Final = ("transformers.", "mllog_")
_BASE: Final = {name: each for name, each in vars(TrainerCallback).items() if name[:3] == "on_"}
_HOOKS: Final = frozenset(_BASE)


def mode(args: TrainingArguments) -> str | None:
    """Which values of the metric that chooses are better; None where none chooses."""
    if args.greater_is_better is None:
        return None
    return "max" if args.greater_is_better else "min"


def monitored(args: TrainingArguments, sets: Mapping[str, object]) -> tuple[str, str] | None:
    """Set and metric of `metric_for_best_model`; None where there is none.

    Args:
        args: The training's arguments.
        sets: The sets that are evaluated, by the prefix of their metrics.
    """
    name = args.metric_for_best_model
    if name is None:
        return None
    name = name if name.startswith("eval_") else f"eval_{name}"
    prefixes = sorted(sets, key=len, reverse=True)
    found = next((each for each in prefixes if name.startswith(f"{each}_")), "eval")
    return found, name.removeprefix(f"{found}_")


def _rules(callbacks: list[TrainerCallback]) -> Iterator[tuple[str, EarlyStoppingCallback]]:
    found = [each for each in callbacks if isinstance(each, EarlyStoppingCallback)]
    for number, each in enumerate(found, 1):
        name = type(each).__name__
        yield (f"{name} {number}" if number > 1 else name), each


def beginning(
    callbacks: list[TrainerCallback], args: TrainingArguments, about: tuple[str, str] | None
) -> dict[str, Rule]:
    """The early stoppings by name, with the count that they keep of an earlier training."""
    watched, metric = about or (None, None)
    return {
        name: Rule(
            name=name,
            set=watched,
            metric=metric,
            mode=mode(args),
            patience=each.early_stopping_patience,
            waited=each.early_stopping_patience_counter or None,
            min_delta=each.early_stopping_threshold or None,
            unit=_UNIT,
        )
        for name, each in _rules(callbacks)
    }


def early_stoppings(
    callbacks: list[TrainerCallback],
    args: TrainingArguments,
    state: TrainerState,
    about: tuple[str, str] | None,
    evaluations: int,
) -> dict[str, Rule]:
    """What each early stopping saw by the end.

    Args:
        callbacks: The trainer's callbacks.
        args: The training's arguments.
        state: Its state.
        about: Set and metric that they watch.
        evaluations: How many evaluations of that set there were.
    """
    watched, metric = about or (None, None)
    found = {}
    for name, each in _rules(callbacks):
        waited = each.early_stopping_patience_counter
        carried = waited > evaluations
        found[name] = Rule(
            name=name,
            set=watched,
            metric=metric,
            mode=mode(args),
            best=state.best_metric,
            best_at=None if carried or waited == evaluations else evaluations - waited,
            waited=waited,
            patience=each.early_stopping_patience,
            min_delta=each.early_stopping_threshold or None,
            unit=_UNIT,
            carried=carried or None,
        )
    return found


class Requests:
    """Hears which of the user's callbacks ends the training or an epoch.

    Args:
        trainer: The trainer; listened to until `leave`.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.by: str | None = None
        self._trainer: Trainer | None = trainer
        self._before = False
        self._leave = list[Callable[[], object]]()
        for each in trainer.callback_handler.callbacks:
            kind = type(each)
            if kind.__module__.startswith(_OWN):
                continue
            hooks = {name for name in _HOOKS if getattr(kind, name) is not _BASE[name]}
            with suppress(TypeError):  # a hook that is no plain method: who asked is not known then
                self._leave.append(listen(each, hooks, self._hear, began=self._begin))

    def leave(self) -> None:
        """Listen no more."""
        for each in self._leave:
            each()
        self._leave.clear()
        self._trainer = None

    def _begin(self, _arguments: Mapping[str, Any]) -> None:
        self._before = self._asked(None)

    def _hear(self, heard: Heard) -> None:
        if not self._before and self._asked(heard.result):
            self.by = f"{type(heard.target).__qualname__}.{heard.method}"

    def _asked(self, returned: object) -> bool:
        """Whether an end is asked for, by the control in force or that which a hook returned."""
        if self._trainer is None:
            return False
        own = self._trainer.control
        control = returned if isinstance(returned, TrainerControl) else own
        return control.should_training_stop or control.should_epoch_stop
