"""The file a drainer writes: made once, written in one place after the other, found again.

What is in its place and is not ours (another user's file, a planted link, what somebody
wrote or cut meanwhile) is left untouched: the lines go to another file, ``-2`` and so on.
Lines are appended (``O_APPEND``), so that nothing that is there is ever overwritten, not even
what comes between a look at the file and the writing.
"""

import errno
import fcntl
import os

from mllog_callbacks.files import (
    SIDECARS,
    give_group,
    make_folders,
    manifest_name,
    session_part,
    with_copy,
)
from mllog_callbacks.sinks.spool._locks import private

__all__ = ["Altered", "Target"]

_OPEN = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_CREAT | os.O_EXCL | _OPEN
_FILE_MODE = 0o640
_REGULAR = 0o10  # the kind of file, in the upper bits of its mode
_CHUNK = 1_048_576
_COPIES = 1_000
_NOT_OURS = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.EISDIR,
    errno.ENXIO,
    errno.EACCES,
    errno.EPERM,
}
"""What opening a file that was ours says where something else is in its place."""


class Altered(Exception):  # noqa: N818 - not an error: a state that the drainer answers
    """The file is no longer what was written; up to `until` in the stream, it still is."""

    def __init__(self, until: int) -> None:
        self.until = until


class Target:
    """One file, and which part of the stream is in it.

    Its size shows how much of the stream it has: what a drainer wrote that was killed before it
    could note so is recognised, and not written again.

    Attributes:
        path: The name it should have.
        shift: The place in the stream of the file's first byte.
        copy: 1 for the name itself, 2 for the one with ``-2``, and so on.
    """

    def __init__(self, path: bytes, file: int, shift: int, copy: int, record: str) -> None:
        self.path = path
        self.shift = shift
        self.copy = copy
        self._record = record
        self._file = file
        self._size = 0  # of what is ours

    @property
    def name(self) -> bytes:
        """The file's name in its directory."""
        return os.path.basename(with_copy(self.path, self.copy))

    @classmethod
    def create(cls, path: bytes, shift: int, record: str, copy: int = 0) -> "Target":
        """Make the file under the first free name and note in `record` which it is.

        With `copy` 0 that may be the empty file the session made at its start.

        Raises:
            OSError: It cannot be made now.
        """
        make_folders(os.path.dirname(path))
        file, copy = _make(path, copy)
        target = cls(path, file, shift, copy, record)
        target.note()
        return target

    @classmethod
    def find(cls, path: bytes, position: int, record: str) -> "Target | None":
        """The file that another drainer of this session made; None where there was none yet.

        Raises:
            Altered: It is gone, or shorter than what was written.
            OSError: It cannot be opened now.
        """
        try:
            with open(record, "rb") as stream:
                device, inode, shift, copy, of = stream.read().split(b" ", 4)
        except FileNotFoundError:
            return None
        if of != os.path.basename(path):
            return None
        try:
            file = os.open(with_copy(path, int(copy)), _OPEN | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in _NOT_OURS:
                raise Altered(0) from None
            raise
        target, status = cls(path, file, int(shift), int(copy), record), os.fstat(file)
        target._size = position - target.shift
        if (status.st_dev, status.st_ino) != (int(device), int(inode)):
            target.close()
            raise Altered(0)
        if status.st_size < target._size:
            target.close()
            raise Altered(target.shift + status.st_size)
        return target

    def note(self) -> None:
        """Write down which file this is, for a drainer that comes after."""
        status = os.fstat(self._file)
        known = (status.st_dev, status.st_ino, self.shift, self.copy)
        try:
            with open(f"{self._record}.new", "wb", opener=private) as stream:
                stream.write(b"%d %d %d %d " % known + os.path.basename(self.path))
            os.rename(f"{self._record}.new", self._record)
        except FileNotFoundError:  # the spool was removed: no drainer comes after
            return

    def write(self, lines: memoryview) -> int:
        """Append as much as the disk takes at once; return how many bytes are there now.

        Raises:
            Altered: Somebody else wrote to the file or cut it.
            OSError: The disk takes nothing now.
        """
        size = os.fstat(self._file).st_size
        written = os.write(self._file, lines) if size == self._size else self._meet(lines, size)
        self._size += written
        return written

    def _meet(self, lines: memoryview, size: int) -> int:
        """How much of `lines` is in the file already, though nobody noted it.

        A drainer that was killed may have written it, or a disk that then reported a failure.
        """
        there = os.pread(self._file, len(lines), self._size) if size > self._size else b""
        common = _common(bytes(lines[: len(there)]), there)
        if not common:
            raise Altered(self.shift + min(self._size, size))
        return common

    def rewrite(self, lines: memoryview, position: int) -> None:
        """Write once more what is there: after a failure the disk may not have it.

        Raises:
            Altered: Somebody cut the file.
            OSError: The disk does not take it now.
        """
        if (size := os.fstat(self._file).st_size) < self._size:
            raise Altered(self.shift + size)
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        fcntl.fcntl(self._file, fcntl.F_SETFL, flags & ~os.O_APPEND)
        try:
            while lines:
                written = os.pwrite(self._file, lines, position - self.shift)
                lines, position = lines[written:], position + written
        finally:
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags)

    def sync(self) -> None:
        """Have the disk confirm what was written.

        Raises:
            OSError: It does not.
        """
        os.fdatasync(self._file)

    def keep(self) -> bool:
        """Make the file again where it was removed: its content is there as long as it is open.

        A file that was moved is left where it is. Say whether it was removed.

        Raises:
            OSError: It cannot be made now.
        """
        if os.fstat(self._file).st_nlink:
            return False
        make_folders(os.path.dirname(self.path))
        file, copy = _make(self.path, self.copy)
        try:
            _copy(self._file, file, self._size)
        except BaseException:
            os.close(file)
            os.unlink(with_copy(self.path, copy))
            raise
        self.close()
        self._file, self.copy = file, copy
        self.note()
        return True

    def close(self) -> None:
        """Close the file."""
        try:
            os.close(self._file)
        except OSError:  # it is closed all the same; what it held was confirmed, or is kept
            return


def _common(one: bytes, other: bytes) -> int:
    """How many bytes at the beginning of both are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _make(path: bytes, copy: int) -> tuple[int, int]:
    while True:
        try:
            file = _create(path, copy)
        except FileExistsError:
            if copy == 0 and (made := _made_before(path)) is not None:
                return made, 1
            if copy >= _COPIES:
                raise
            copy = max(copy, 1) + 1
            continue
        _sync_directory(os.path.dirname(path))
        return file, max(copy, 1)


def _create(path: bytes, copy: int) -> int:
    """Make the file under that name, unless it is the name of another session.

    Raises:
        OSError: It cannot be made, or is there.
    """
    name, folder = with_copy(path, copy), os.path.dirname(path)
    if copy > 1:
        session = session_part(os.fsdecode(os.path.basename(name)))
        if os.path.lexists(os.path.join(os.fsdecode(folder), SIDECARS, manifest_name(session))):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    file = os.open(name, _CREATE, _FILE_MODE)
    give_group(file, folder)
    return file


def _made_before(path: bytes) -> int | None:
    """The file that the session made at its start, when nothing was to be written yet."""
    try:
        file = os.open(path, _OPEN | os.O_NONBLOCK)
    except OSError:
        return None
    status = os.fstat(file)
    known = (status.st_mode >> 12, status.st_uid, status.st_size, status.st_nlink)
    if known == (_REGULAR, os.geteuid(), 0, 1):
        return file
    os.close(file)
    return None


def _sync_directory(directory: bytes) -> None:
    try:
        file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.fsync(file)
    except OSError:  # some network file systems have none
        pass
    finally:
        os.close(file)


def _copy(source: int, goal: int, size: int) -> None:
    done = 0
    while done < size:
        rest = memoryview(os.pread(source, min(_CHUNK, size - done), done))
        if not rest:
            raise OSError(5, "the removed file is shorter than what was written")
        while rest:
            written = os.pwrite(goal, rest, done)
            rest, done = rest[written:], done + written
