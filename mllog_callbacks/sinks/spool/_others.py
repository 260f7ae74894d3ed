"""What sessions of other users left for a log directory.

A spool is its owner's alone. Root completes the files as that owner, in a process that has given
up all other rights: what is in a spool is not to be trusted with root's. Anybody else is shown
that there is one.
"""

import json
import os
import pwd
import select
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from mllog_callbacks.chain import OPEN, chain_path, last_state
from mllog_callbacks.files import SIDECARS
from mllog_callbacks.sinks.spool._roots import owners

__all__ = ["Found", "recover_others"]

_TIMEOUT_S: Final = 30.0
_MOST: Final = 64  # users whose spools are looked at
_ANSWER: Final = 1_048_576  # bytes

Found = tuple[str, int, str | None, int]
"""A spool's name, how many entries were written, why they could not be, how many ends were."""


def recover_others(directory: bytes, recover: Callable[[], list[Found]]) -> list[Found]:
    """Complete what other users' sessions left, where this is root; else say what cannot be seen.

    Args:
        directory: The log directory, absolute.
        recover: Completes what the calling user's sessions left.
    """
    found: list[Found] = []
    others = sorted((user, at) for user, at in owners(directory).items() if user != os.geteuid())
    for user, folder in others[:_MOST]:
        answer = _recover_as(user, folder, recover) if os.geteuid() == 0 else None
        if answer is not None:
            found += answer
        elif user in _unsealed(directory):
            reason = f"only user {_name(user)} or root can read it; it may hold entries of this log"
            found.append((Path(folder).name, 0, reason, 0))
    return found


def _recover_as(user: int, folder: str, recover: Callable[[], list[Found]]) -> list[Found] | None:
    """What becomes of it in a child that is that user; None where it does not answer."""
    try:
        group = os.lstat(folder).st_gid  # the one that the user's own session had
        if not any(Path(folder).iterdir()):  # as each read would start a child for it
            return []
    except OSError:  # it was removed since: nothing is left there
        return []
    # Now: that user may not be able to read our own files
    from mllog_callbacks.sinks.spool import _witness  # noqa: F401, PLC0415 - it takes a while

    groups = _groups(user)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks beside threads: the child needs no lock
        child = os.fork()
    if not child:
        try:
            os.setgroups(groups)
            os.setgid(group)
            os.setuid(user)
            os.write(writing, json.dumps(recover()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    try:
        answers = json.loads(_answer(reading))
        return [
            (str(name), int(entries), error, int(ends)) for name, entries, error, ends in answers
        ]
    except (OSError, ValueError, TypeError):
        return None
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)  # it has answered, or never will
        os.waitpid(child, 0)


def _answer(file: int) -> bytes:
    """All that comes, within a time and a size."""
    parts: list[bytes] = []
    deadline = monotonic() + _TIMEOUT_S
    while (left := deadline - monotonic()) > 0 and sum(map(len, parts)) < _ANSWER:
        if not select.select([file], [], [], left)[0] or not (part := os.read(file, 65_536)):
            break
        parts.append(part)
    return b"".join(parts)


def _groups(user: int) -> list[int]:
    try:
        entry = pwd.getpwuid(user)
    except KeyError:  # a user of a container, say
        return []
    return os.getgrouplist(entry.pw_name, entry.pw_gid)


def _name(user: int) -> str:
    try:
        return f"{pwd.getpwuid(user).pw_name} ({user})"
    except KeyError:
        return str(user)


def _unsealed(directory: bytes) -> set[int]:
    """The users who have a session in a directory whose chain has no last record."""
    sidecars = Path(os.fsdecode(directory), SIDECARS)
    found = set()
    try:
        for manifest in sidecars.glob("*.json"):
            if last_state(chain_path(str(manifest))) in {"", OPEN}:
                found.add(manifest.lstat().st_uid)
    except OSError:
        return found
    return found
