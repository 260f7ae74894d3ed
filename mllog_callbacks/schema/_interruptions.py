"""Exceptions that signal handlers raise, wherever Python happens to be: within our code as well.

A time limit by SIGALRM, or PyTorch's handler for workers that died, raises an exception of any
class. Whoever catches `Exception` around code of ours would take it for a failure of that code.
"""

import signal
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Final

__all__ = ["interruption"]

_ARGUMENTS: Final = 2
"""A handler is called with the number of its signal and the frame that it interrupts."""


def interruption(error: BaseException) -> int | None:
    """The signal whose handler raised an exception; None where no handler did.

    Evidence is a frame of the traceback that was called as Python calls handlers, or that belongs
    to a function that handles a signal now. A handler without a frame, written in C, is recognised
    only where it raises `KeyboardInterrupt`, as Python's own does.
    """
    interrupted: FrameType | None = None
    trace = error.__traceback__
    while trace is not None:
        number = _called_with(trace.tb_frame, interrupted)
        if number is None:
            number = _handlers().get(trace.tb_frame.f_code) if interrupted is not None else None
        if number is not None:
            return number
        interrupted, trace = trace.tb_frame, trace.tb_next
    return int(signal.SIGINT) if isinstance(error, KeyboardInterrupt) else None


def _called_with(frame: FrameType, interrupted: FrameType | None) -> int | None:
    """The number of a signal among a frame's arguments, together with the frame before it."""
    code = frame.f_code
    if interrupted is None or code.co_argcount + bool(code.co_flags & _TAKES_MORE) == 0:
        return None
    given = [*_arguments(frame)][-_ARGUMENTS:]
    if len(given) < _ARGUMENTS or given[1] is not interrupted:
        return None
    return int(given[0]) if isinstance(given[0], int) else None


_TAKES_MORE: Final = 0x04
"""The flag of code that has ``*args`` (`inspect.CO_VARARGS`)."""


def _arguments(frame: FrameType) -> Iterator[object]:
    code, values = frame.f_code, frame.f_locals
    for name in code.co_varnames[: code.co_argcount]:
        yield values.get(name)
    if code.co_flags & _TAKES_MORE:
        more = values.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount])
        yield from more if isinstance(more, tuple) else ()


def _handlers() -> dict[CodeType, int]:
    """The code of the functions that handle signals now, with the number of the signal."""
    found: dict[CodeType, int] = {}
    for number in signal.valid_signals():
        handler: Any = signal.getsignal(number)
        while hasattr(handler, "func"):  # `functools.partial`
            handler = handler.func
        for each in (handler, vars(type(handler)).get("__call__")):
            code = getattr(getattr(each, "__func__", each), "__code__", None)
            if isinstance(code, CodeType):
                found[code] = int(number)
    return found
