"""Calls of `Trainer.train`, from their first line to their end.

The trainer has no hook for what its training raises, nor for an attempt of `auto_find_batch_size`
that ran out of memory. So both of its functions are attended, from within their own frames.
"""

import inspect
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from transformers import Trainer, TrainerState

from mllog_callbacks import attend
from mllog_callbacks.facts import Attempt

__all__ = ["Audit", "Call", "Watching", "attend_trainers", "call_of"]

Ended = Callable[[BaseException | None], object]

_LONGEST: Final = 200


class Audit:
    """An audit callback, as a call knows it among the others."""

    def refused(self, call: "Call", error: BaseException) -> None:
        """Take what ended a call before it trained; the exception must not be kept."""


class Watching(Protocol):
    """What records a training within a call."""

    def ended(self, error: BaseException | None) -> None:
        """Take the end of the training; the exception must not be kept."""


class Call:
    """A call of `train` that is under way.

    Args:
        trainer: The trainer.
        arguments: What `train` was called with, by name.

    Attributes:
        trainer: The trainer.
        arguments: What `train` was called with, by name.
        state: The state of the training, as hooks are given it; None before it begins.
        watching: Those that record it, by the identity of their callback.
        attempt: Which attempt it is; None for the first.
    """

    def __init__(self, trainer: Trainer, arguments: Mapping[str, Any]) -> None:
        self.trainer, self.arguments = trainer, arguments
        self.state: TrainerState | None = None
        self.watching: dict[int, Watching] = {}
        self.attempt: Attempt | None = None

    def begin(self, state: TrainerState) -> None:
        """Take that the training begins, with its state."""
        self.state = state
        if self.attempt is not None:
            number, after = self.attempt.number, self.attempt.after
            now = {"train_batch_size": state.train_batch_size}
            self.attempt = Attempt(number=number, after=after, changed=now)

    def attempt_ended(self, error: BaseException | None) -> None:
        """Take how the training ended; the call may train again."""
        self._end(error)
        if error is not None:
            before = 1 if self.attempt is None else self.attempt.number
            what = f"{type(error).__name__}: {error}".partition("\n")[0]
            self.attempt = Attempt(number=before + 1, after=what[:_LONGEST])

    def ended(self, error: BaseException | None) -> None:
        """Take how the call ended."""
        if self in _calls.under_way:
            del _calls.under_way[_calls.under_way.index(self) :]
        self._end(error)
        if error is not None and self.state is None:
            for each in self.trainer.callback_handler.callbacks:
                if isinstance(each, Audit):
                    each.refused(self, error)

    def _end(self, error: BaseException | None) -> None:
        for each in self.watching.values():
            each.ended(error)
        self.watching.clear()


class _Calls(threading.local):
    """The calls under way in a thread, the innermost last."""

    def __init__(self) -> None:
        self.under_way: list[Call] = []


_calls: Final = _Calls()


def call_of(state: TrainerState) -> Call | None:
    """The call of this thread that trains with a state; None where it is no training's."""
    for each in reversed(_calls.under_way):
        if each.state is state or each.trainer.state is state:
            return each
    return None


def attend_trainers() -> None:
    """Watch each training from now on, where the trainer's source is at hand."""
    for name, begin in (("train", _begin), ("_inner_training_loop", _begin_attempt)):
        with suppress(TypeError):
            attend(inspect.unwrap(getattr(Trainer, name)), begin)  # other tools put wrappers there


def _begin(arguments: Mapping[str, Any]) -> Ended:
    given = {name: each for name, each in arguments.items() if name != "self"}
    call = Call(arguments["self"], given)
    _calls.under_way.append(call)
    return call.ended


def _begin_attempt(arguments: Mapping[str, Any]) -> Ended | None:
    trainer = arguments["self"]
    call = next((each for each in reversed(_calls.under_way) if each.trainer is trainer), None)
    return None if call is None else call.attempt_ended
