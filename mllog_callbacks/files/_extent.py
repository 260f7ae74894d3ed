"""Where the data of a file ends, which may be far before its size says.

Loaded by the drainer: standard library only, and little of it.
"""

import errno
import os

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["last_data"]


def last_data(stream: "BinaryIO") -> int:
    """Where a file's data ends: at its size, or before it where the file ends in a hole.

    So that a file of a terabyte of nothing is not read to find that out. The stream is then at
    its start.
    """
    file = stream.fileno()
    size = stream.seek(0, os.SEEK_END)
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if _has_data(file, middle):
            low = middle + 1
        else:
            high = middle
    os.lseek(file, size, os.SEEK_SET)  # where the stream believes to be
    stream.seek(0)
    return low


def _has_data(file: int, begin: int) -> bool:
    """Whether a file has data at a place or behind it; True where the system does not say."""
    if not hasattr(os, "SEEK_DATA"):
        return True
    try:
        os.lseek(file, begin, os.SEEK_DATA)
    except OSError as error:
        return error.errno != errno.ENXIO
    return True
