"""Holding what arrived elsewhere against the logs it came from: what is missing, extra, doubled.

Shipping sees lines, and a line does not say of which session it is. So the local logs say it:
every line there is known by its hash, and its timestamp makes it one of its own.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final

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
    """

    lines: Counter[str] = field(default_factory=Counter)
    missing: list[Place] = field(default_factory=list)
    doubled: list[Place] = field(default_factory=list)
    extra: list[Extra] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether each line arrived once, and nothing else did."""
        return not (self.missing or self.doubled or self.extra)


def reconcile(
    shipped: Iterable[str | os.PathLike[str]],
    local: Iterable[str | os.PathLike[str]],
    tell: Callable[[str, int], None] = lambda _, __: None,
) -> Reconciled:
    """Hold what arrived against the logs it came from.

    Takes some 100 bytes of memory for each local line.

    Args:
        shipped: Files of raw lines as they arrived, or folders of such, in any order.
        local: The logs: folders, with all below them, or files.
        tell: Called now and then with what is being read and how many lines were.

    Raises:
        OSError: A path does not exist or cannot be read.
    """
    places: list[tuple[str, str, int]] = []
    wanted: dict[bytes, list[int]] = {}
    result = Reconciled()
    for session in find_sessions(local):
        for file in session.files:
            for number, line in _lines(file):
                wanted.setdefault(line, []).append(len(places))
                places.append((session.name, file.name, number))
                result.lines[session.name] += 1
            tell(file.name, len(places))
    times = bytearray(len(places))
    for file in _files(shipped):
        for number, line in _lines(file):
            if found := wanted.get(line):
                at = min(found, key=times.__getitem__)  # alike: each of them once
                times[at] = min(255, times[at] + 1)
            else:
                result.extra.append(Extra(str(file), number))
        tell(str(file), sum(map(bool, times)))
    for place, count in zip(places, times, strict=True):
        if count != 1:
            told = result.missing if count == 0 else result.doubled
            told.append(Place(*place, count))
    return result


def _files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    with file.open("rb") as stream:
        for number, line in enumerate(_raw(stream), 1):
            yield number, blake2b(line.rstrip(b"\r\n"), digest_size=_HASH).digest()


def _raw(stream: BinaryIO) -> Iterator[bytes]:
    while lines := stream.readlines(_CHUNK):
        yield from lines
