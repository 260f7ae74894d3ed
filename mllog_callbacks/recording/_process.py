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
from mllog_callbacks.origin import Request, boot, machine_id
from mllog_callbacks.recording._surroundings import environment, notebook
from mllog_callbacks.schema import Level, masked, masked_text

__all__ = [
    "ancestors",
    "describe_session",
    "job",
    "new_session_name",
    "origin_request",
    "rank",
]

_RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_LOCAL_RANKS = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK")
_JOBS = ("SLURM_JOB_ID", "TORCHELASTIC_RUN_ID", "PBS_JOBID", "LSB_JOBID", "PMIX_NAMESPACE")

_GENERATIONS: Final = 8
_MOST_ARGUMENTS: Final = 64
_LONGEST_ARGUMENT: Final = 200


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
        "boot_id": boot() or None,
        "machine_id": machine_id() or None,
        "rank": rank(),
        "local_rank": _first_number(_LOCAL_RANKS),
        "level": level.name,
        "user": _user(),
        "program": masked_text(sys.argv[0]) if sys.argv else None,
        "arguments": _arguments(),
        "directory": masked_text(_directory()),
        "environment": environment(),
        "notebook": notebook(),
        "python": platform.python_version(),
        "executable": sys.executable or None,
        "platform": _platform(),
        "mllog_callbacks": __version__,
    }


def origin_request(logs: Path) -> bytes:
    """What is to be found out about this process, by another one: see `mllog_callbacks.origin`.

    Args:
        logs: The log directory.
    """
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    cwd = _directory()
    paths = [os.path.join(cwd, str(each)) for each in sys.path]  # noqa: PTH118 - of texts
    return Request(os.getpid(), cwd, str(script or ""), paths, str(logs)).pack()


def _arguments() -> list[str]:
    """The program's arguments, masked and within bounds."""
    given = [str(each) for each in sys.argv[1 : _MOST_ARGUMENTS + 1]]
    return [str(each)[:_LONGEST_ARGUMENT] for each in masked(given)]


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a text
    except OSError:  # it was removed
        return ""


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
