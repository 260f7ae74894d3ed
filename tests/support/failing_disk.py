"""A disk that fails on command: a file system in user space over a folder, run as a program.

What fails is the content of a file beside it: ``write`` and ``half`` (a half is written, and the
failure recorded), ``sync`` (what was written since the last one is lost then, as the kernel takes
it for clean), ``close``, or several of these; with a number before, one call in so many.
"""

import errno
import os
import random
import sys
from pathlib import Path
from typing import Any

import mfusepy


class FailingDisk(mfusepy.Operations):  # type: ignore[misc]  # its package has no types
    """Passes all on to a folder, but for what is to fail."""

    use_ns = True

    def __init__(self, folder: Path, command: Path) -> None:
        self._folder = folder
        self._command = command
        self._chance = random.Random(1)  # noqa: S311 - a seed, not a secret
        self._synced: dict[int, int] = {}

    def _path(self, path: str) -> Path:
        return self._folder / path.lstrip("/")

    def _fails(self, what: str) -> bool:
        every, *kinds = self._command.read_text().split() or ["1"]
        return what in kinds and self._chance.randrange(int(every)) == 0

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """The state of a file."""
        status = os.fstat(fh) if fh else os.lstat(self._path(path))
        names = ("mode", "nlink", "uid", "gid", "size", "ino")
        times = {f"st_{each}time": getattr(status, f"st_{each}time_ns") for each in "amc"}
        return {f"st_{name}": getattr(status, f"st_{name}") for name in names} | times

    def readdir(self, path: str, _: int) -> list[str]:
        """The names in a folder."""
        return [".", "..", *(each.name for each in self._path(path).iterdir())]

    def mkdir(self, path: str, mode: int) -> None:
        """Make a folder."""
        self._path(path).mkdir(mode)

    def unlink(self, path: str) -> None:
        """Remove a file."""
        self._path(path).unlink()

    def rmdir(self, path: str) -> None:
        """Remove a folder."""
        self._path(path).rmdir()

    def create(self, path: str, mode: int, _: object = None) -> int:
        """Make a file."""
        return self._opened(os.open(self._path(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))

    def open(self, path: str, flags: int) -> int:
        """Open a file; where to write is said by the kernel, also where it appends."""
        return self._opened(os.open(self._path(path), flags & ~os.O_APPEND))

    def _opened(self, file: int) -> int:
        self._synced[file] = os.fstat(file).st_size
        return file

    def read(self, _: str, size: int, offset: int, file: int) -> bytes:
        """Read."""
        return os.pread(file, size, offset)

    def write(self, _: str, data: bytes, offset: int, file: int) -> int:
        """Write, or fail after none or a half of it."""
        if self._fails("write"):
            raise mfusepy.FuseOSError(errno.EIO)
        if self._fails("half"):
            os.pwrite(file, data[: len(data) // 2], offset)
            raise mfusepy.FuseOSError(errno.EIO)
        return os.pwrite(file, data, offset)

    def fsync(self, _: str, __: int, file: int) -> None:
        """Confirm, or lose what was written since the last time."""
        size = os.fstat(file).st_size
        if self._fails("sync"):
            os.pwrite(file, bytes(size - self._synced[file]), self._synced[file])
            raise mfusepy.FuseOSError(errno.EIO)
        self._synced[file] = size

    def flush(self, _: str, __: int) -> None:
        """What `close` calls."""
        if self._fails("close"):
            raise mfusepy.FuseOSError(errno.EIO)

    def release(self, _: str, file: int) -> None:
        """Close."""
        os.close(file)


def main(folder: str, command: str, mountpoint: str) -> None:
    """Be that disk until it is unmounted."""
    disk = FailingDisk(Path(folder), Path(command))
    unrecorded = {"attr_timeout": 0, "entry_timeout": 0}  # the kernel is to remember nothing
    mfusepy.FUSE(disk, mountpoint, foreground=True, nothreads=True, **unrecorded)


if __name__ == "__main__":
    main(*sys.argv[1:])
