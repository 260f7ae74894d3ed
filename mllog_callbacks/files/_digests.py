"""Hashes of files and folders, such as those of a model."""

import os
from hashlib import sha256

from mllog_callbacks.files._walking import walk

__all__ = ["digest_of", "size_of"]

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
    if not os.path.isdir(path):
        return _digest(path)
    whole = sha256()
    for each in _files(path):
        name = os.path.relpath(each, path).replace(os.sep, "/")
        whole.update(f"{name}\0{_digest(each)}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _digest(path: str) -> str:
    found = sha256()
    with open(path, "rb") as stream:
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
