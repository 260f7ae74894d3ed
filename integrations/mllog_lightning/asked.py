"""What a trainer was asked for: Lightning keeps only what it made of that.

While a trainer is made, Lightning asks each of its callbacks whether it has a state of its own, by
reading its attribute `state_dict`. The arguments stand in a frame above then. So does the
checkpoint that a call is to begin with, when the call is set up: what the trainer says of it later
may be a file of Lightning's tuner, that was deleted again.
"""

import os
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Final

__all__ = ["arguments", "checkpoint"]

_ASKING: Final = "is_overridden"
_MAKING: Final = "insert_env_defaults"
_RUNNING: Final = "_run"
_FRAMES: Final = 12
_PLAIN: Final = (bool, int, float, str, type(None))


def arguments(frame: FrameType | None) -> tuple[object, dict[str, object]] | None:
    """The trainer that is being made, and what its caller gave; None where none is.

    Arguments that come from the environment are among those given. Objects are identified by their
    class. The callbacks are left out: Lightning has put its own into the caller's list by then.

    Args:
        frame: The frame that reads the attribute.
    """
    if frame is None or frame.f_code.co_name != _ASKING:
        return None
    for found in _variables(frame, _MAKING):
        given = found.get("kwargs")
        if isinstance(given, Mapping):
            return found.get("self"), {
                name: _plain(each) for name, each in given.items() if name != "callbacks"
            }
    return None


def checkpoint(frame: FrameType | None, trainer: object) -> object | None:
    """The checkpoint that a trainer's call was asked to begin with; None where it was none.

    Args:
        frame: The frame in which Lightning sets up the call.
        trainer: The trainer.
    """
    for found in _variables(frame, _RUNNING):
        if found.get("self") is trainer:
            return found.get("ckpt_path")
    return None


def _variables(frame: FrameType | None, function: str) -> Iterator[Mapping[str, object]]:
    """The local variables of the calls of a function, of those not far above a frame."""
    for _ in range(_FRAMES):
        if frame is None:
            return
        if frame.f_code.co_name == function:
            yield frame.f_locals
        frame = frame.f_back


def _plain(value: object) -> object:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(str(_plain(each)) for each in value)}]"
    return type(value).__name__
