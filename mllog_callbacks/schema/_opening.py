"""Opening files in a folder that others may write to: regular files only, and never a link.

Whoever can write a log folder can put a link, a FIFO or an endless device where a log or a sidecar
is expected. Nothing here follows such a link, waits for such a file, or reads without a bound.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from mllog_callbacks.schema._filenames import SIDECARS

__all__ = [
    "UnsafeFileError",
    "folder_of",
    "is_regular",
    "last_data",
    "open_regular",
    "read_regular",
    "replace_file",
    "unsafe_kind",
    "walk",
]

_HAS_FOLDERS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


def _flags(*names: str) -> int:
    """The flags of these names that the system has."""
    return sum(getattr(os, name, 0) for name in names)


_READ: Final = os.O_RDONLY | _flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
_FOLDER: Final = os.O_RDONLY | _flags("O_DIRECTORY", "O_CLOEXEC")

_KINDS: Final = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnsafeFileError(OSError):
    """A file that is not opened: a link, not a regular file, or larger than is read."""


def _kind(mode: int) -> str:
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "")


def unsafe_kind(path: str | os.PathLike[str]) -> str:
    """What a path is if it is no regular file, such as "a FIFO"; empty if regular or missing."""
    try:
        return _kind(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return ""


def is_regular(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a regular file, and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


@contextmanager
def folder_of(path: Path) -> Iterator[int | None]:
    """A descriptor of the folder that a file is in; of sidecars it is never a link.

    None where the system knows no paths relative to a descriptor.

    Raises:
        OSError: The folder cannot be opened.
        UnsafeFileError: The folder of sidecars is a link.
    """
    if not _HAS_FOLDERS:
        if path.parent.name == SIDECARS and unsafe_kind(path.parent) != "a directory":
            _refuse(path.parent, unsafe_kind(path.parent))
        yield None
        return
    opened: list[int] = []
    try:
        if path.parent.name == SIDECARS:
            opened.append(os.open(path.parent.parent, _FOLDER))
            opened.append(_open_sidecars(path.parent, opened[0]))
        else:
            opened.append(os.open(path.parent, _FOLDER))
        yield opened[-1]
    finally:
        for each in opened:
            os.close(each)


def _open_sidecars(folder: Path, parent: int) -> int:
    try:
        return os.open(folder.name, _FOLDER | _flags("O_NOFOLLOW"), dir_fd=parent)
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder)) from None
    except OSError:
        _refuse(folder, unsafe_kind(folder))
        raise


def _refuse(path: Path, kind: str) -> None:
    """Raise what says why a path is not opened; nothing where its kind is not known."""
    if kind:
        raise UnsafeFileError(errno.ELOOP, f"is {kind} and is not opened", str(path))


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file to read it; never waits, and follows no link.

    Raises:
        FileNotFoundError: There is no such file.
        UnsafeFileError: It is a link, or no regular file.
        OSError: It cannot be opened.
    """
    file = Path(path)
    with folder_of(file) as folder:
        try:
            if folder is None:
                _refuse(file, unsafe_kind(file))
                opened = os.open(file, _READ)
            else:
                opened = os.open(file.name, _READ, dir_fd=folder)
        except UnsafeFileError:
            raise
        except OSError as error:
            _refuse(file, unsafe_kind(file))
            raise type(error)(error.errno, error.strerror, str(file)) from None
    try:
        mode = os.fstat(opened).st_mode
        if not stat.S_ISREG(mode):
            _refuse(file, _kind(mode) or "no regular file")
        return os.fdopen(opened, "rb")
    except OSError:
        os.close(opened)
        raise


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """The content of a regular file.

    Args:
        path: The file.
        most: The most bytes it may have.

    Raises:
        FileNotFoundError: There is no such file.
        UnsafeFileError: It is a link, no regular file, or larger.
        OSError: It cannot be read.
    """
    with open_regular(path) as stream:
        data = b"" if os.fstat(stream.fileno()).st_size > most else stream.read(most + 1)
        if os.fstat(stream.fileno()).st_size > most or len(data) > most:
            reason = f"is larger than {most:,} bytes and is not read"
            raise UnsafeFileError(errno.EFBIG, reason, os.fspath(path))
        return data


def last_data(stream: BinaryIO) -> int:
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


def replace_file(path: Path, data: bytes) -> None:
    """Write a file at once: whoever reads it meanwhile sees the old content or the new.

    What is written first has a name nobody can know beforehand. A link in the file's place is
    replaced, not followed.

    Raises:
        UnsafeFileError: Something other than a file or a link has that name.
        OSError: It cannot be written.
    """
    with folder_of(path) as folder:
        kind = unsafe_kind(path)
        if kind != "a symbolic link":
            _refuse(path, kind)
        part = f".{path.name[:100]}.{os.urandom(8).hex()}.part"
        near = {"dir_fd": folder} if folder is not None else {}
        target: str | Path = path.name if near else path
        source: str | Path = part if near else path.with_name(part)
        try:
            with os.fdopen(os.open(source, _NEW, 0o666, **near), "wb") as stream:
                stream.write(data)
            os.replace(source, target, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError as error:
            with suppress(OSError):
                os.unlink(source, **near)
            raise type(error)(error.errno, error.strerror, str(path)) from None


def walk(folder: str | os.PathLike[str]) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Each folder from this one down, with the names of its folders and of all else in it.

    The one that is named may be a link; those below it are not followed. Folders that cannot be
    read are left out.
    """
    for directory, folders, others in os.walk(folder):
        folders.sort()
        yield Path(directory), folders, sorted(others)
