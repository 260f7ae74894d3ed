"""A session's files: named by date and session, created once, only ever appended to."""

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from time import gmtime, strftime
from typing import Final

from mllog_callbacks._lazy import pattern
from mllog_callbacks.exceptions import LogDirectoryError, SettingsError
from mllog_callbacks.files import (
    SIDECARS,
    Folder,
    give_group,
    is_taken,
    log_name,
    make_folder,
    make_folders,
    manifest_name,
)

__all__ = ["DAY", "LogFiles", "check_session", "unusable"]

DAY: Final = slice(14, 24)
"""Where a line's day is: behind ``{"timestamp":"``."""

_SESSION: Final = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_CREATE: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
_FILE_MODE: Final = 0o640


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
    """The files of one session in one directory; `mllog_callbacks.files` knows their names.

    The session is claimed by creating its manifest, ``_integrity/<session>.json``, which no two
    sessions can do. Where the name is taken, by a session or by files whose sidecars are gone,
    ``-2``, ``-3`` and so on are tried. The file of today exists as soon as the session does.
    Nothing is ever opened that already exists, and no link is followed. Used by one thread.

    Args:
        directory: Where the files are made.
        session: The name it should have.
        manifest: What the manifest says of the session.
        claim: Whether to create directory and manifest now; else whoever writes the files does,
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
        self._integrity = directory / SIDECARS
        self._facts = manifest
        self.session, self.sidecar = session, self._integrity / manifest_name(session)
        if claim:
            self.claim()

    def successor(self, session: str) -> "LogFiles":
        """The files of a session that continues this one; they are made by whoever writes them.

        Args:
            session: Its name, one that nobody else can have.
        """
        facts = {**self._facts, "parent": self.session}
        return LogFiles(self.directory, session, facts, claim=False)

    def may_be_made(self) -> bool:
        """Whether this user may create files in the directory and in that of sidecars."""
        effective = os.access in os.supports_effective_ids
        return all(
            os.access(each, os.W_OK | os.X_OK, effective_ids=effective)
            for each in (self.directory, self._integrity)
        )

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
            make_folders(str(self.directory))
            make_folder(str(self._integrity), alike=True)
            self._claim(strftime("%Y-%m-%d", gmtime()).encode())
        except OSError as error:
            raise unusable(self.directory, error) from error

    def _claim(self, day: bytes) -> None:
        wanted, copy = self.session, 2
        while True:
            try:
                if not is_taken(self.directory, self.session):
                    self._create_manifest()
                    self._open(day)
                    return
            except FileExistsError:  # made by another session just now
                pass
            self.session, copy = f"{wanted}-{copy}", copy + 1
            self.sidecar = self._integrity / manifest_name(self.session)

    def _create_manifest(self) -> None:
        with Folder(self.sidecar) as folder:
            file = folder.create(self.sidecar, os.O_WRONLY, _FILE_MODE)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            give_group(file, str(self._integrity))
            stream.write(self.manifest)

    def path(self, day: str, copy: int = 1) -> Path:
        """The file of one day, written ``2025-01-30``; or a copy of it, by its number."""
        return self.directory / log_name(day, self.session, copy)

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
        give_group(opened, str(self.directory))
        self.close()
        self._day, self._file = day, opened

    def close(self) -> None:
        """Close the file that is open."""
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1


def _manifest(session: str, facts: dict[str, object]) -> str:
    return json.dumps({"session": session, **facts}, indent=1) + "\n"


def unusable(directory: Path, error: OSError) -> LogDirectoryError:
    """What to raise where logs cannot be written; the message names what is in the way."""
    reason = error.strerror or str(error)
    if error.filename and Path(os.fsdecode(error.filename)) != directory:
        reason = f"{os.fsdecode(error.filename)}: {reason}"
    return LogDirectoryError(
        f"cannot write logs in {directory}: {reason}{_owner(error)}. Give a directory this "
        "user can create and write, as AuditLog(directory) or in MLLOG_DIR."
    )


def _owner(error: OSError) -> str:
    """Whose folder it is that this user may not write, where that is why."""
    if not isinstance(error, PermissionError) or not error.filename:
        return ""
    path = Path(os.fsdecode(error.filename))
    folder = path if path.is_dir() else path.parent
    try:
        status = folder.stat()
    except OSError:
        return ""
    if os.access(folder, os.W_OK):
        return ""
    whose = f"user {status.st_uid}, group {status.st_gid}, mode {stat.S_IMODE(status.st_mode):04o}"
    return f" ({folder} belongs to {whose})"
