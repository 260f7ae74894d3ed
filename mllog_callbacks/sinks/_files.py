"""A session's files: named by date and session, created once, only ever appended to."""

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from time import gmtime, strftime
from typing import Final

from mllog_callbacks.exceptions import LogDirectoryError, SettingsError

__all__ = ["DAY", "LogFiles", "check_session", "unusable"]

DAY: Final = slice(14, 24)
"""Where in a line its day stands: behind ``{"timestamp":"``."""

_SESSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_CREATE: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
_FILE_MODE: Final = 0o640
_DIRECTORY_MODE: Final = 0o750


def check_session(session: str) -> str:
    """Return a session name that is safe as a part of a file name.

    Raises:
        SettingsError: It is not.
    """
    if not _SESSION.fullmatch(session):
        msg = (
            f"session {session[:150]!r} cannot be part of a file name: use 1 to 120 letters, "
            "digits, '.', '_' and '-', beginning with a letter or digit"
        )
        raise SettingsError(msg)
    return session


class LogFiles:
    """The files of one session in one directory: ``ml-platform-<day>.<session>.jsonl``.

    The session is claimed by creating its sidecar, ``_integrity/<session>.json``, which no two
    sessions can do: where the name is taken, ``-2``, ``-3`` and so on are tried. The file of
    today exists as soon as the session does. Nothing is ever opened that already exists, and no
    link is followed. Used by one thread.

    Args:
        directory: Where the files are made.
        session: The name asked for.
        manifest: What the sidecar says of the session.
        claim: Whether to create directory and sidecar now; else whoever writes the files does,
            and the name must be one that nobody else can have.

    Raises:
        LogDirectoryError: The directory cannot be created or written.
    """

    def __init__(
        self, directory: Path, session: str, manifest: dict[str, object], *, claim: bool = True
    ) -> None:
        self.directory = directory
        self._day = b""
        self._file = -1
        self._integrity = directory / "_integrity"
        self._facts = manifest
        self.session, self.sidecar = session, self._integrity / f"{session}.json"
        if claim:
            self.claim()

    @property
    def manifest(self) -> str:
        """The text of the sidecar."""
        return _manifest(self.session, self._facts)

    def claim(self) -> None:
        """Make the session's name nobody else's, by creating its sidecar.

        Raises:
            LogDirectoryError: The directory cannot be created or written.
        """
        try:
            # `parents` would make the log directory itself by the umask alone
            self.directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
            self._integrity.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
            self.session, self.sidecar = _claim(self._integrity, self.session, self._facts)
            self._open(strftime("%Y-%m-%d", gmtime()).encode())
        except OSError as error:
            raise unusable(self.directory, error) from error

    def path(self, day: str) -> Path:
        """The file of one day, written ``2025-01-30``."""
        return self.directory / f"ml-platform-{day}.{self.session}.jsonl"

    def append(self, day: bytes, lines: memoryview) -> int:
        """Write to the file of a day, as much as the disk takes at once; return how many bytes.

        Raises:
            OSError: The disk takes nothing now; nothing was written.
        """
        if day != self._day:
            self._open(day)
        return os.write(self._file, lines)

    def sync(self) -> None:
        """Have the disk confirm what was written.

        Raises:
            OSError: It does not.
        """
        os.fdatasync(self._file) if hasattr(os, "fdatasync") else os.fsync(self._file)

    def _open(self, day: bytes) -> None:
        opened = os.open(self.path(day.decode()), _CREATE, _FILE_MODE)
        self.close()
        self._day, self._file = day, opened

    def close(self) -> None:
        """Close the file that is open."""
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1


def _claim(integrity: Path, session: str, manifest: dict[str, object]) -> tuple[str, Path]:
    wanted, copy = session, 2
    while True:
        sidecar = integrity / f"{session}.json"
        try:
            file = os.open(sidecar, _CREATE, _FILE_MODE)
        except FileExistsError:
            session, copy = f"{wanted}-{copy}", copy + 1
            continue
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(_manifest(session, manifest))
        return session, sidecar


def _manifest(session: str, facts: dict[str, object]) -> str:
    return json.dumps({"session": session, **facts}, indent=1) + "\n"


def unusable(directory: Path, error: OSError) -> LogDirectoryError:
    """What to raise where logs cannot be written."""
    return LogDirectoryError(
        f"cannot write logs in {directory}: {error.strerror or error}. Give a directory this "
        "user can create and write, as AuditLog(directory) or in MLLOG_DIR."
    )
