"""What paths on the command line mean: files, folders, globs, and - for standard input."""

import os
from collections.abc import Callable, Iterable, Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import Final

import click

__all__ = [
    "FINDINGS",
    "STDIN",
    "UNREADABLE",
    "expand",
    "given_or_default",
    "reason_of",
    "tell_unreadable",
]

FINDINGS: Final = 1
UNREADABLE: Final = 3
STDIN: Final = "-"


def expand(paths: Iterable[str], cannot_read: Callable[[str, OSError], object]) -> list[str]:
    """The log files that the paths mean, each once, in the order given.

    Args:
        paths: Files, folders, globs, or "-".
        cannot_read: Called with each path that means no log file, and why.
    """
    files: dict[str, None] = {}
    for path in paths:
        try:
            files.update(dict.fromkeys(_files(path)))
        except OSError as error:
            cannot_read(path, error)
    return list(files)


def _files(path: str) -> Iterator[str]:
    """The files a path means.

    Raises:
        FileNotFoundError: There are none.
    """
    from mllog_callbacks.logfiles import find_logs  # noqa: PLC0415 - loads pydantic: slow

    if path == STDIN:
        yield path
        return
    is_glob = has_magic(path) and not Path(path).exists()
    # pathlib's own takes no absolute patterns
    matches = sorted(glob(path, recursive=True)) if is_glob else [path]  # noqa: PTH207
    logs = [str(log) for match in matches for log in find_logs(match)]
    if not logs:
        raise FileNotFoundError(0, "no log file here")
    yield from logs


def given_or_default(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths given; else the directory in which logs are made."""
    return paths or (os.environ.get("MLLOG_DIR") or "logs",)


def reason_of(error: OSError) -> str:
    """Why a path cannot be read or written."""
    return error.strerror or str(error)


def tell_unreadable(path: str, error: OSError) -> None:
    """Say on stderr that a path cannot be read."""
    click.echo(f"{click.format_filename(path)}: cannot be read: {reason_of(error)}", err=True)
