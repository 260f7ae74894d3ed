"""Which sessions paths mean, and what belongs to each: files, manifest, chain."""

import errno
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mllog_callbacks.chain import SUFFIX
from mllog_callbacks.schema import SIDECARS, day_of, session_of
from mllog_callbacks.sinks import find_logs, recover

__all__ = ["SIDECARS", "Session", "day_of", "find_sessions"]


@dataclass(slots=True)
class Session:
    """What there is of one session.

    Attributes:
        directory: Where its files are.
        name: Its name.
        files: Its files, in the order of their names.
    """

    directory: Path
    name: str
    files: list[Path] = field(default_factory=list)

    @property
    def manifest(self) -> Path:
        """The file of its facts."""
        return self.directory / SIDECARS / f"{self.name}.json"

    @property
    def chain(self) -> Path:
        """The file of its chain."""
        return self.directory / SIDECARS / f"{self.name}{SUFFIX}"

    def facts(self) -> dict[str, Any]:
        """What the manifest says; nothing where it cannot be read."""
        try:
            facts = json.loads(self.manifest.read_bytes())
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}


def find_sessions(paths: Iterable[str | os.PathLike[str]]) -> list[Session]:
    """The sessions that paths mean: those of a folder and all below it, or the one of a file.

    What killed sessions left in memory is written to their files first.

    Raises:
        FileNotFoundError: There is no such path.
    """
    found: dict[tuple[Path, str], Session] = {}
    for each in paths:
        path = Path(each)
        if path.is_dir():
            _take_folder(found, path)
        elif path.exists():
            recover(path.parent)
            session = _session(found, path.parent, session_of(path))
            session.files = _files_of(session) or [path]
        else:
            raise FileNotFoundError(errno.ENOENT, "no such file or directory", str(path))
    return sorted(found.values(), key=lambda each: (each.directory, each.name))


def _take_folder(found: dict[tuple[Path, str], Session], folder: Path) -> None:
    for sidecars in folder.rglob(SIDECARS):
        recover(sidecars.parent)
    for file in find_logs(folder):
        files = _session(found, file.parent, session_of(file)).files
        if file not in files:
            files.append(file)
    for directory, name in _sidecars(folder):
        _session(found, directory, name)


def _session(found: dict[tuple[Path, str], Session], directory: Path, name: str) -> Session:
    return found.setdefault((directory, name), Session(directory, name))


def _files_of(session: Session) -> list[Path]:
    """The files of one session, also those of other days, beside the one that was named."""
    pattern = re.compile(rf"ml-platform-[\d-]{{10}}\.{re.escape(session.name)}(-\d+)?\.jsonl")
    beside = [each.name for each in os.scandir(session.directory) if pattern.fullmatch(each.name)]
    files = [session.directory / name for name in sorted(beside)]
    return [each for each in files if session_of(each) == session.name]


def _sidecars(folder: Path) -> Iterable[tuple[Path, str]]:
    for sidecars in sorted(folder.rglob(SIDECARS)):
        for each in sidecars.glob("*.json"):
            yield sidecars.parent, each.stem
        for each in sidecars.glob(f"*{SUFFIX}"):
            yield sidecars.parent, each.name.removesuffix(SUFFIX)
