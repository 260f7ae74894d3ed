"""Containers for tests: processes in namespaces of their own, as container engines give them."""

import ctypes
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from processes import Shared, forked, until

__all__ = ["contained", "first_process", "fork_contained", "needs_root", "start_contained"]

needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="namespaces and other users need root"
)

_MOUNTS = "mount -t proc proc /proc; mount -t tmpfs -o size=64m shm /dev/shm"


def start_contained(
    program: str | list[str], *, mounts: str = "", memory: bool = True, **environment: str
) -> subprocess.Popen[str]:
    """Start a program of Python, or a command, as PID 1 with a `/dev/shm` of its own.

    Args:
        program: The program's text, or the command.
        mounts: Commands of the shell that come before.
        memory: Whether it has a `/dev/shm` of its own, as by default in a container.
        **environment: Variables.
    """
    command = [sys.executable, "-c", program] if isinstance(program, str) else program
    setup = _MOUNTS if memory else _MOUNTS.partition(";")[0]
    script = f"{setup}; {mounts or ':'}; exec {shlex.join(command)}"
    return subprocess.Popen(
        ["unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def contained(
    program: str | list[str], *, mounts: str = "", memory: bool = True, **environment: str
) -> str:
    """Run it to its end, which must be an orderly one; return what it printed."""
    process = start_contained(program, mounts=mounts, memory=memory, **environment)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def first_process(process: subprocess.Popen[str]) -> int:
    """The process outside that is PID 1 of a container."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return int(children.split()[0])


_NAMESPACES = 0x20000000 | 0x00020000  # CLONE_NEWPID and CLONE_NEWNS
_PRIVATE = 0x4000 | 0x40000  # MS_REC and MS_PRIVATE


def fork_contained(function: Callable[[], object], *, memory: bool = True) -> tuple[int, int]:
    """Run a function as PID 1 of a container, by forks alone: fifty times faster than a program.

    Returns:
        PID 1 as it is seen here, and the child to wait for, which ends with it.
    """
    libc, first = ctypes.CDLL(None, use_errno=True), Shared(1)

    def mount(kind: bytes, point: bytes, flags: int = 0) -> None:
        if libc.mount(b"none", point, kind, flags, None):
            raise OSError(ctypes.get_errno(), point)

    def contain() -> None:
        mount(b"", b"/", _PRIVATE)
        mount(b"proc", b"/proc")
        if memory:
            mount(b"tmpfs", b"/dev/shm")
        function()

    def outside() -> None:
        if libc.unshare(_NAMESPACES):
            raise OSError(ctypes.get_errno(), "unshare")
        first[0] = forked(contain)
        os.waitpid(first[0], 0)

    child = forked(outside)
    until(lambda: first[0])
    return first[0], child
