"""Retention: removing sessions that were kept long enough, and the record of what was removed.

The record, ``_integrity/pruned.log``, is a chain of its own: each line holds the digest of the
one before, its own, and a signature where there is a key.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from mllog_callbacks.chain import Signer, last_digest, signed
from mllog_callbacks.integrity._chains import read_chain
from mllog_callbacks.integrity._keys import is_signed_by
from mllog_callbacks.integrity._sessions import SIDECARS, Session, day_of
from mllog_callbacks.integrity._verdicts import Problem, Status
from mllog_callbacks.schema import format_timestamp

__all__ = ["LEAST_DAYS", "Pruned", "is_older", "least_days", "read_pruned", "remove"]

LEAST_DAYS: Final = 183
"""Days a session is kept at least, unless `MLLOG_RETENTION_DAYS` says otherwise: six months."""

_FILE: Final = "pruned.log"
_FLAGS: Final = os.O_CREAT | os.O_RDWR | os.O_APPEND
_RECORD: Final = re.compile(
    rb'(\{.*),"digest":"([0-9a-f]{64})"(?:,"signature":"([0-9a-f]{128})")?\}'
)


@dataclass
class Pruned:
    """What was removed from a folder.

    Attributes:
        sessions: By name, what the record says of each session removed.
        problem: Why the record cannot be trusted; None where it can.
    """

    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
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
    """Whether the last day of a session, and the last change of its files, are that long ago."""
    limit = datetime.now(UTC) - timedelta(days=days)
    if not all(day_of(each) for each in session.files):
        return False
    latest = max((day_of(each) for each in session.files), default="")
    sidecars = [each for each in (session.manifest, session.chain) if each.exists()]
    times = [each.stat().st_mtime for each in [*session.files, *sidecars]]
    return latest < limit.date().isoformat() and max(times, default=0) < limit.timestamp()


def remove(session: Session, days: int) -> None:
    """Write down that a session is removed, and remove it.

    Args:
        session: The session.
        days: How old it had to be.

    Raises:
        OSError: The record cannot be written, and nothing was removed; or a file cannot be.
    """
    chain = read_chain(session.chain) if session.chain.exists() else None
    last = chain.last if chain else None
    folder = session.directory / SIDECARS
    folder.mkdir(exist_ok=True)
    _append(
        folder / _FILE,
        {
            "session": session.name,
            "removed": format_timestamp(datetime.now(UTC)),
            "older_than_days": days,
            "files": [each.name for each in session.files],
            "entries": last.entries if last else None,
            "root": last.root if last else None,
            "head": chain.head if chain else None,
        },
    )
    for each in (*session.files, session.manifest, session.chain):
        each.unlink(missing_ok=True)


def _append(path: Path, record: dict[str, object]) -> None:
    file = os.open(path, _FLAGS, 0o640)
    with os.fdopen(file, "ab") as stream:
        _lock(file)
        signer = Signer()
        facts = record | {"key": signer.public or None, "previous": last_digest(str(path))}
        line, _ = signed(json.dumps(facts)[:-1].encode(), signer.sign)
        stream.write(line)
        stream.flush()
        os.fsync(file)


def _lock(file: int) -> None:
    """Wait until nobody else writes the record; closing the file lets go of it."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def read_pruned(folder: Path, key: str | None) -> Pruned:
    """Read what was removed from a folder of logs.

    Args:
        folder: The folder.
        key: The public key that must have signed the record; default whichever it names.

    Raises:
        OSError: The record cannot be read.
    """
    pruned, path = Pruned(), folder / SIDECARS / _FILE
    if not path.exists():
        return pruned
    try:
        for facts in _read(path.read_bytes(), key):
            pruned.sessions[facts["session"]] = facts
    except (ValueError, KeyError) as error:
        reason = f"the record of what was removed is not as it was written: {error}"
        pruned.problem = Problem("integrity", Status.TAMPERED, reason, f"{SIDECARS}/{_FILE}")
    return pruned


def _read(data: bytes, key: str | None) -> Iterator[dict[str, Any]]:
    previous = ""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    for number, line in enumerate(lines, 1):
        found = _RECORD.fullmatch(line)
        if found is None or sha256(found[1]).hexdigest() != found[2].decode():
            msg = f"line {number}"
            raise ValueError(msg)
        facts = json.loads(found[1] + b"}")
        public, digest, signature = facts["key"], found[2].decode(), (found[3] or b"").decode()
        signed = bool(public) and is_signed_by(public, digest, signature)
        if facts["previous"] != previous or bool(public) != signed or key not in {None, public}:
            msg = f"line {number}"
            raise ValueError(msg)
        previous = digest
        yield facts
