"""Holding what arrived elsewhere against the logs it came from: what is missing, extra, doubled.

Shipping sees lines, and a line does not say of which session it is. So the local logs say it:
every line there is known by its hash, and its timestamp makes it one of its own.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from mllog_callbacks.files import open_stream, walk
from mllog_callbacks.integrity import find_sessions

__all__ = ["Extra", "Place", "Reconciled", "reconcile"]

_CHUNK: Final = 1_048_576
_HASH: Final = 12  # bytes: of 10 million lines two are alike by chance once in 10**15 times


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a local log.

    Attributes:
        session: Its session.
        file: The name of its file.
        line: Its number there, from 1.
        times: How often it arrived.
    """

    session: str
    file: str
    line: int
    times: int


@dataclass(frozen=True, slots=True)
class Extra:
    """A line that arrived and is of no local log.

    Attributes:
        file: Where it arrived.
        line: Its number there, from 1.
    """

    file: str
    line: int


@dataclass(slots=True)
class Reconciled:
    """What became of the lines on their way.

    Attributes:
        lines: How many lines the local logs have, by session.
        missing: Those that did not arrive.
        doubled: Those that arrived more than once.
        extra: What arrived and is none of them, such as a line that was cut.
        unreadable: By path, why a file cannot be read; what it holds is not known.
    """

    lines: Counter[str] = field(default_factory=Counter)
    missing: list[Place] = field(default_factory=list)
    doubled: list[Place] = field(default_factory=list)
    extra: list[Extra] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether each line arrived once, nothing else did, and every file could be read."""
        return not (self.missing or self.doubled or self.extra or self.unreadable)


def reconcile(
    shipped: Iterable[str | os.PathLike[str]],
    local: Iterable[str | os.PathLike[str]],
    progress: Callable[[str, int], None] = lambda _, __: None,
) -> Reconciled:
    """Hold what arrived against the logs it came from.

    Takes some 130 bytes of memory for each local line, 125 MB for a million: a line that arrives
    may be of any session. What is missing, doubled or extra takes more.

    Args:
        shipped: Files of raw lines as they arrived, or folders of such, in any order.
        local: The logs: folders, with all below them, or files.
        progress: Called now and then with what is being read and how many lines were.

    Raises:
        FileNotFoundError: There is no such path.
    """
    known = _Local()
    result = Reconciled()
    for session in find_sessions(local):
        for file in session.files:
            with _reading(result.unreadable, file):
                result.lines[session.name] += known.take(session.name, file)
            progress(file.name, len(known.times))
    arrived = 0
    for file in _files(shipped):
        with _reading(result.unreadable, file):
            for number, line in _lines(file):
                arrived += 1
                if not known.arrive(line):
                    result.extra.append(Extra(str(file), number))
        progress(str(file), arrived)
    for place in known.places():
        if place.times != 1:
            found = result.missing if place.times == 0 else result.doubled
            found.append(place)
    return result


@contextmanager
def _reading(unreadable: dict[str, str], file: Path) -> Iterator[None]:
    """Note why a file cannot be read, and go on with the others."""
    try:
        yield
    except OSError as error:
        unreadable[str(file)] = error.strerror or str(error)


class _Local:
    """The lines of the local logs, known by their hashes; each has a number, over all files.

    Attributes:
        times: By a line's number, how often it arrived; 255 is that often or more.
    """

    def __init__(self) -> None:
        self.times = bytearray()
        self._numbers: dict[bytes, int] = {}
        self._alike: dict[bytes, list[int]] = {}  # further lines of the same hash
        self._turns: dict[bytes, int] = {}  # which of them arrives next
        self._files: list[tuple[str, str, int]] = []  # session, name, lines

    def take(self, session: str, file: Path) -> int:
        """Take the lines of a file; returns how many there are."""
        before = len(self.times)
        try:
            for _, line in _lines(file):
                if self._numbers.setdefault(line, len(self.times)) != len(self.times):
                    self._alike.setdefault(line, []).append(len(self.times))
                self.times.append(0)
        finally:
            lines = len(self.times) - before
            self._files.append((session, file.name, lines))
        return lines

    def arrive(self, line: bytes) -> bool:
        """Count a line that arrived; says whether it is one of these."""
        at = self._numbers.get(line)
        if at is None:
            return False
        if line in self._alike:  # each of them once, in turn
            alike, turn = self._alike[line], self._turns.get(line, 0)
            self._turns[line] = (turn + 1) % (len(alike) + 1)
            at = alike[turn - 1] if turn else at
        self.times[at] = min(255, self.times[at] + 1)
        return True

    def places(self) -> Iterator[Place]:
        """Where each line is, and how often it arrived."""
        times = iter(self.times)
        for session, name, lines in self._files:
            for number, each in enumerate(islice(times, lines), 1):
                yield Place(session, name, number, each)


def _files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            for directory, _, others in walk(path):
                yield from (Path(directory, each) for each in others)
        else:
            yield path


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The number and the hash of each line, without the line break; holds no line as a whole."""
    with open_stream(file) as stream:
        yield from enumerate(_hashes(stream), 1)


def _hashes(stream: BinaryIO) -> Iterator[bytes]:
    line = _Line()
    while chunk := stream.read(_CHUNK):
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            line.add(end)
            yield line.digest()
            line = _Line()
        line.add(rest)
    if line.begun:
        yield line.digest()


class _Line:
    """The hash of a line that comes in parts.

    Attributes:
        begun: Whether any byte of it came.
    """

    def __init__(self) -> None:
        self.begun = False
        self._hash = blake2b(digest_size=_HASH)
        self._returns = 0  # carriage returns so far at its end, which may be its line break's

    def add(self, part: bytes) -> None:
        """Add what follows."""
        text = part.rstrip(b"\r")
        self.begun = self.begun or bool(part)
        if text and self._returns:
            self._hash.update(b"\r" * self._returns)
            self._returns = 0
        self._hash.update(text)
        self._returns += len(part) - len(text)

    def digest(self) -> bytes:
        """The hash of all that was added."""
        return self._hash.digest()
