"""Exceptions of other processes: what was raised there, in the text that comes with the re-raise.

A worker's exception is raised again in the process that waits for it, with the worker's traceback
as text: by PyTorch's data loaders and launchers in the message, by pools of processes as cause.
"""

import os
from typing import Final, NamedTuple

from mllog_callbacks._lazy import pattern

__all__ = ["Original", "original"]

_HEADER: Final = "Traceback (most recent call last):"
_FRAME: Final = pattern(r'^\s+File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<name>.+)$')
_SAID: Final = pattern(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_REMOTE: Final = frozenset({"RemoteTraceback", "_RemoteTraceback"})
_RAISED_AGAIN: Final = pattern(
    r"Caught \S+ in |\s*-- Process \d+ terminated with the following error:"
)


class Original(NamedTuple):
    """What was raised in another process.

    Attributes:
        type: The name of its class.
        message: The first line of its message; may be empty.
        place: Where it was raised, as in "load, data.py line 31".
    """

    type: str
    message: str
    place: str


def original(error: BaseException) -> Original | None:
    """What was raised in another process, where an exception is raised again for it; else None."""
    _, header, text = _text(error).rpartition(_HEADER)
    place = ""
    for line in text.splitlines() if header else ():
        if (frame := _FRAME.match(line)) is not None:
            name = os.path.basename(frame["file"])  # noqa: PTH119 - a name, no path
            place = f"{frame['name']}, {name} line {frame['line']}"
        elif place and (said := _SAID.match(line)) is not None:
            return Original(said["type"].rpartition(".")[2], said["message"] or "", place)
    return None


def _text(error: BaseException) -> str:
    """The traceback of another process, as text; empty where there is none."""
    cause = error.__cause__
    if type(cause).__name__ in _REMOTE:
        return str(cause)
    first = error.args[0] if error.args else None
    return first if isinstance(first, str) and _RAISED_AGAIN.match(first) else ""
