"""Names of data sets and models: a name, never the data itself."""

import os
from enum import Enum
from numbers import Integral
from typing import Final
from uuid import UUID

__all__ = ["checked_name", "plain_name"]

_NAMES: Final = (str, os.PathLike, Enum, UUID, Integral)
"""What is a name, or stands for one."""


def checked_name(given: object, argument: str) -> str | None:
    """A name that a caller gives before a training; None stays None.

    Args:
        given: The name.
        argument: What the caller's argument is called, as in "dataset".

    Raises:
        TypeError: It is no name but, for example, the data, whose rows would go into the log.
    """
    if given is not None and not _is_name(given):
        msg = (
            f'{argument}= takes a name, such as "credit.v3", and not a {type(given).__qualname__}: '
            "entries hold the name alone"
        )
        raise TypeError(msg)
    return plain_name(given)


def plain_name(given: object) -> str | None:
    """A name as text; of what is none, such as the data itself, its type alone."""
    if given is None or type(given) is str:
        return given
    if isinstance(given, Enum):
        return plain_name(given.value)
    if not _is_name(given):
        return f"(a {type(given).__qualname__}, not a name)"
    return os.fsdecode(given) if isinstance(given, os.PathLike) else str(given)


def _is_name(given: object) -> bool:
    return isinstance(given, _NAMES) and not isinstance(given, bool)
