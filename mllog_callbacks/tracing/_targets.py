"""What is looked for: the content of a file or folder, or a commit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mllog_callbacks.files import digest_of, size_of
from mllog_callbacks.fingerprints import UnreadableDataError, fingerprint, read_table

__all__ = ["Target", "UnknownTargetError", "target_of"]

_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


class UnknownTargetError(ValueError):
    """What is given is neither a file nor a commit."""


@dataclass(slots=True)
class Target:
    """What is looked for.

    Attributes:
        given: As it was given.
        path: The file or folder; None of a commit.
        commit: The commit, or how it begins; empty of a file.
        sha256: The SHA-256 of the file or folder; empty of a commit.
        bytes: Its size.
        tables: The tables that a file of data holds, by name.
        fingerprints: Their fingerprints, by what was hashed.
        unread: Why a file of data was not read as one; empty where it was.
    """

    given: str
    path: Path | None = None
    commit: str = ""
    sha256: str = ""
    bytes: int = 0
    tables: dict[str, Any] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    unread: str = ""

    def hash_columns(self, names: Iterable[str]) -> None:
        """Take the fingerprint of some columns: a training rarely has its labels among them."""
        wanted = list(names)
        for table in self.tables.values():
            if {*wanted} < {*map(str, getattr(table, "columns", ()))}:
                what = f"its columns {', '.join(wanted[:5])}{', ...' if len(wanted) > 5 else ''}"  # noqa: PLR2004 - enough to know them
                found = fingerprint(table[wanted]).sha256
                if found is not None:
                    self.fingerprints.setdefault(what, found)


def target_of(given: str) -> Target:
    """What a user gave, examined.

    Raises:
        UnknownTargetError: It is neither a file nor a commit.
        OSError: It cannot be read.
    """
    path = Path(given)
    if not path.exists():
        if _COMMIT.fullmatch(given):
            return Target(given, commit=given)
        msg = f"{given} is neither a file nor a commit"
        raise UnknownTargetError(msg)
    target = Target(given, path, sha256=digest_of(given), bytes=size_of(given) or 0)
    if path.suffix.lower() in {".csv", ".parquet", ".npy", ".npz"}:
        _read(target, path)
    return target


def _read(target: Target, path: Path) -> None:
    try:
        target.tables = read_table(path)
        for name, table in target.tables.items():
            found = fingerprint(table).sha256
            if found is not None:
                target.fingerprints[f"its array {name}" if name else "all its values"] = found
    except (UnreadableDataError, ImportError, OSError) as error:
        target.unread = str(error)
