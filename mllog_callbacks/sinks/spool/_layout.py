"""How a session's spool lies in memory: a folder on tmpfs that the log and its drainer share.

``owner`` is locked while the session lives, ``drain`` by whoever writes its file; ``control`` is
one page of counters, ``about`` names the log directory, and ``segment-<n>`` hold the lines.

A segment is a header and then lines, in a file of NULs. No line holds a NUL and every byte is
written once, so whatever is not NUL is final: a line is there when its newline is and no NUL
stands before it, in whatever order the processor made the bytes visible.

Imported by the drainer, which starts in some ten milliseconds because of what is not imported.
"""

import fcntl
import mmap
import os

from mllog_callbacks.files import SIDECARS
from mllog_callbacks.sinks.spool._roots import directory_of

__all__ = [
    "FIRST",
    "HEADER",
    "MARK",
    "About",
    "Control",
    "Segment",
    "lock",
    "namespace",
    "private",
    "segment_name",
    "spare_name",
]

HEADER = 8_192
"""Bytes before a segment's first line: where it begins, how many lines before, the file's path."""

FIRST = 1
"""Where the stream of a session begins; 0 is "not known yet"."""

MARK = b'{"timestamp":"'
"""How every line begins, and nothing within a line: there the quotes are escaped."""

_PATH = 16
_NULS = bytes(65_536)
_TEMPORARY = 8  # characters that `tempfile` puts behind ``tmp``


class Control:
    """The page both sides read: words of 64 bits, each written by one side only.

    Attributes of the drainer's side: `position` in the stream up to which the file was written,
    `released` segments, `durable` position known to be on the disk, `error`
    (the errno of a failure that lasts, or 0), `busy` (monotonic nanoseconds when a call to the
    disk began that has not returned, or 0), `copy` (which name of the file is used, from 1),
    `done`, its `pid` and how many `spares` it made: empty segments, ready for use. Of the log's
    side: `closing`, `sync_ms` between two confirmations by the disk, how many spares were
    `taken`, the process of its `owner`, and `leaving`: the process ends in order, though entries
    may still come. Of the drainer's side again: `sealed`, the position up to which the chain has
    been sealed, and `unsigned`: whether the chain should be signed and the key cannot be used.
    """

    _NAMES = (
        "position",
        "released",
        "durable",
        "error",
        "busy",
        "copy",
        "done",
        "pid",
        "spares",
        "closing",
        "taken",
        "sync_ms",
        "owner",
        "leaving",
        "sealed",
        "unsigned",
    )

    def __init__(self, folder: str, *, create: bool = False) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(f"{folder}/control", flags | (create and os.O_CREAT | os.O_EXCL), 0o600)
        try:
            if create:
                os.posix_fallocate(file, 0, mmap.PAGESIZE)
            self._words = memoryview(mmap.mmap(file, mmap.PAGESIZE)).cast("Q")
        finally:
            os.close(file)
        if create:
            self.position = self.durable = FIRST
            self.owner = os.getpid()

    def __getattr__(self, name: str) -> int:
        return self._words[self._NAMES.index(name)]

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, int):
            self._words[self._NAMES.index(name)] = value
        else:
            super().__setattr__(name, value)


class Segment:
    """Some of the stream's lines, all of one file."""

    def __init__(self, memory: mmap.mmap) -> None:
        self.memory = memory
        self.size = len(memory)

    @classmethod
    def create(cls, name: str, path: bytes, size: int) -> "Segment":
        """Make a segment whose memory is there for good; it has no place in the stream yet.

        Raises:
            OSError: There is no memory for it, or the path is too long.
        """
        if len(path) >= HEADER - _PATH:
            raise OSError(36, "File name too long")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            file = os.open(name, flags, 0o600)
        except FileExistsError:  # its making was interrupted
            os.unlink(name)
            file = os.open(name, flags, 0o600)
        try:
            # ftruncate alone gives a SIGBUS at the first write where tmpfs is full
            os.posix_fallocate(file, 0, size)
            memory = mmap.mmap(file, size, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))
        except BaseException:
            os.unlink(name)
            raise
        finally:
            os.close(file)
        memory[_PATH : _PATH + len(path)] = path
        return cls(memory)

    @classmethod
    def take(cls, spare: str, name: str, path: bytes) -> "Segment":
        """Make a segment of a spare one: forty times faster than asking for new memory.

        Raises:
            OSError: It is not there, or the path is too long.
        """
        if len(path) >= HEADER - _PATH:
            raise OSError(36, "File name too long")
        os.rename(spare, name)
        file = os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            memory = mmap.mmap(file, 0, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))
        finally:
            os.close(file)
        memory[_PATH : _PATH + len(path)] = path
        return cls(memory)

    @classmethod
    def open(cls, name: str) -> "Segment | None":
        """The segment of that name; None where it does not exist or has no place yet."""
        try:
            file = os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            if os.fstat(file).st_size <= HEADER:  # being made
                return None
            segment = cls(mmap.mmap(file, 0))
        finally:
            os.close(file)
        return segment if segment.start else None

    @property
    def start(self) -> int:
        """Where in the stream the first line stands."""
        return int.from_bytes(self.memory[:8], "little")

    def count(self, position: int) -> int:
        """How many lines stand before a position of the stream that is in this segment."""
        before = int.from_bytes(self.memory[8:_PATH], "little")
        return before + self.memory[HEADER : self.offset(position)].count(b"\n")

    @property
    def path(self) -> bytes:
        """The file the lines are for."""
        return self.memory[_PATH : self.memory.find(b"\0", _PATH)]

    def clear(self) -> None:
        """Make it a segment without a place and without lines."""
        self.memory[:_PATH] = bytes(_PATH)
        for offset in range(0, self.size, len(_NULS)):
            end = min(self.size, offset + len(_NULS))
            self.memory[offset:end] = _NULS[: end - offset]

    def offset(self, position: int) -> int:
        """Where in the memory a position of the stream is."""
        return position - self.start + HEADER

    def position(self, offset: int) -> int:
        """Where in the stream a place in the memory is."""
        return offset - HEADER + self.start

    def complete(self, offset: int) -> int:
        """The end of the complete lines from `offset` on, in the memory."""
        end = self.memory.find(b"\0", offset)
        return self.memory.rfind(b"\n", offset, self.size if end < 0 else end) + 1 or offset

    def beyond(self, offset: int) -> int:
        """The next line behind a gap at `offset`, or -1: what a kill within an emit leaves."""
        found = self.memory.find(b"\0" + MARK, offset) + 1
        return found if found and self.complete(found) > found else -1


def segment_name(folder: str, number: int) -> str:
    """The path of a segment, by its number from 0."""
    return f"{folder}/segment-{number:09d}"


def spare_name(folder: str, number: int) -> str:
    """The path of a spare segment, by its number from 0."""
    return f"{folder}/spare-{number:09d}"


class About:
    """Where a spool's lines go.

    Attributes:
        directory: The log directory, absolute.
        place: Its device, inode and mount namespace: two containers may share a tmpfs, not a path.
        sidecar: The path of the session's sidecar.
        manifest: What stands in the sidecar.
        beside: Whether the spool is in the log directory itself, wherever that is seen.
    """

    def __init__(
        self, directory: bytes, sidecar: bytes, manifest: bytes, place: bytes = b""
    ) -> None:
        self.directory = directory
        self.sidecar = sidecar
        self.manifest = manifest
        self.place = place or _place(directory)
        self.beside = False

    @classmethod
    def read(cls, folder: str) -> "About":
        """What `write` wrote."""
        with open(f"{folder}/about", "rb") as stream:
            directory, sidecar, place, manifest = stream.read().split(b"\0", 3)
        about = cls(directory, sidecar, manifest, place)
        if within := directory_of(folder):
            about.directory, about.beside = within, True
            about.sidecar = b"/".join((within, SIDECARS.encode(), os.path.basename(sidecar)))
        return about

    def write(self, folder: str) -> None:
        """Keep it in a spool."""
        with open(f"{folder}/about", "xb", opener=private) as stream:
            stream.write(b"\0".join((self.directory, self.sidecar, self.place, self.manifest)))

    @property
    def temporary(self) -> bool:
        """Whether the directory is, or is in, one that `tempfile` makes."""
        root = os.path.join(os.environb.get(b"TMPDIR") or b"/tmp", b"tmp")
        name = self.directory.removeprefix(root).split(b"/")[0]
        return self.directory.startswith(root) and len(name) == _TEMPORARY

    def here(self, directory: bytes) -> bool:
        """Whether it is this very directory, seen from this process."""
        if directory != self.directory:
            return False
        if self.beside:
            return True
        then, now = self.place.split(), _place(directory).split()
        return any(a == b != b"-" for a, b in zip(then, now, strict=True))


def _place(directory: bytes) -> bytes:
    try:
        status = os.stat(directory)
        where = b"%d:%d" % (status.st_dev, status.st_ino)
    except OSError:
        where = b"-"
    return where + b" " + namespace()


def namespace() -> bytes:
    """The mount namespace of this process, by number; ``-`` where it is not known."""
    try:
        return b"%d" % os.stat("/proc/self/ns/mnt").st_ino
    except OSError:
        return b"-"


def private(path: str, flags: int) -> int:
    """Open a file that is its owner's alone."""
    return os.open(path, flags, 0o600)


def lock(folder: str, name: str, *, create: bool = False, shared: bool = False) -> int | None:
    """Take a lock of a spool; return its file, or None where another process has it.

    Raises:
        OSError: The spool is gone.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (create and os.O_CREAT)
    file = os.open(f"{folder}/{name}", flags, 0o600)
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:
        os.close(file)
        raise
    return file
