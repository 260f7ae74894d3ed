"""What paths on the command line mean: files, folders, globs, and - for standard input."""

import os
from collections.abc import Callable, Iterable, Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from mllog_callbacks.cli._output import say

__all__ = [
    "FINDINGS",
    "STDIN",
    "UNREADABLE",
    "expand",
    "given_or_default",
    "reason_of",
    "report_unreadable",
]

FINDINGS: Final = 1
UNREADABLE: Final = 3
STDIN: Final = "-"


def expand(
    paths: Iterable[str],
    cannot_read: Callable[[str, OSError], object],
    find: Callable[[str], list[Path]] | None = None,
) -> list[str]:
    """The files that the paths mean, each once, in the order given.

    Args:
        paths: Files, folders, globs, or "-".
        cannot_read: Called with each path that means no file, and why.
        find: The files that a file or a folder means; default its logs.
    """
    files: dict[str, None] = {}
    for path in paths:
        try:
            files.update(dict.fromkeys(_files(path, find or _logs)))
        except OSError as error:
            cannot_read(path, error)
    return list(files)


def _logs(path: str) -> list[Path]:
    from mllog_callbacks.sinks import find_logs  # noqa: PLC0415 - loads pydantic: slow

    return find_logs(path)


def _files(path: str, find: Callable[[str], list[Path]]) -> Iterator[str]:
    """The files a path means.

    Raises:
        FileNotFoundError: There are none.
    """
    if path == STDIN:
        yield path
        return
    is_glob = has_magic(path) and not Path(path).exists()
    # pathlib's own takes no absolute patterns
    matches = sorted(glob(path, recursive=True)) if is_glob else [path]  # noqa: PTH207
    found = [str(each) for match in matches for each in find(match)]
    if not found:
        raise FileNotFoundError(0, "no such file here")
    yield from found


def given_or_default(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths given; else the directory in which logs are made."""
    return paths or (os.environ.get("MLLOG_DIR") or "logs",)


def reason_of(error: Exception) -> str:
    """Why a path cannot be read or written."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def report_unreadable(path: str, error: Exception) -> None:
    """Say on stderr that a path cannot be read."""
    say(f"{path}: cannot be read: {reason_of(error)}", err=True)
