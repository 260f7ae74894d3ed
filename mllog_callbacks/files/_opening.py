"""Opening what is in a log folder: whoever may write there may have put anything in a file's place.

Regular files only. Nothing here follows a link to a file or to a folder of sidecars, waits for the
other end of a FIFO, or reads without a bound.

Loaded by the drainer: standard library only, and little of it.
"""

import errno
import os
import stat

from mllog_callbacks.files._names import SIDECARS

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from typing import BinaryIO, Self, TypeAlias

    AnyPath: TypeAlias = str | bytes | os.PathLike[str]

__all__ = [
    "Folder",
    "UnsafeFileError",
    "is_regular",
    "open_given",
    "open_regular",
    "open_stream",
    "read_regular",
    "unsafe_kind",
]

_CHUNK = 1_048_576
_HAS_FOLDERS = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


def _flags(*names: str) -> int:
    """The flags of these names that the system has."""
    return sum(getattr(os, name, 0) for name in names)


_SAFELY = _flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
_FOLDER = os.O_RDONLY | _flags("O_DIRECTORY", "O_CLOEXEC")
_WRITING = os.O_WRONLY | os.O_RDWR

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnsafeFileError(OSError):
    """A file that is not opened: a link, not a regular file, or larger than is read."""


def unsafe_kind(path: "AnyPath") -> str:
    """What a path is if it is no regular file, such as "a FIFO"; empty if regular or missing."""
    try:
        return _kind(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return ""


def is_regular(path: "AnyPath") -> bool:
    """Whether a path is a regular file, and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


class Folder:
    """The folder that a file is in, held open: a context manager.

    What its methods do happens in this folder, whatever is put in its place meanwhile. A folder of
    sidecars is never a link.

    Args:
        path: The file.

    Attributes:
        descriptor: Of the folder; None where the system knows no paths relative to one.

    Raises:
        UnsafeFileError: On entering: the folder of sidecars is a link, or no folder.
        OSError: On entering: the folder cannot be opened.
    """

    def __init__(self, path: "AnyPath") -> None:
        self._folder = _parent(os.fspath(path))
        self.descriptor: int | None = None

    def __enter__(self) -> "Self":
        is_sidecars = os.fsdecode(os.path.basename(self._folder)) == SIDECARS
        if is_sidecars and not _HAS_FOLDERS:
            kind = unsafe_kind(self._folder)
            if kind != "a directory":
                _refuse(self._folder, kind)
        elif is_sidecars:
            self.descriptor = _open_sidecars(self._folder)
        elif _HAS_FOLDERS:
            self.descriptor = os.open(self._folder, _FOLDER)
        return self

    def __exit__(self, *_: object) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    def at(self, path: "AnyPath") -> str | bytes:
        """How a file of this folder is named where `descriptor` is given as ``dir_fd``."""
        given = os.fspath(path)
        return given if self.descriptor is None else os.path.basename(given)

    def open(self, path: "AnyPath", flags: int, mode: int = 0o666) -> int:
        """Open a regular file of this folder, as `os.open`; without waiting, and no link.

        Nor is a file written that has a further name, which may be somewhere else.

        Raises:
            FileNotFoundError: There is no such file.
            UnsafeFileError: It is a link, or no regular file; or it has hard links and is to be
                written.
            OSError: It cannot be opened.
        """
        try:
            if self.descriptor is None:
                _refuse(path, unsafe_kind(path))
            file = os.open(self.at(path), flags | _SAFELY, mode, dir_fd=self.descriptor)
        except UnsafeFileError:
            raise
        except OSError as error:
            _refuse(path, unsafe_kind(path))
            raise type(error)(error.errno, error.strerror, os.fsdecode(path)) from None
        found = os.fstat(file)
        kind = "" if stat.S_ISREG(found.st_mode) else _kind(found.st_mode) or "no regular file"
        if not kind and flags & _WRITING and found.st_nlink > 1:
            kind = "a file with another name (a hard link)"
        if kind:
            os.close(file)
            _refuse(path, kind)
        return file

    def create(self, path: "AnyPath", flags: int, mode: int) -> int:
        """Create a file of this folder; nothing of that name may be there, a link neither.

        Raises:
            FileExistsError: There is something of that name.
            OSError: It cannot be created.
        """
        flags |= os.O_CREAT | os.O_EXCL | _SAFELY
        try:
            return os.open(self.at(path), flags, mode, dir_fd=self.descriptor)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, os.fsdecode(path)) from None

    def remove(self, path: "AnyPath") -> None:
        """Remove a file of this folder; of a link the link itself.

        Raises:
            OSError: It cannot be removed.
        """
        os.unlink(self.at(path), dir_fd=self.descriptor)


def open_regular(path: "AnyPath", flags: int = os.O_RDONLY) -> int:
    """Open a regular file: no link is followed, and nothing waits for the other end of a FIFO.

    Returns:
        The descriptor, which the caller closes.

    Raises:
        FileNotFoundError: There is no such file.
        UnsafeFileError: It is a link, or no regular file.
        OSError: It cannot be opened.
    """
    with Folder(path) as folder:
        return folder.open(path, flags)


def open_stream(path: "AnyPath") -> "BinaryIO":
    """Open a regular file to read it, as `open_regular` does.

    Raises:
        FileNotFoundError: There is no such file.
        UnsafeFileError: It is a link, or no regular file.
        OSError: It cannot be opened.
    """
    return open(open_regular(path), "rb")


def open_given(path: "AnyPath") -> "BinaryIO":
    """Open a file that a user named to read it: links are followed, and a pipe is read.

    It waits for no other end of a FIFO: one that nobody writes to is empty.

    Raises:
        OSError: It cannot be opened.
    """
    file = os.open(path, os.O_RDONLY | _flags("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"))
    if hasattr(os, "set_blocking"):  # as a pipe whose writer is still at work
        os.set_blocking(file, True)
    try:
        return open(file, "rb")
    except OSError:  # a folder
        os.close(file)
        raise


def read_regular(path: "AnyPath", most: int, *, tail: bool = False) -> bytes:
    """The content of a regular file.

    Args:
        path: The file.
        most: Bytes that are read at most.
        tail: Whether the last bytes are meant where there are more; else that is an error.

    Raises:
        FileNotFoundError: There is no such file.
        UnsafeFileError: It is a link, no regular file, or larger.
        OSError: It cannot be read.
    """
    with open_stream(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if tail:
            stream.seek(max(0, size - most))
            return stream.read(most)
        data = b"" if size > most else stream.read(most + 1)
        if size > most or len(data) > most:
            reason = f"is larger than {most:,} bytes and is not read"
            raise UnsafeFileError(errno.EFBIG, reason, os.fsdecode(path))
        return data


def _kind(mode: int) -> str:
    for is_kind, kind in _KINDS:
        if is_kind(mode):
            return kind
    return ""


def _parent(path: str | bytes) -> str | bytes:
    here: str | bytes = b"." if isinstance(path, bytes) else "."
    return os.path.dirname(path) or here


def _open_sidecars(folder: str | bytes) -> int:
    above = os.open(_parent(folder), _FOLDER)
    try:
        return os.open(os.path.basename(folder), _FOLDER | _SAFELY, dir_fd=above)
    except FileNotFoundError:
        missing = errno.ENOENT
        raise FileNotFoundError(missing, os.strerror(missing), os.fsdecode(folder)) from None
    except OSError:
        _refuse(folder, unsafe_kind(folder))
        raise
    finally:
        os.close(above)


def _refuse(path: "AnyPath", kind: str) -> None:
    """Raise what says why a path is not opened; nothing where its kind is not known."""
    if kind:
        raise UnsafeFileError(errno.ELOOP, f"is {kind} and is not opened", os.fsdecode(path))
