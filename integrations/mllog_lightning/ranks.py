"""Ranks that a launcher starts as processes of `multiprocessing`: ddp_spawn, ddp_fork.

There Lightning calls `on_exception` in the process that launched them alone. What raised in a
rank is seen all the same: when its process ends, the exception is still being handled.
"""

import multiprocessing
import sys
import traceback
from collections.abc import Callable
from multiprocessing import util
from typing import Final

__all__ = ["at_exit", "in_teardown", "recorded_by_a_rank"]

_BEFORE_LOGS: Final = 10
"""Priority among what a process does at its end: before its logs are written to the last line."""

_BEFORE_SETUP: Final = ("in _verify_loop_configurations", "in setup_environment", "in prepare_data")


def at_exit(fail: Callable[[BaseException], None]) -> Callable[[], object]:
    """Have a function called with what ends this process, where `multiprocessing` started it.

    Args:
        fail: Called with the exception that ends it: a `KeyboardInterrupt` where none is seen,
            as PyTorch lets the processes that it starts end by no other without a trace.

    Returns:
        What takes that back.
    """
    if multiprocessing.parent_process() is None:
        return lambda: None
    return util.Finalize(None, lambda: fail(_raised()), exitpriority=_BEFORE_LOGS).cancel


def _raised() -> BaseException:
    """What is being handled now: PyTorch makes a `SystemExit` of what a rank raises."""
    error = sys.exc_info()[1]
    while isinstance(error, SystemExit) and error.__context__ is not None:
        error = error.__context__
    return KeyboardInterrupt() if error is None else error


def recorded_by_a_rank(error: BaseException) -> bool:
    """Whether an exception is the echo of one that a rank, once set up, has recorded itself."""
    if type(error).__name__ != "ProcessRaisedException":
        return False
    return not any(each in str(error) for each in _BEFORE_SETUP)


def in_teardown(error: BaseException) -> bool:
    """Whether an exception was raised while Lightning tore down, after the last of its epochs."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_name == "_call_teardown_hook" for frame, _ in frames)
