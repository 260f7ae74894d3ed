"""Which sessions paths mean, and what belongs to each: files, manifest, chain."""

import errno
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mllog_callbacks.files import (
    CHAIN,
    SIDECARS,
    chain_name,
    file_order,
    is_log,
    manifest_name,
    origin_name,
    read_regular,
    session_of,
    unsafe_kind,
    walk,
)
from mllog_callbacks.sinks import Recovered, recover

__all__ = [
    "MOST_BYTES",
    "Session",
    "complete",
    "find_sessions",
    "is_folder",
    "sessions_of",
    "sidecar_folders",
]

MOST_BYTES: Final = 1 << 20
"""Bytes of a manifest that are read; one that is larger is not ours."""


@dataclass(slots=True)
class Session:
    """What there is of one session.

    Attributes:
        directory: Where its files are.
        name: Its name.
        files: What has the name of a log file of this session, in the order of the names. A link
            or a special file is among them; opening it is refused.
    """

    directory: Path
    name: str
    files: list[Path] = field(default_factory=list)

    @property
    def manifest(self) -> Path:
        """The file of its facts."""
        return self.directory / SIDECARS / manifest_name(self.name)

    @property
    def chain(self) -> Path:
        """The file of its chain."""
        return self.directory / SIDECARS / chain_name(self.name)

    @property
    def origin(self) -> Path:
        """The file of what is known of its origin."""
        return self.directory / SIDECARS / origin_name(self.name)

    @property
    def has_manifest(self) -> bool:
        """Whether something has the manifest's name, be it a link."""
        return os.path.lexists(self.manifest)

    @property
    def has_chain(self) -> bool:
        """Whether something has the chain's name, be it a link."""
        return os.path.lexists(self.chain)

    def facts(self) -> dict[str, Any]:
        """What the manifest says; nothing where it cannot be read."""
        try:
            facts = json.loads(read_regular(self.manifest, MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return facts if isinstance(facts, dict) else {}


def find_sessions(paths: Iterable[str | os.PathLike[str]]) -> list[Session]:
    """The sessions that paths mean: those of a folder and all below it, or the one of a file.

    What killed sessions left in memory is written to their files first. Links to folders are
    followed where they are named, and nowhere below.

    Raises:
        FileNotFoundError: There is no such path.
    """
    given = [Path(each) for each in paths]
    complete(given)
    return sessions_of(given)


def complete(paths: Iterable[Path]) -> list[tuple[Path, Recovered]]:
    """Write what killed sessions left in memory to the files of the folders that paths mean.

    Returns:
        What was found there, each with its folder.
    """
    folders: dict[Path, None] = {}
    for path in paths:
        if is_folder(path):
            folders.update((sidecars.parent, None) for sidecars, _ in sidecar_folders(path))
        else:
            folders[path.parent] = None
    return [(folder, each) for folder in folders for each in recover(folder)]


def sessions_of(paths: Iterable[Path]) -> list[Session]:
    """The sessions that paths mean, as their files are.

    Raises:
        FileNotFoundError: There is no such path.
    """
    found: dict[tuple[Path, str], Session] = {}
    near: dict[Path, dict[str, list[Path]]] = {}
    for path in paths:
        if is_folder(path):
            _take_folder(found, path)
        elif os.path.lexists(path):
            session = _session(found, path.parent, session_of(path))
            if path.parent not in near:
                near[path.parent] = _by_session(path.parent)
            session.files = near[path.parent].get(session.name) or [path]
        else:
            raise FileNotFoundError(errno.ENOENT, "no such file or directory", str(path))
    return sorted(found.values(), key=lambda each: (each.directory, each.name))


def is_folder(path: Path) -> bool:
    """Whether a path means a folder of logs; a link that has the name of a log does not."""
    return path.is_dir() and not (is_log(path.name) and path.is_symlink())


def sidecar_folders(folder: Path) -> list[tuple[Path, str]]:
    """What has the name of a folder of sidecars, from a folder down, and what it is instead."""
    return [
        (Path(directory, SIDECARS), unsafe_kind(Path(directory, SIDECARS)))
        for directory, folders, others in walk(folder)
        if SIDECARS in folders or SIDECARS in others
    ]


def _take_folder(found: dict[tuple[Path, str], Session], folder: Path) -> None:
    for name, folders, others in walk(folder):
        directory = Path(name)
        if SIDECARS in folders:
            folders.remove(SIDECARS)
            _take_sidecars(found, directory)
        logs = [directory / each for each in others if each.endswith(".jsonl")]
        for file in sorted(logs, key=file_order):
            files = _session(found, directory, session_of(file)).files
            if file not in files:
                files.append(file)


def _take_sidecars(found: dict[tuple[Path, str], Session], directory: Path) -> None:
    sidecars = directory / SIDECARS
    if unsafe_kind(sidecars) != "a directory":
        return
    try:
        names = sorted(os.listdir(sidecars))  # noqa: PTH208 - the names alone
    except OSError:
        return
    for name in names:
        for suffix in manifest_name(""), CHAIN:
            if name.endswith(suffix):
                _session(found, directory, name.removesuffix(suffix))


def _session(found: dict[tuple[Path, str], Session], directory: Path, name: str) -> Session:
    return found.setdefault((directory, name), Session(directory, name))


def _by_session(directory: Path) -> dict[str, list[Path]]:
    """The files of each session of a folder, also those of other days."""
    names = filter(is_log, os.listdir(directory))  # noqa: PTH208 - the names alone
    found: dict[str, list[Path]] = {}
    for each in sorted((directory / name for name in names), key=file_order):
        found.setdefault(session_of(each), []).append(each)
    return found
