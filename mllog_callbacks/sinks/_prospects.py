"""What holds for logs made by this process in a directory, and why: found out without writing."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mllog_callbacks.chain import VARIABLE, Signer

__all__ = ["Prospect", "prospects"]

Holds = Literal["yes", "limited", "no"]

_LAYERS: Final = frozenset({"overlay", "aufs"})
_NETWORK: Final = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "lustre", "beegfs", "gpfs", "afs")


@dataclass(frozen=True, slots=True)
class Prospect:
    """One promise, and whether it holds here.

    Attributes:
        promise: Its name.
        holds: ``yes``, ``limited``, or ``no``.
        reason: Why, with the exact limit.
    """

    promise: str
    holds: Holds
    reason: str


def prospects(directory: Path) -> list[Prospect]:
    """What holds for logs that this process would make in a directory.

    Args:
        directory: The log directory, absolute; it need not exist.
    """
    found = [_writable(directory)]
    found += _in_spool(directory) if sys.platform == "linux" else [_queued("this is not Linux")]
    return [*found, _kept(directory), _signed()]


def _writable(directory: Path) -> Prospect:
    name = "log directory"
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    for folder in (there, directory / "_integrity"):
        if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            return Prospect(name, "no", f"{folder} cannot be written by this user")
    state = "can be written" if there == directory else f"can be created in {there}"
    return Prospect(name, "yes", f"{directory} {state}")


def _in_spool(directory: Path) -> list[Prospect]:
    from mllog_callbacks.sinks.spool._folder import LEAST, free, parents  # noqa: PLC0415 - Linux
    from mllog_callbacks.sinks.spool._roots import memory  # noqa: PLC0415 - likewise
    from mllog_callbacks.sinks.spool._surroundings import surroundings  # noqa: PLC0415 - likewise

    here = surroundings()
    first = parents(directory)[0]
    within = directory in first.parents
    place = Path(memory()) if not within else _existing(directory)
    if not place.is_dir() or not os.access(place, os.W_OK) or free(place) < 4 * LEAST:
        return [_queued(f"{place} cannot be written, or has less than 2 MiB free")]
    drainer = "a process of its own" if here.separate else "a thread of this process"
    why = "" if here.separate else f": {_adopting(here.init, here.reaper)}"
    if within:
        killed = Prospect(
            "entries survive a kill",
            "yes",
            f"entries wait in files mapped from {first}, for {_container(here.init)}. They survive "
            "every process, PID 1 included; the next session, any reader and mllog recover "
            "complete the log",
        )
        waits = Prospect(
            "emit never waits for a disk",
            "limited",
            "entries are copied into mapped files of the log's own file system: a disk that hangs "
            "may hold up an emit. MLLOG_SPOOL=/dev/shm puts this promise first",
        )
    elif here.volatile and not os.environ.get("MLLOG_SPOOL"):
        killed = Prospect(
            "entries survive a kill",
            "limited",
            f"entries wait in {place}, which ends with the container, for the log's file system "
            "cannot hold them. Issues, ends and saves are written at once, all else within 50 ms",
        )
        waits = Prospect("emit never waits for a disk", "yes", f"entries wait in {place}")
    else:
        killed = Prospect(
            "entries survive a kill",
            "limited" if here.volatile else "yes",
            f"entries wait in {place}"
            + (
                ", as MLLOG_SPOOL says; they are lost if it ends with the container"
                if here.volatile
                else ": shared memory of this machine, which outlives the process"
            ),
        )
        waits = Prospect("emit never waits for a disk", "yes", f"entries wait in {place}")
    sealed = Prospect(
        "orderly ends are sealed",
        "yes",
        f"the exit of the process waits up to 0.5 s for it; the drainer is {drainer}{why}",
    )
    return [killed, waits, sealed]


def _existing(directory: Path) -> Path:
    return next(each for each in (directory, *directory.parents) if each.exists())


def _container(init: bool) -> str:  # noqa: FBT001 - the one thing it is asked
    return "this process is PID 1" if init else "this process runs in a container"


def _adopting(init: bool, reaper: str) -> str:  # noqa: FBT001 - likewise
    if init:
        return "as PID 1 it would have to wait for one"
    return f"PID 1 ({reaper or 'unknown'}) is not known to wait for orphaned processes"


def _queued(why: str) -> Prospect:
    return Prospect(
        "entries survive a kill",
        "no",
        f"entries wait in the process's own memory, for {why}: a kill loses the last milliseconds",
    )


def _kept(directory: Path) -> Prospect:
    name = "logs outlive the container"
    if sys.platform != "linux":
        return Prospect(name, "yes", "not in a container, as far as is known")
    from mllog_callbacks.sinks.spool._surroundings import (  # noqa: PLC0415 - as above
        file_system,
        surroundings,
    )

    kind = file_system(str(directory))
    if not surroundings().volatile:
        return Prospect(name, "yes", f"this process is not in a container ({kind or 'unknown'})")
    if kind in _LAYERS:
        reason = f"{directory} is in the container's own layer ({kind}): mount a volume there"
        return Prospect(name, "no", reason)
    if kind == "tmpfs":
        return Prospect(name, "no", f"{directory} is in memory (tmpfs)")
    remote = ", a network file system" if kind.startswith(_NETWORK) else ""
    return Prospect(
        name, "yes", f"{directory} is on a mounted volume ({kind or 'unknown'}{remote})"
    )


def _signed() -> Prospect:
    given, required = os.environ.get(VARIABLE), os.environ.get("MLLOG_REQUIRE_SIGNING")
    if not given:
        reason = f"{VARIABLE} is not set"
        return Prospect("chains are signed", "no", reason + (" but required" if required else ""))
    if problem := Signer().problem:
        return Prospect("chains are signed", "no", f"{VARIABLE}={given}: {problem}")
    return Prospect("chains are signed", "yes", f"by the key in {given}")
