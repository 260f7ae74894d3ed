"""Files that grow, and new ones in their folders: their last lines, and those that come."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Final, NamedTuple

from mllog_callbacks.files import LOGS, day_of, file_order, last_data, open_stream, session_of
from mllog_callbacks.reading._fast import Row, parse_row
from mllog_callbacks.schema import HARD_CAP
from mllog_callbacks.sinks import find_logs

__all__ = ["Followed", "Seen", "last_lines"]

_BLOCK: Final = 1 << 16
_CHUNK: Final = 1 << 20
_LIST_S: Final = 1.0
"""Seconds between two looks for new files."""


class Seen(NamedTuple):
    """A whole line of a file.

    Attributes:
        path: The file.
        raw: The line, without its newline; of one beyond 64 KiB, which is no entry, the end.
        row: What it holds.
    """

    path: Path
    raw: bytes
    row: Row


def last_lines(
    path: Path, wanted: Callable[[Row], bool], many: int, end: int | None = None
) -> list[Seen]:
    """The last lines of a file that are wanted, in order; a line without its newline is left out.

    Args:
        path: The file.
        wanted: Which lines are wanted.
        many: How many of them.
        end: Where the file is taken to end; default its end.

    Raises:
        OSError: The file cannot be read.
    """
    found: list[Seen] = []
    with open_stream(path) as stream:
        for raw, size in _backwards(stream, last_data(stream) if end is None else end):
            if len(found) >= many:
                break
            row = parse_row(raw, 0, size + 1)
            if wanted(row):
                found.append(Seen(path, raw, row))
    return found[::-1]


def _backwards(stream: BinaryIO, end: int) -> Iterator[tuple[bytes, int]]:
    """The whole lines, the last first, and their sizes; of a long one the end alone."""
    parts: list[bytes] = []  # of the line whose begin is still to come, the last part first
    size, is_whole = 0, False  # what follows the last newline is no whole line
    while end > 0:
        start = max(end - _BLOCK, 0)
        stream.seek(start)
        first, *lines = stream.read(end - start).split(b"\n")
        end = start
        if lines:
            last = lines.pop()
            if is_whole:
                yield b"".join([last, *reversed(parts)]), size + len(last)
            yield from ((line, len(line)) for line in reversed(lines))
            parts, size, is_whole = [], 0, True
        if size <= HARD_CAP:
            parts.append(first)
        size += len(first)
    if is_whole and size:
        yield b"".join(reversed(parts)), size


@dataclass(slots=True)
class _File:
    """How far a file was read.

    Attributes:
        offset: Up to where.
        rest: The begin of a line whose newline is still to come; of a long one its last part.
        left_out: How many bytes of that line come before the part that is held.
    """

    offset: int
    rest: bytes = b""
    left_out: int = 0

    @property
    def end(self) -> int:
        """Where its last whole line ends."""
        return self.offset - self.left_out - len(self.rest)


class Followed:
    """What paths mean, looked at again and again: new lines, and new files.

    Args:
        paths: Files, folders and globs. Of a file's session, the files of later days are followed
            too.
        positions: Up to where files were read before, by their absolute paths.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        positions: Mapping[str, int] | None = None,
    ) -> None:
        self._paths = [os.fspath(path) for path in paths]
        self._before = positions or {}
        self._files: dict[Path, _File] = {}
        self._listed: list[Path] = []
        self._due = 0.0

    def skip_to_end(self) -> dict[Path, int]:
        """Leave out the lines that are there already; returns where those of each file end."""
        for path in self._list():
            with suppress(OSError):
                self._files[path] = _File(_end_of_lines(path))
        return {path: file.offset for path, file in self._files.items()}

    @property
    def positions(self) -> dict[str, int]:
        """Up to where each file was read, to its last whole line, by its absolute path."""
        read = {str(path.absolute()): each.end for path, each in self._files.items()}
        return {**self._before, **read}

    def new(self) -> list[Seen]:
        """The whole lines that came since the last look, in the order of their timestamps."""
        seen: list[Seen] = []
        for path in self._list():
            with suppress(OSError):  # it is gone, or not there yet: the next look will see
                if path not in self._files:
                    self._files[path] = _File(self._before.get(str(path.absolute()), 0))
                seen += self._new_of(path, self._files[path])
        return sorted(seen, key=lambda each: (each.row.fields or {}).get("timestamp", ""))

    def _list(self) -> list[Path]:
        if (now := monotonic()) >= self._due:
            self._due = now + _LIST_S
            self._listed = list(
                dict.fromkeys(each for path in self._paths for each in _meant(path))
            )
        return self._listed

    def _new_of(self, path: Path, file: _File) -> list[Seen]:
        seen: list[Seen] = []
        with open_stream(path) as stream:
            if stream.seek(0, os.SEEK_END) < file.offset:  # begun anew
                file.offset, file.rest, file.left_out = 0, b"", 0
            stream.seek(file.offset)
            while read := stream.read(_CHUNK):
                file.offset += len(read)
                *lines, rest = (file.rest + read).split(b"\n")
                for raw in lines:
                    row = parse_row(raw, 0, file.left_out + len(raw) + 1)
                    seen.append(Seen(path, raw, row))
                    file.left_out = 0
                file.rest = rest[-HARD_CAP:]
                file.left_out += len(rest) - len(file.rest)
        return seen


def _meant(path: str) -> list[Path]:
    """The logs a path means now; those of a file's session on later days are among them."""
    named = Path(path)
    if has_magic(path) and not named.exists():
        # pathlib's own takes no absolute patterns
        return [log for match in sorted(glob(path, recursive=True)) for log in _meant(match)]  # noqa: PTH207
    if named.is_dir():
        return find_logs(named, complete=False)
    if not day_of(named):
        return [named]
    session = session_of(named)
    first = file_order(named)
    near = (each for each in named.parent.glob(LOGS) if session_of(each) == session)
    return sorted((each for each in near if file_order(each) >= first), key=file_order)


def _end_of_lines(path: Path) -> int:
    """Where the last whole line of a file ends."""
    with open_stream(path) as stream:
        end = last_data(stream)
        while end > 0:
            start = max(end - _BLOCK, 0)
            stream.seek(start)
            found = stream.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0
