"""Who is logging: the facts that name a session, and are in its sidecar."""

import getpass
import os
import platform
import re
import socket
import sys
from contextlib import suppress
from pathlib import Path
from time import gmtime, strftime
from typing import Final

from mllog_callbacks._version import __version__
from mllog_callbacks.schema import Level

__all__ = ["ancestors", "describe_session", "job", "new_session_name", "rank"]

_RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_LOCAL_RANKS = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK")
_JOBS = ("SLURM_JOB_ID", "TORCHELASTIC_RUN_ID", "PBS_JOBID", "LSB_JOBID", "PMIX_NAMESPACE")

_GENERATIONS: Final = 8


def rank() -> int | None:
    """This process's rank in a distributed training, as its launcher set it; else None."""
    return _first_number(_RANKS)


def _first_number(names: tuple[str, ...]) -> int | None:
    for name in names:
        with suppress(KeyError, ValueError):
            return int(os.environ[name])
    return None


def job() -> str | None:
    """What all ranks of a distributed training have in common, as their launcher set it.

    Such as ``SLURM_JOB_ID=4711``; None where no launcher known here started this process.
    """
    for name in _JOBS:
        if (value := os.environ.get(name, "none")) != "none":  # as torchrun says by default
            return f"{name}={value}"
    return None


def ancestors() -> list[int]:
    """The processes this one descends from, as far as the system shows them: parent, its parent."""
    found = [os.getppid()]
    with suppress(OSError, ValueError, IndexError):
        while found[-1] > 1 and len(found) < _GENERATIONS:
            status = Path(f"/proc/{found[-1]}/stat").read_text("ascii", "replace")
            found.append(int(status.rpartition(")")[2].split()[1]))
    return found


def new_session_name() -> str:
    """A name no other session has: start, host, process, rank where known, and a random part."""
    host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40].strip("-") or "host"
    start = strftime("%Y%m%dT%H%M%SZ", gmtime())
    parts = [start, host, str(os.getpid())]
    if (own_rank := rank()) is not None:
        parts.append(f"rank{own_rank}")
    return "-".join([*parts, os.urandom(4).hex()])


def describe_session(parent: str | None = None, level: Level = Level.INFO) -> dict[str, object]:
    """The facts of a session's sidecar.

    Args:
        parent: The session this one was pickled or forked from, or was started by.
        level: Least level recorded.
    """
    return {
        "parent": parent,
        "job": job(),
        "started": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "parent_pid": os.getppid(),
        "boot_id": _boot_id(),
        "rank": rank(),
        "local_rank": _first_number(_LOCAL_RANKS),
        "level": level.name,
        "user": _user(),
        "program": sys.argv[0] if sys.argv else None,
        "python": platform.python_version(),
        "platform": _platform(),
        "mllog_callbacks": __version__,
    }


def _boot_id() -> str | None:
    """The kernel's id of this start of the machine; None where it shows none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return None


def _platform() -> str:
    """System, release and machine; `platform.platform` would start a process to find out more."""
    if not hasattr(os, "uname"):
        return platform.platform()
    system = os.uname()
    return f"{system.sysname}-{system.release}-{system.machine}"


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user is known
        return None
