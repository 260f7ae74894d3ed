"""From paths to stories: which files are one session's, and what stands beside them."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from mllog_callbacks.files import (
    SIDECARS,
    file_order,
    manifest_name,
    origin_name,
    read_regular,
    session_of,
)
from mllog_callbacks.reading._fast import FileAccount, read_rows
from mllog_callbacks.reading.story._builder import StoryBuilder
from mllog_callbacks.reading.story._model import Story
from mllog_callbacks.schema import count

__all__ = ["STANDARD_INPUT", "each_story", "read_sidecar", "read_stories"]

STANDARD_INPUT: Final = "-"

_LOOK_EVERY: Final = 1_000
_LARGEST_SIDECAR: Final = 1 << 20


def read_stories(
    files: Iterable[str | os.PathLike[str]],
    stream: BinaryIO | None = None,
    record: Callable[[str, float | None], object] | None = None,
) -> list[Story]:
    """Read files into the stories of their sessions, all at once: see `each_story`."""
    return [*each_story(files, stream, record)]


def each_story(
    files: Iterable[str | os.PathLike[str]],
    stream: BinaryIO | None = None,
    record: Callable[[str, float | None], object] | None = None,
) -> Iterator[Story]:
    """Read files into the stories of their sessions, one by one, in the order they are met.

    Args:
        files: The files; "-" stands for `stream`.
        stream: Standard input.
        record: Called every thousand lines with how far the reading of a session is, in words and
            as a share of its bytes.

    A file that cannot be read is part of its story, whose account of it says why.
    """
    sessions: dict[tuple[Path, str], list[Path]] = {}
    for each in files:
        path = Path(each)
        sessions.setdefault((path.parent, session_of(path)), []).append(path)
    completed: set[Path] = set()
    for (folder, session), paths in sessions.items():
        complete = folder not in completed
        completed.add(folder)
        yield _read(session, sorted(paths, key=file_order), stream, record, complete=complete)


def _read(
    session: str,
    paths: list[Path],
    stream: BinaryIO | None,
    record: Callable[[str, float | None], object] | None,
    *,
    complete: bool,
) -> Story:
    named = "standard input" if session == STANDARD_INPUT else session
    builder = StoryBuilder(named, read_sidecar(paths[0].parent, session))
    total = sum(map(_size, paths)) if record is not None else 0
    before = 0
    for path in paths:
        account = FileAccount(path)
        builder.begin_file(account)
        source = stream if str(path) == STANDARD_INPUT else None
        for row in read_rows(account, source, complete=complete):
            builder.take(row)
            if record is not None and row.number % _LOOK_EVERY == 0:
                share = (before + account.bytes) / total if total else None
                record(f"{path.name}: {count(row.number, 'line')}", share)
        before += account.bytes
        complete = False
    return builder.story()


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # the reading will say why
        return 0


def read_sidecar(directory: Path, session: str) -> dict[str, Any]:
    """What the sidecars say of a session; empty where there are none that can be read.

    What is known of its origin is under the name ``origin``.
    """
    facts = _read_facts(directory / SIDECARS / manifest_name(session))
    origin = _read_facts(directory / SIDECARS / origin_name(session))
    return {**facts, "origin": origin} if origin else facts


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(read_regular(path, _LARGEST_SIDECAR))
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
