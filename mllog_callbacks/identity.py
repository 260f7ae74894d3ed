"""Who is logging: the facts that name a session and stand in its sidecar."""

import getpass
import os
import platform
import re
import secrets
import socket
import sys
import time
from contextlib import suppress

from mllog_callbacks._version import __version__

__all__ = ["describe_session", "new_session_name", "rank"]

_RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")


def rank() -> int | None:
    """This process's rank in a distributed training, as its launcher set it; else None."""
    for name in _RANKS:
        with suppress(KeyError, ValueError):
            return int(os.environ[name])
    return None


def new_session_name() -> str:
    """A name no other session has: start, host, process, rank where known, and a random part."""
    host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40].strip("-") or "host"
    start = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    parts = [start, host, str(os.getpid())]
    if (own_rank := rank()) is not None:
        parts.append(f"rank{own_rank}")
    return "-".join([*parts, secrets.token_hex(4)])


def describe_session(parent: str | None = None) -> dict[str, object]:
    """The facts of a session's sidecar.

    Args:
        parent: The session this one was pickled or forked from.
    """
    return {
        "parent": parent,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "rank": rank(),
        "user": _user(),
        "program": sys.argv[0] if sys.argv else None,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "mllog_callbacks": __version__,
    }


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user is known
        return None
