"""Hashes of files and folders, such as those of a model."""

import errno
import os
import stat
from hashlib import sha256

from mllog_callbacks.files._opening import open_given
from mllog_callbacks.files._walking import walk

__all__ = ["digest_of", "digest_over", "digests_in", "size_of"]

_CHUNK = 1_048_576


def size_of(path: str) -> int | None:
    """The bytes of a file, or of all files of a folder; None where there is neither.

    Raises:
        OSError: It cannot be looked at.
    """
    if os.path.isdir(path):
        return sum(os.path.getsize(each) for each in _files(path))
    return os.path.getsize(path) if os.path.isfile(path) else None


def digest_of(path: str) -> str:
    """The SHA-256 of a file, as hex.

    Of a folder it is that over ``path NUL sha256 LF`` of all its files in the order of their paths,
    which are relative to it, with ``/``.

    Raises:
        OSError: It cannot be read.
    """
    return digest_over(digests_in(path)) if os.path.isdir(path) else _digest(path)


def digest_over(digests: dict[str, str]) -> str:
    """What `digest_of` gives for a folder with files of these SHA-256, by their paths in there."""
    lines = (f"{name}\0{digests[name]}\n" for name in digests)
    return sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def digests_in(folder: str) -> dict[str, str]:
    """The SHA-256 of each file in a folder, as hex, by its path in there, with ``/``.

    Raises:
        OSError: One cannot be read.
    """
    return {
        os.path.relpath(each, folder).replace(os.sep, "/"): _digest(each) for each in _files(folder)
    }


def _digest(path: str) -> str:
    found = sha256()
    with open_given(path) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):  # a device may have no end
            raise OSError(errno.EINVAL, "is no regular file", path)
        while part := stream.read(_CHUNK):
            found.update(part)
    return found.hexdigest()


def _files(folder: str) -> list[str]:
    return sorted(
        path
        for directory, _, names in walk(folder)
        for path in (os.path.join(directory, name) for name in names)
        if os.path.isfile(path)
    )
