"""The kernel's own counts of processes that it killed for lack of memory.

Loaded by the drainer: standard library only, and little of it.
"""

import os

__all__ = ["UNKNOWN", "cgroup_kills", "cgroup_of", "machine_kills"]

UNKNOWN = -1
"""A count that the kernel does not show."""

_ROOT = "/sys/fs/cgroup"
_UNIFIED = (f"{_ROOT}/unified", _ROOT)


def cgroup_of(pid: int) -> str:
    """The control group whose memory a process uses, as its path; empty where it is not shown."""
    found = ""
    try:
        with open(f"/proc/{pid}/cgroup", "rb") as stream:
            lines = os.fsdecode(stream.read()).splitlines()
    except OSError:
        return ""
    for line in lines:
        controllers, _, path = line.partition(":")[2].partition(":")
        if "memory" in controllers.split(","):  # of the first version of control groups
            return f"memory:{path}"
        if not controllers:
            found = path
    return found


def cgroup_kills(cgroup: str) -> int:
    """How many processes of a control group were killed for lack of memory."""
    if not cgroup:
        return UNKNOWN
    if cgroup.startswith("memory:"):
        path = f"{_ROOT}/memory{cgroup.removeprefix('memory:')}/memory.oom_control"
        return _count(path)
    found = (_count(f"{root}{cgroup}/memory.events") for root in _UNIFIED)
    return next((each for each in found if each != UNKNOWN), UNKNOWN)


def machine_kills() -> int:
    """How many processes of the machine were killed for lack of memory."""
    return _count("/proc/vmstat")


def _count(path: str) -> int:
    try:
        with open(path, "rb") as stream:
            for line in stream:
                name, _, number = line.partition(b" ")
                if name == b"oom_kill":
                    return int(number)
    except (OSError, ValueError):
        return UNKNOWN
    return UNKNOWN
