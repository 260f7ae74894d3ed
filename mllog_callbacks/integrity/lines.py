"""Holding a file's lines against the checkpoints that were made of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

from mllog_callbacks.chain.records import block
from mllog_callbacks.integrity.chains import Checkpoint

__all__ = ["Blocks", "Damage", "hashes", "split"]

_CHUNK: Final = 1_048_576


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
    """The leaves that lines make in a Merkle tree."""
    return [sha256(b"\0" + line).digest() for line in lines]


class Blocks:
    """The lines of one file between each checkpoint and the one before.

    Args:
        path: The file.
        checkpoints: Those of this file, in their order.

    Attributes:
        size: How many bytes the file has.
        covered: How many of them its checkpoints tell of.
        lines: How many lines they tell of.
        beyond: How many lines stand behind what the checkpoints tell of.
        unfinished: Whether the last of these lacks its newline.
        damaged: The blocks that are not as they were written.
    """

    def __init__(self, path: Path, checkpoints: Sequence[Checkpoint]) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.covered = checkpoints[-1].bytes if checkpoints else 0
        self.lines = checkpoints[-1].lines if checkpoints else 0
        self.beyond = 0
        self.unfinished = False
        self.damaged: list[Damage] = []
        starts = [(0, 0), *((each.lines, each.bytes) for each in checkpoints)]
        self._blocks = [
            (each, *before, each.bytes - before[1])
            for each, before in zip(checkpoints, starts, strict=False)
        ]

    def read(
        self, take: Callable[[int, list[bytes]], None], grow: Callable[[list[bytes]], None]
    ) -> None:
        """Read the file once from its start to its end.

        Args:
            take: Given each block's lines and the number of the first.
            grow: Given the hashes of each block's lines, up to the first that is damaged.
        """
        bad: list[int] = []
        with self.path.open("rb") as stream:
            for index, (record, first, start, size) in enumerate(self._blocks):
                stream.seek(start)
                lines = split(stream.read(size))
                leaves = hashes(lines)
                if not self._is_sound(record, first, lines, leaves):
                    bad.append(index)
                elif not bad:
                    grow(leaves)
                take(first + 1, lines)
            stream.seek(self.covered)
            while raw := stream.readlines(_CHUNK):
                take(self.lines + self.beyond + 1, [each.removesuffix(b"\n") for each in raw])
                self.beyond += len(raw)
                self.unfinished = not raw[-1].endswith(b"\n")
            if bad and self.size != self.covered:
                bad = self._shifted(stream, bad)
        self.damaged = list(self._ranges(bad))

    @staticmethod
    def _is_sound(record: Checkpoint, first: int, lines: list[bytes], leaves: list[bytes]) -> bool:
        return len(lines) == record.lines - first and block(leaves) == record.block

    def _shifted(self, stream: BinaryIO, bad: list[int]) -> list[int]:
        """The damaged blocks but for those that are only moved, by lines put in or taken out."""
        shift = self.size - self.covered
        left = list(bad)
        for index in range(len(self._blocks) - 1, -1, -1):
            record, first, start, size = self._blocks[index]
            if index != left[-1] or start + shift < 0:
                break
            stream.seek(start + shift)
            lines = split(stream.read(size))
            if not self._is_sound(record, first, lines, hashes(lines)):
                break
            left.pop()
            self.beyond = 0  # it is these lines that stood there
            if not left:
                return bad[:1]  # between two blocks: before this one
        return left

    def _ranges(self, bad: list[int]) -> Iterator[Damage]:
        """Blocks that stand beside each other as one range of lines."""
        ends = [at for at, (a, b) in enumerate(pairwise([*bad, -1])) if b != a + 1]
        begin = 0
        for end in ends:
            first, last = self._blocks[bad[begin]], self._blocks[bad[end]]
            yield Damage(first[1] + 1, last[0].lines)
            begin = end + 1
