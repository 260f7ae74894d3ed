"""Opening what is in a log folder: whoever may write there may have put anything in a file's place.

Loaded by the drainer: standard library only, and little of it.
"""

import os

__all__ = ["open_regular", "read_regular"]

_REGULAR = 0o10  # the kind of file, in the upper bits of its mode
_CHUNK = 1_048_576
_FLAGS = 0
for _flag in "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY":  # each where the system has it
    _FLAGS |= getattr(os, _flag, 0)


def open_regular(path: str | bytes, flags: int = os.O_RDONLY) -> int:
    """Open a regular file: no link is followed, and nothing waits for the other end of a FIFO.

    Raises:
        OSError: It is not there, it is something else, or it cannot be opened.
    """
    file = os.open(path, flags | _FLAGS)
    if os.fstat(file).st_mode >> 12 != _REGULAR:
        os.close(file)
        raise OSError(22, "not a regular file", path)
    return file


def read_regular(path: str | bytes, most: int, *, tail: bool = False) -> bytes:
    """The content of a regular file.

    Args:
        path: The file.
        most: Bytes that are read at most.
        tail: Whether the last bytes are meant where there are more; else that is an error.

    Raises:
        OSError: As `open_regular`; or it is longer.
    """
    file = open_regular(path)
    try:
        size = os.fstat(file).st_size
        if size > most and not tail:
            raise OSError(27, f"larger than {most:,} bytes", path)
        os.lseek(file, max(0, size - most), os.SEEK_SET)
        parts, left = [], most
        while left > 0 and (part := os.read(file, min(left, _CHUNK))):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(file)
