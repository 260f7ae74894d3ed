"""Commands within bounds of time and memory, called in a forked child of the tests."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sealed import mllog

__all__ = ["run_bounded"]

CPU_S = 5.0
MEMORY = 200_000_000


def run_bounded(*commands: Sequence[str | Path]) -> list[subprocess.CompletedProcess[bytes]]:
    """Call `mllog` for each; one that takes longer is killed by a signal, and so is this process.

    Raises:
        AssertionError: A command took more memory, or ended as none may.
    """
    before = _memory("VmRSS")  # and so was the most of it, when this process was forked
    return [_run(command, before) for command in commands]


def _run(command: Sequence[str | Path], before: int) -> subprocess.CompletedProcess[bytes]:
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    signal.setitimer(signal.ITIMER_REAL, CPU_S * 6)  # where it waits, and takes no time of the CPU
    shown = mllog(*command)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert shown.returncode in {0, 1, 2, 3}, (command, shown)
    assert b"Traceback" not in shown.stderr, (command, shown)
    assert b"\x1b" not in shown.stdout + shown.stderr, (command, shown)
    assert _memory("VmHWM") - before < MEMORY, command
    return shown


def _memory(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - of the system
        return next(int(each.split()[1]) * 1024 for each in status if each.startswith(name))
