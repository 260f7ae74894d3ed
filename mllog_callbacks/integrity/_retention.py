"""Retention: removing sessions that were kept long enough, and the record of what was removed.

The record, ``_integrity/pruned.log``, is a chain of its own: each line holds the digest of the
one before, its own, and a signature where there is a key.
"""

import errno
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from mllog_callbacks.chain import Signer, signed
from mllog_callbacks.files import (
    SIDECARS,
    Folder,
    UnsafeFileError,
    day_of,
    read_regular,
    unsafe_kind,
)
from mllog_callbacks.integrity._chains import read_chain
from mllog_callbacks.integrity._keys import is_signed_by
from mllog_callbacks.integrity._sessions import Session
from mllog_callbacks.integrity._verdicts import Problem, Status
from mllog_callbacks.schema import format_timestamp

__all__ = ["LEAST_DAYS", "Pruned", "is_older", "least_days", "read_pruned", "remove"]

LEAST_DAYS: Final = 183
"""Days a session is kept at least, unless `MLLOG_RETENTION_DAYS` says otherwise: six months."""

_FILE: Final = "pruned.log"
_FLAGS: Final = os.O_CREAT | os.O_RDWR | os.O_APPEND
_MOST_BYTES: Final = 1 << 24
_LOCK_S: Final = 5.0
_TAIL: Final = 4_096
_DIGEST: Final = re.compile(rb'"digest":"([0-9a-f]{64})"(?:,"signature":"[0-9a-f]{128}")?\}\n\Z')
_RECORD: Final = re.compile(
    rb'(\{.*),"digest":"([0-9a-f]{64})"(?:,"signature":"([0-9a-f]{128})")?\}'
)


@dataclass
class Pruned:
    """What was removed from a folder.

    Attributes:
        sessions: By name, what the record says of each session removed.
        openings: The digests of the first records of their chains.
        problem: Why the record cannot be trusted; None where it can.
    """

    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    openings: set[str] = field(default_factory=set)
    problem: Problem | None = None


def least_days() -> int:
    """Days a session is kept at least.

    Raises:
        ValueError: `MLLOG_RETENTION_DAYS` is no number of days.
    """
    given = os.environ.get("MLLOG_RETENTION_DAYS") or str(LEAST_DAYS)
    if not given.isdecimal():
        msg = f"MLLOG_RETENTION_DAYS={given} is no number of days"
        raise ValueError(msg)
    return int(given)


def is_older(session: Session, days: int) -> bool:
    """Whether the last day of a session, and the last change of its files, are that long ago.

    Raises:
        OSError: The files cannot be examined.
    """
    limit = datetime.now(UTC) - timedelta(days=days)
    if not all(day_of(each) for each in session.files):
        return False
    latest = max((day_of(each) for each in session.files), default="")
    sidecars = [
        each for each in (session.manifest, session.origin, session.chain) if os.path.lexists(each)
    ]
    times = [each.lstat().st_mtime for each in [*session.files, *sidecars]]
    return latest < limit.date().isoformat() and max(times, default=0) < limit.timestamp()


def remove(session: Session, days: int) -> None:
    """Write down that a session is removed, and remove it; follows no link.

    Args:
        session: The session.
        days: How old it had to be.

    Raises:
        OSError: The record cannot be written, and nothing was removed; or a file cannot be.
    """
    chain = read_chain(session.chain) if session.has_chain else None
    last = chain.last if chain else None
    folder = session.directory / SIDECARS
    if unsafe_kind(folder) != "a symbolic link":
        folder.mkdir(exist_ok=True)
    with Folder(folder / _FILE) as sidecars, Folder(folder) as logs:
        _append(
            folder / _FILE,
            sidecars,
            {
                "session": session.name,
                "removed": format_timestamp(datetime.now(UTC)),
                "older_than_days": days,
                "files": [each.name for each in session.files],
                "entries": last.entries if last else None,
                "root": last.root if last else None,
                "head": chain.head if chain else None,
                "opening": chain.opening.digest if chain and chain.opening else None,
            },
        )
        for each in session.files:
            _remove(each, logs)
        for each in (session.manifest, session.origin, session.chain):
            _remove(each, sidecars)


def _remove(path: Path, folder: Folder) -> None:
    """Remove what has this name in a folder, if there is such; of a link the link itself."""
    with suppress(FileNotFoundError):
        folder.remove(path)


def _append(path: Path, folder: Folder, record: dict[str, object]) -> None:
    file = folder.open(path, _FLAGS, 0o640)
    with os.fdopen(file, "r+b", buffering=0) as stream:
        _lock(file, path)
        signer = Signer()
        facts = record | {"key": signer.public or None, "previous": _last_digest(stream)}
        line, _ = signed(json.dumps(facts)[:-1].encode(), signer.sign)
        stream.write(line)
        os.fsync(file)


def _last_digest(stream: BinaryIO) -> str:
    """The digest at the end of the last record; empty where there is none."""
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
    found = _DIGEST.search(stream.read())
    return found[1].decode() if found else ""


def _lock(file: int, path: Path) -> None:
    """Wait, for some seconds, until nobody else writes the record; closing the file releases it.

    Raises:
        OSError: Somebody holds it for longer.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    deadline = time.monotonic() + _LOCK_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BlockingIOError(
                    errno.EAGAIN, "is locked by another process", str(path)
                ) from None
            time.sleep(0.01)
        else:
            return


def read_pruned(folder: Path, key: str | None) -> Pruned:
    """Read what was removed from a folder of logs.

    Args:
        folder: The folder.
        key: The public key that must have signed the record; default whichever it names.

    A record that cannot be read, or is not as it was written, is the result's problem.
    """
    pruned, path = Pruned(), folder / SIDECARS / _FILE
    if not os.path.lexists(path):
        return pruned
    try:
        for facts in _read(read_regular(path, _MOST_BYTES), key):
            pruned.sessions[facts["session"]] = facts
            if facts.get("opening"):
                pruned.openings.add(facts["opening"])
    except (UnsafeFileError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, UnsafeFileError) else error
        reason = f"the record of what was removed is not as it was written: {why}"
        pruned.problem = Problem("integrity", Status.TAMPERED, reason, f"{SIDECARS}/{_FILE}")
    except ImportError:
        reason = "the record of what was removed is signed; checking it needs `cryptography`"
        pruned.problem = Problem("integrity", Status.NOT_CHECKABLE, reason, f"{SIDECARS}/{_FILE}")
    except OSError as error:
        reason = f"the record of what was removed cannot be read: {error.strerror}"
        pruned.problem = Problem("integrity", Status.NOT_CHECKABLE, reason, f"{SIDECARS}/{_FILE}")
    return pruned


def _read(data: bytes, key: str | None) -> Iterator[dict[str, Any]]:
    previous = ""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    for number, line in enumerate(lines, 1):
        found = _RECORD.fullmatch(line)
        facts = json.loads(found[1] + b"}") if found else {}
        if found is None or not _is_as_written(facts, found, previous, key):
            msg = f"line {number}"
            raise ValueError(msg)
        previous = found[2].decode()
        yield facts


def _is_as_written(
    facts: dict[str, Any], found: re.Match[bytes], previous: str, key: str | None
) -> bool:
    """Whether a record follows the one before, is what its digest says, and signed as it says."""
    public, digest, signature = facts.get("key"), found[2].decode(), (found[3] or b"").decode()
    texts = facts.get("session"), public or "", facts.get("opening") or ""
    if not all(isinstance(each, str) for each in texts):
        return False
    if sha256(found[1]).hexdigest() != digest or facts.get("previous") != previous:
        return False
    is_signed = bool(public) and is_signed_by(public or "", digest, signature)
    return bool(public) == is_signed and key in {None, public}
