"""Calls of `lightgbm.train` and `lightgbm.cv`, from their first line to their end.

LightGBM has no hook for the end of a training. So both functions are attended, from within their
own frames: what they raise is heard, and at their end their variables hold what LightGBM itself
knows: the iteration, the callback called last, the best iteration.
"""

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType, MethodType, TracebackType
from typing import Any, Final, Protocol

import lightgbm.engine
from lightgbm.callback import CallbackEnv

from mllog_callbacks import attend

__all__ = ["Audit", "Call", "Callback", "Watching", "attend_lightgbm", "innermost", "name_of"]

Callback = Callable[[CallbackEnv], object]

_ENGINE: Final = "lightgbm.engine"
_WHERE: Final = {
    "update": "while the tree was grown",
    "eval_train": "in the evaluation on training data",
    "eval_valid": "in the evaluation on validation data",
}
"""The booster's methods that call the user's functions."""


class Watching(Protocol):
    """A training within a call."""

    def fail(self, error: BaseException, where: str, iteration: int | None = None) -> None:
        """Take what ended the call; the exception must not be kept."""

    def returned(self, known: Mapping[str, Any]) -> None:
        """Take the call's variables at its end."""


class Audit:
    """An audit callback, as a call knows it among the others."""

    def refused(self, error: BaseException) -> None:
        """Take what ended a call before LightGBM read its callbacks; it must not be kept."""


class Call:
    """A call that is under way.

    Attributes:
        trainings: Those that audit callbacks watch.
    """

    def __init__(self, refused: Sequence[Callable[[BaseException], object]]) -> None:
        self._refused = refused
        self.trainings: list[Watching] = []

    def ended(self, error: BaseException | None) -> None:
        """Take how the call ended."""
        if self in _calls.under_way:
            del _calls.under_way[_calls.under_way.index(self) :]
        if error is not None:
            where, iteration = _place(error.__traceback__)
            for training in self.trainings:
                training.fail(error, where, iteration)
            for refused in () if self.trainings else self._refused:
                refused(error)
        elif self.trainings and (frame := _frame()) is not None:
            for training in self.trainings:
                training.returned(frame.f_locals)


class _Calls(threading.local):
    """The calls under way in a thread, the innermost last."""

    def __init__(self) -> None:
        self.under_way: list[Call] = []


_calls: Final = _Calls()


def innermost() -> Call | None:
    """The call of LightGBM that this thread is in; None where it is in none that is known."""
    return _calls.under_way[-1] if _calls.under_way else None


def attend_lightgbm() -> None:
    """Watch each call of LightGBM from now on, where its source is at hand."""
    for function in (lightgbm.engine.train, lightgbm.engine.cv):
        with suppress(TypeError):
            attend(inspect.unwrap(function), _begin)  # other tools put wrappers there


def _begin(arguments: Mapping[str, Any]) -> Callable[[BaseException | None], object]:
    callbacks = arguments.get("callbacks")
    listed = callbacks if isinstance(callbacks, (list, tuple, set, frozenset)) else ()
    refused = [each.refused for each in listed if isinstance(each, Audit)]
    call = Call(refused)
    _calls.under_way.append(call)
    return call.ended


def _is_call(frame: FrameType) -> bool:
    named = frame.f_code.co_name in {"train", "cv"}
    return named and frame.f_globals.get("__name__") == _ENGINE


def _frame() -> FrameType | None:
    """The frame of the call that this is called within."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented for CPython
    while frame is not None and not _is_call(frame):
        frame = frame.f_back
    return frame


def _place(traceback: TracebackType | None) -> tuple[str, int | None]:
    """What was under way when the exception was raised, and the iteration as LightGBM counts."""
    while traceback is not None and not _is_call(traceback.tb_frame):
        traceback = traceback.tb_next
    if traceback is None:
        return "by LightGBM", None
    known, iteration = traceback.tb_frame.f_locals, traceback.tb_frame.f_locals.get("i")
    inner = traceback.tb_next
    while inner is not None and _module(inner) in {_ENGINE, "lightgbm.basic"}:
        if inner.tb_frame.f_code.co_name in _WHERE:
            return _WHERE[inner.tb_frame.f_code.co_name], iteration
        inner = inner.tb_next
    callee = traceback.tb_next
    users = callee is not None and _module(callee) not in {_ENGINE, "lightgbm.basic"}
    if users and known.get("cb") is not None:
        return f"in the callback {name_of(known['cb'])}", iteration
    return "by LightGBM", None


def _module(traceback: TracebackType) -> object:
    return traceback.tb_frame.f_globals.get("__name__")


def name_of(callback: object) -> str:
    """What a callback is called: a partial function and a method by what they wrap."""
    while isinstance(callback, (functools.partial, MethodType)):
        if isinstance(callback, functools.partial):
            callback = callback.func
        else:
            return callback.__qualname__
    return getattr(callback, "__qualname__", type(callback).__qualname__)
