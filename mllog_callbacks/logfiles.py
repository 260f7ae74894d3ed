"""Log files: which ones a path means, whose they are, what may be wrong with a line of one."""

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mllog_callbacks.chain.heads import SUFFIX
from mllog_callbacks.sinks import recover

__all__ = ["SIDECARS", "Finding", "day_of", "find_logs", "session_of"]

SIDECARS: Final = "_integrity"
_NAME: Final = re.compile(r"ml-platform-(\d{4}-\d{2}-\d{2})\.(.+)\.jsonl")
_COPY: Final = re.compile(r"(.+)-\d+")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a line.

    Attributes:
        field: The field concerned, or ``"line"``.
        reason: What was found and what was expected.
    """

    field: str
    reason: str


def find_logs(path: str | os.PathLike[str], *, complete: bool = True) -> list[Path]:
    """The log files a path means: the file itself, or all below a directory, sidecars left out.

    Args:
        path: A file or a directory.
        complete: Whether what killed sessions left is written to the directory's files first.

    Raises:
        FileNotFoundError: There is no such path.
    """
    root = Path(path)
    if root.is_dir():
        if complete:
            recover(root)
        below = (each for each in root.rglob("*.jsonl") if each.is_file())
        logs = (each for each in below if SIDECARS not in each.relative_to(root).parts)
        return sorted(logs, key=lambda each: each.with_suffix(""))  # what goes on in -2 follows
    if not root.exists():
        raise FileNotFoundError(errno.ENOENT, "no such file or directory", str(root))
    return [root]


def session_of(file: Path) -> str:
    """The session a file belongs to, by its name; the name itself where it is no session's.

    Where a file's own name was taken, another beside it has a number behind the session's name.
    """
    found = _NAME.fullmatch(file.name)
    if found is None:
        return file.stem
    name = found[2]
    copy = _COPY.fullmatch(name)
    sidecars = file.parent / SIDECARS
    if copy and not (sidecars / f"{name}.json").exists() and _has_sidecar(sidecars, copy[1]):
        return copy[1]
    return name


def _has_sidecar(sidecars: Path, name: str) -> bool:
    return any((sidecars / f"{name}{each}").exists() for each in (".json", SUFFIX))


def day_of(file: Path) -> str:
    """The day a file is of, such as ``2025-01-30``; empty where its name does not say."""
    found = _NAME.fullmatch(file.name)
    return found[1] if found else ""
