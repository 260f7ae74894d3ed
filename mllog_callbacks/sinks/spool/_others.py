"""What sessions of other users left for a log directory.

A spool is its owner's alone. Root completes the files as that owner, in a process that has given
up all other rights: what stands in a spool is not to be trusted with root's. Anybody else is
shown that there is one.
"""

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from mllog_callbacks.chain import chain_path, last_state
from mllog_callbacks.files import SIDECARS
from mllog_callbacks.sinks.spool._recovery import Recovered, recover_own
from mllog_callbacks.sinks.spool._roots import owners

__all__ = ["main", "recover_others"]

_TIMEOUT_S: Final = 30.0
_MOST: Final = 64  # users whose spools are looked at
_PROGRAM: Final = """
import sys
sys.path[:] = sys.argv[1].split("\\0")
from mllog_callbacks.sinks.spool._others import main
main(*sys.argv[2:])
"""


def recover_others(directory: bytes, *, everywhere: bool) -> list[Recovered]:
    """Complete what other users' sessions left, where this is root; else say what cannot be seen.

    Args:
        directory: The log directory, absolute.
        everywhere: As in `recover`.
    """
    found: list[Recovered] = []
    for number, (user, folder) in enumerate(sorted(owners(directory).items())):
        if user == os.geteuid():
            continue
        if os.geteuid() == 0 and number < _MOST:
            found += _recover_as(user, directory, everywhere=everywhere)
        elif user in _unsealed(directory):
            reason = f"only user {_name(user)} or root can read it; it may hold entries of this log"
            found.append(Recovered(Path(folder).name, 0, reason))
    return found


def main(directory: str, everywhere: str) -> None:
    """Complete what sessions of this user left; prints a JSON object for each."""
    for each in recover_own(os.fsencode(directory), everywhere=everywhere == "everywhere"):
        print(json.dumps(asdict(each)))  # noqa: T201 - the answer to whoever started this


def _recover_as(user: int, directory: bytes, *, everywhere: bool) -> Iterator[Recovered]:
    group, groups = _groups(user)
    arguments = [os.fsdecode(directory), "everywhere" if everywhere else "here"]
    try:
        answer = subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-I", "-S", "-c", _PROGRAM, "\0".join(_readable()), *arguments],
            check=True,
            capture_output=True,
            cwd="/",
            timeout=_TIMEOUT_S,
            user=user,
            group=group,
            extra_groups=groups,
        )
        for line in answer.stdout.splitlines():
            yield Recovered(**json.loads(line))
    except (OSError, ValueError, TypeError, subprocess.SubprocessError) as error:
        reason = f"could not be completed as user {_name(user)}: {type(error).__name__}"
        yield Recovered(f"spool of user {_name(user)}", 0, reason)


def _readable() -> list[str]:
    return [each for each in sys.path if each]


def _groups(user: int) -> tuple[int, list[int]]:
    try:
        entry = pwd.getpwuid(user)
    except KeyError:  # a user of a container, say
        return user, []
    return entry.pw_gid, os.getgrouplist(entry.pw_name, entry.pw_gid)


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
            if last_state(chain_path(str(manifest))) not in {"sealed", "unsealed"}:
                found.add(manifest.lstat().st_uid)
    except OSError:
        return found
    return found
