"""Where a session's spool is made: in memory, or in the log's own folder."""

import os
import sys
from pathlib import Path
from typing import Final

from mllog_callbacks.sinks._files import LogFiles
from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._control import FIRST, Control
from mllog_callbacks.sinks.spool._locks import lock
from mllog_callbacks.sinks.spool._roots import VARIABLE, directory_of, in_logs, in_memory, is_own
from mllog_callbacks.sinks.spool._spools import remove
from mllog_callbacks.sinks.spool._surroundings import MAPPABLE, file_system, surroundings

__all__ = ["LEAST", "Place", "free", "parents", "root"]

CAPACITY: Final = 64 * 1024 * 1024
"""Bytes of segments a session holds at most."""

SEGMENT: Final = 1024 * 1024
"""Bytes of a segment: made in 0.2 ms, and few enough that sessions that emit little hold little."""

LEAST: Final = 512 * 1024
"""Bytes of capacity below which there is no spool: the longest line must fit a quarter."""

_SHARE: Final = 4  # of what is free, others (data loaders, other sessions) keep three quarters


def root(*, create: bool = False) -> Path:
    """The folder of all spools of this user in memory; nobody else may read or write it.

    Raises:
        OSError: It is not there, or it is somebody else's.
    """
    return _own(Path(in_memory()), create=create)


def _own(folder: Path, *, create: bool) -> Path:
    if create:
        folder.mkdir(mode=0o700, exist_ok=True)
    folder.lstat()
    if not is_own(str(folder)):
        msg = "is not a folder of this user's alone"
        raise PermissionError(1, msg, str(folder))
    return folder


def parents(directory: Path) -> list[Path]:
    """Where a spool for a log directory may be, best first.

    In memory, where a disk never holds anybody up; in the directory itself, as mapped files,
    where memory would end together with the process.
    """
    memory = Path(in_memory())
    if os.environ.get(VARIABLE) or not surroundings().volatile:
        return [memory]
    if file_system(str(directory)) not in MAPPABLE:
        return [memory]
    return [Path(in_logs(str(directory))), memory]


class Place:
    """A session's own folder among the spools, and the lock that says that it lives.

    Args:
        files: The names of the session's files.
        sync_ms: Milliseconds between two confirmations by the disk; 0 leaves it to the kernel.
        position: Where in the stream it begins.

    Raises:
        OSError: There is no file system for it here, or it is too small.
    """

    def __init__(self, files: LogFiles, sync_ms: int, position: int = FIRST) -> None:
        if sys.platform != "linux":
            raise OSError(38, "a spool needs Linux")
        self.user = os.geteuid()
        possible = parents(files.directory)
        for parent in possible:
            try:
                self._open(_own(parent, create=True), files, sync_ms)
                break
            except OSError:
                if parent == possible[-1]:
                    raise
        self.control = Control(self.folder)
        self.control.position = self.control.durable = position

    @property
    def is_in_logs(self) -> bool:
        """Whether it is in the log directory."""
        return bool(directory_of(self.folder))

    def _open(self, parent: Path, files: LogFiles, sync_ms: int) -> None:
        self.capacity = min(CAPACITY, free(parent) // _SHARE)
        if self.capacity < LEAST:
            raise OSError(28, "too little space for a spool", str(parent))
        self.segment = min(SEGMENT, self.capacity // 4) // 4096 * 4096
        name = f"{files.session[:100]}.{os.urandom(4).hex()}"
        self.folder = str(parent / name)
        try:
            self._make(parent / f".{name}", files, sync_ms)
            (parent / f".{name}").rename(self.folder)
        except OSError:
            remove(str(parent / f".{name}"))
            raise

    def _make(self, folder: Path, files: LogFiles, sync_ms: int) -> None:
        folder.mkdir(mode=0o700)
        owner = lock(str(folder), "owner", create=True)
        assert owner is not None  # noqa: S101 - the folder is ours alone
        self._owner = owner
        Control(str(folder), create=True).sync_ms = sync_ms
        About(
            os.fsencode(files.directory), os.fsencode(files.sidecar), files.manifest.encode()
        ).write(str(folder))

    def leave(self) -> None:
        """Let go of the lock, so that whoever drains knows that nothing follows."""
        if self._owner >= 0:
            os.close(self._owner)
            self._owner = -1

    def remove(self) -> None:
        """Take it away again, with all that is in it."""
        self.leave()
        remove(self.folder)


def free(folder: Path) -> int:
    """Bytes that this user may still write on a file system."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
