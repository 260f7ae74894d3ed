"""What is known of a model: where it was saved, by whom, and which features it rests on."""

import os
import sys
from collections.abc import Mapping
from typing import Final

__all__ = ["called_from", "file_size", "largest_shares"]

_MOST: Final = 5
_LEAST_SHARE: Final = 0.0005  # what is shown as 0.1 %


def called_from(*between: str) -> str:
    """Function, file and line of the nearest caller, as in "main, train.py line 31".

    Args:
        between: How the names of modules begin that are passed over, beside our own.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - documented for CPython
    passed_over = ("mllog_", *between)
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(passed_over):
        frame = frame.f_back
    name = os.path.basename(frame.f_code.co_filename)  # noqa: PTH119 - a name
    return f"{frame.f_code.co_name}, {name} line {frame.f_lineno}"


def file_size(path: str | bytes) -> int | None:
    """The size of a file in bytes; None where it cannot be read as one."""
    try:
        return os.stat(path).st_size  # noqa: PTH116 - of whatever was given
    except (OSError, ValueError):
        return None


def largest_shares(values: Mapping[str, float]) -> dict[str, float]:
    """The five largest of some amounts as shares of all; empty where there is nothing to share."""
    total = sum(values.values())
    if not total > 0:
        return {}
    first = sorted(values, key=lambda name: -values[name])[:_MOST]
    shares = {name: values[name] / total for name in first}
    return {name: share for name, share in shares.items() if share >= _LEAST_SHARE}
