"""Log files: whose they are by their names, and what may be wrong with a line of one."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mllog_callbacks.chain import SUFFIX

__all__ = ["SIDECARS", "Finding", "day_of", "session_of"]

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
