"""What holds for logs made by this process in a directory, and why: found out without writing."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from mllog_callbacks._record import Record
from mllog_callbacks.chain import VARIABLE, Signer
from mllog_callbacks.files import SIDECARS

if TYPE_CHECKING:
    from mllog_callbacks.sinks.spool._surroundings import Surroundings

__all__ = ["Prospect", "prospects"]

Holds = Literal["yes", "limited", "no"]

_KILLS: Final = "entries survive a kill"
_WAITS: Final = "emit never waits for a disk"

_LAYERS: Final = frozenset({"overlay", "aufs"})
_NETWORK: Final = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "lustre", "beegfs", "gpfs", "afs")


class Prospect(Record):
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
    there = _existing(directory)
    for folder in (there, directory / SIDECARS):
        if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            return Prospect(name, "no", f"{folder} cannot be written by this user")
    state = "can be written" if there == directory else f"can be created in {there}"
    return Prospect(name, "yes", f"{directory} {state}")


def _in_spool(directory: Path) -> list[Prospect]:
    from mllog_callbacks.sinks.spool._place import LEAST, free, parents  # noqa: PLC0415 - Linux
    from mllog_callbacks.sinks.spool._roots import VARIABLE as SPOOL  # noqa: PLC0415 - likewise
    from mllog_callbacks.sinks.spool._roots import memory  # noqa: PLC0415 - likewise
    from mllog_callbacks.sinks.spool._surroundings import surroundings  # noqa: PLC0415 - likewise

    here, first = surroundings(), parents(directory)[0]
    within = directory in first.parents
    place = _existing(directory) if within else Path(memory())
    if not place.is_dir() or not os.access(place, os.W_OK) or free(place) < 4 * LEAST:
        return [_queued(f"{place} cannot be written, or has less than 2 MiB free")]
    if within:
        pair = _in_files(first, init=here.init)
    else:
        pair = _in_memory(place, volatile=here.volatile, chosen=bool(os.environ.get(SPOOL)))
    return [*pair, _sealed(here)]


def _in_files(place: Path, *, init: bool) -> list[Prospect]:
    why = "this process is PID 1" if init else "this process runs in a container"
    return [
        Prospect(
            _KILLS,
            "yes",
            f"entries wait in files mapped from {place}, for {why}. They survive every process, "
            "PID 1 included; the next session, any reader and mllog recover complete the log",
        ),
        Prospect(
            _WAITS,
            "limited",
            "entries are copied into mapped files of the log's own file system: a disk that hangs "
            "or falls behind may hold up an emit, and one that fails for good may end the process. "
            "MLLOG_SPOOL=/dev/shm puts this promise first",
        ),
    ]


def _in_memory(place: Path, *, volatile: bool, chosen: bool) -> list[Prospect]:
    if not volatile:
        why = "shared memory of this machine, which outlives the process"
        killed = Prospect(_KILLS, "yes", f"entries wait in {place}: {why}")
    else:
        why = "as MLLOG_SPOOL says" if chosen else "for the log's file system cannot hold them"
        reason = (
            f"entries wait in {place}, which ends with the container, {why}. Issues, ends and "
            "saves are written at once, all else within 50 ms"
        )
        killed = Prospect(_KILLS, "limited", reason)
    return [killed, Prospect(_WAITS, "yes", f"entries wait in {place}")]


def _sealed(here: "Surroundings") -> Prospect:
    if here.separate:
        drainer = "a process of its own"
    elif here.init:
        drainer = "a thread of this process: as PID 1 it would have to wait for another process"
    elif here.adopting:
        drainer = "a thread of this process, whose children orphaned processes become"
    else:
        known = here.reaper or "unknown"
        drainer = f"a thread of this process: PID 1 ({known}) is not known to wait for orphans"
    reason = f"the exit of the process waits up to 0.5 s for it; the drainer is {drainer}"
    return Prospect("orderly ends are sealed", "yes", reason)


def _existing(directory: Path) -> Path:
    return next(each for each in (directory, *directory.parents) if each.exists())


def _queued(why: str) -> Prospect:
    reason = f"entries wait in the process's own memory, for {why}: a kill loses the last ones"
    return Prospect(_KILLS, "no", reason)


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
