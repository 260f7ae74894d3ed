"""A segment: some of a session's lines, in memory that the log and its drainer share.

A segment is a header and then lines, in a file of NULs. No line holds a NUL and every byte is
written once, so whatever is not NUL is final: a line is there when its newline is and no NUL
is before it, in whatever order the processor made the bytes visible.
"""

import mmap
import os

__all__ = ["HEADER", "MARK", "Segment", "segment_name", "spare_name"]

HEADER = 8_192
"""Bytes before a segment's first line: where it begins, how many lines before, the file's path."""

MARK = b'{"timestamp":"'
"""How every line begins, and nothing within a line: there the quotes are escaped."""

_PATH = 16

_NULS = bytes(65_536)


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
        """Where in the stream the first line begins."""
        return int.from_bytes(self.memory[:8], "little")

    def count(self, position: int) -> int:
        """How many lines are before a position of the stream that is in this segment."""
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
