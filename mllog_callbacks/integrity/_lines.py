"""Holding a file's lines against the checkpoints that were made of them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, pairwise
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, Final

from mllog_callbacks.chain import BLOCK, block
from mllog_callbacks.files import last_data, open_stream
from mllog_callbacks.integrity._chains import Checkpoint
from mllog_callbacks.schema import HARD_CAP

__all__ = ["Blocks", "Damage", "batches", "hashes", "split"]

_CHUNK: Final = 1_048_576
_MOST_BYTES: Final = BLOCK * HARD_CAP
"""Bytes of a block of lines."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Lines that are not as they were written.

    Attributes:
        first: The first line that may be concerned, from 1, as they were counted when written.
        last: The last one.
    """

    first: int
    last: int


def split(data: bytes) -> list[bytes]:
    """Lines without their newlines; what follows the last newline is a line of its own."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def hashes(lines: Iterable[bytes]) -> list[bytes]:
    """The leaves that lines make in a Merkle tree; none of a line longer than logs have."""
    return [sha256(b"\0" + line).digest() if len(line) < HARD_CAP else _NO_LEAF for line in lines]


class Blocks:
    """The lines of one file between each checkpoint and the one before.

    Args:
        path: The file.
        checkpoints: Those of this file, in their order.

    Attributes:
        lines: How many lines the checkpoints cover.
        found: How many there are.
        unfinished: Whether the last one lacks its newline.
        beyond: How many follow those that the checkpoints cover.
        nuls: How many NUL bytes the file ends in. Our own lines hold none: some file systems leave
            them after a power failure. They count for nothing else.
        damaged: The blocks that are not as they were written.
    """

    def __init__(self, path: Path, checkpoints: Sequence[Checkpoint]) -> None:
        self.path = path
        self.lines = checkpoints[-1].lines if checkpoints else 0
        self.found = self.beyond = self.nuls = 0
        self.unfinished = False
        self.damaged: list[Damage] = []
        self._records = checkpoints
        self._firsts = [0, *(each.lines for each in checkpoints)]

    def read(
        self, take: Callable[[int, list[bytes]], None], grow: Callable[[list[bytes]], None]
    ) -> None:
        """Read the file once from its start to its end; of a line, 64 KiB are held at most.

        Raises:
            UnsafeFileError: The file is a link, or no regular file.
            OSError: It cannot be read.

        Args:
            take: Given lines as they are there, and the number of the first.
            grow: Given the hashes of each block's lines, up to the first that is damaged.
        """
        with open_stream(self.path) as stream:
            end = _end_before_nuls(stream)
            self.nuls = stream.seek(0, SEEK_END) - end
            stream.seek(0)
            sound = self._read_sound(stream, take, grow)
            first = self.found
            leaves = _Leaves(max(0, self.lines - first))
            for lines, self.unfinished in batches(stream, end):
                take(self.found + 1, [] if self.unfinished else lines)
                self.found += len(lines)
                if sound < len(self._records):
                    leaves.add([_NO_LEAF] if self.unfinished else hashes(lines))
        self.beyond = max(0, self.found - self.lines)
        if sound < len(self._records):
            bad = self._bad(leaves, sound, first)
            self.damaged = list(self._ranges(bad))

    def _read_sound(
        self,
        stream: BinaryIO,
        take: Callable[[int, list[bytes]], None],
        grow: Callable[[list[bytes]], None],
    ) -> int:
        """Read up to the first block that is damaged; say which that is."""
        start = 0
        for index, record in enumerate(self._records):
            size = record.bytes - start
            data = stream.read(size) if 0 <= size <= _MOST_BYTES else b""
            lines = split(data)
            leaves = hashes(lines)
            if len(data) != size or not self._is_sound(index, leaves):
                stream.seek(start)
                return index
            grow(leaves)
            take(self.found + 1, lines)
            self.found, start = record.lines, record.bytes
        return len(self._records)

    def _is_sound(self, index: int, leaves: list[bytes]) -> bool:
        size = self._firsts[index + 1] - self._firsts[index]
        return len(leaves) == size and block(leaves) == self._records[index].block

    def _bad(self, leaves: "_Leaves", sound: int, first: int) -> list[int]:
        """The blocks from one on that are damaged: in their place, and counted from the end."""

        def is_there(index: int, shift: int) -> bool:
            begin, end = (self._firsts[at] - first + shift for at in (index, index + 1))
            return begin >= 0 and self._is_sound(index, leaves.between(begin, end))

        bad = [at for at in range(sound, len(self._records)) if not is_there(at, 0)]
        shift = self.found - self.lines
        left = list(bad)
        for index in range(len(self._records) - 1, sound - 1, -1):
            if not shift or index not in left[-1:] or not is_there(index, shift):
                break
            left.pop()
            self.beyond = 0  # it is these lines that stood there
        return left or bad[:1]  # lines between two blocks: before the first that is moved

    def _ranges(self, bad: list[int]) -> Iterator[Damage]:
        """Adjacent blocks as one range of lines."""
        ends = [at for at, (a, b) in enumerate(pairwise([*bad, -1])) if b != a + 1]
        begin = 0
        for end in ends:
            yield Damage(self._firsts[bad[begin]] + 1, self._records[bad[end]].lines)
            begin = end + 1


_NO_LEAF: Final = b""
"""Of a line that lacks its newline or is too long: it is none of those that were written."""


class _Leaves:
    """The leaves of the lines behind the sound blocks: the first of them, and the last.

    Others cannot be lines that a checkpoint is of, however many somebody added.

    Args:
        most: How many lines are to be there.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._first: list[bytes] = []
        self._last: deque[bytes] = deque(maxlen=most)
        self._found = 0

    def add(self, leaves: list[bytes]) -> None:
        """Add those of further lines."""
        self._first += leaves[: self._most - len(self._first)]
        self._last.extend(leaves)
        self._found += len(leaves)

    def between(self, begin: int, end: int) -> list[bytes]:
        """Some of them, in their order; fewer where they were not kept."""
        if end <= len(self._first):
            return self._first[begin:end]
        left_out = self._found - len(self._last)
        return list(islice(self._last, max(0, begin - left_out), max(0, end - left_out)))


def batches(stream: BinaryIO, end: int) -> Iterator[tuple[list[bytes], bool]]:
    """Lines up to a place in a file, without newlines; last, and said so, one that has none.

    Of a line longer than a chunk only the begin is there.
    """
    begun = b""  # of a line whose newline is still to come
    while data := stream.read(max(0, min(_CHUNK, end - stream.tell()))):
        first, *others = data.split(b"\n")
        begun += first[: max(0, _CHUNK - len(begun))]
        if others:
            yield [begun, *others[:-1]], False
            begun = others[-1]
    if begun:
        yield [begun], True


def _end_before_nuls(stream: BinaryIO) -> int:
    """Where a file ends, but for the NUL bytes that it may end in."""
    end = last_data(stream)
    while end:
        start = max(0, end - _CHUNK)
        stream.seek(start)
        kept = stream.read(end - start).rstrip(b"\0")
        if kept:
            return start + len(kept)
        end = start
    return 0
