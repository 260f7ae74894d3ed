"""Starting the drainer's process, detached: it is nobody's child here for long."""

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from mllog_callbacks.chain import VARIABLE, key_path
from mllog_callbacks.sinks.spool._roots import VARIABLE as SPOOL
from mllog_callbacks.sinks.spool._roots import memory

__all__ = ["is_python", "start_process"]

# Stands in for the packages above the drainer, whose own imports would take 200 ms.
_PROGRAM: Final = """
import sys
for name in "", "/sinks", "/sinks/spool":
    package = type(sys)("mllog_callbacks" + name.replace("/", "."))
    package.__path__ = [sys.argv[1] + name]
    sys.modules[package.__name__] = package
sys.path += sys.argv[5:]
from mllog_callbacks.sinks.spool._process import main
main(sys.argv[2], detached=sys.argv[3] == "detached", owner=int(sys.argv[4]))
"""
_ROOT: Final = str(Path(__file__).parents[2])
_KEPT: Final = ("PYTHONHOME", "PYTHONPLATLIBDIR")
"""What an interpreter may not start without; else it is isolated, as by ``-I``."""

_OWNER_FILE: Final = 3
"""The number of the descriptor that the drainer has of its session's process."""

_BLOCKED: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGPIPE")


def start_process(folder: str, wake: socket.socket) -> int:
    """Start the drainer's process; return the child that starts it, or 0 where there is none."""
    owner = _own_descriptor()
    try:
        with suppress(OSError, ImportError, AttributeError):  # no clone, or no ctypes, here
            from mllog_callbacks.sinks.spool._detached import (  # noqa: PLC0415 - likewise
                run_detached,
            )

            run_detached(_spawn(folder, wake, owner, detached=True))
            return 0
        return _spawn(folder, wake, owner, detached=False)()
    finally:
        if owner >= 0:
            os.close(owner)


def _own_descriptor() -> int:
    """A descriptor of this process, by which the drainer learns how it ended; -1 for none."""
    try:
        own = os.pidfd_open(os.getpid())
    except (OSError, AttributeError):  # an older kernel, or one that forbids it here
        return -1
    try:
        return fcntl.fcntl(own, fcntl.F_DUPFD_CLOEXEC, _OWNER_FILE + 1)
    except OSError:
        return -1
    finally:
        os.close(own)


def _spawn(folder: str, wake: socket.socket, owner: int, *, detached: bool) -> Callable[[], int]:
    """What starts the process that becomes the drainer; it is nobody's child for long."""
    program = sys.executable or ""
    how = "detached" if detached else "child"
    # as by -I, but that would ignore PYTHONHOME
    flags = ["-P", "-s", "-S", "-c", _PROGRAM]
    watched = _OWNER_FILE if owner >= 0 else -1
    arguments = [program, *flags, _ROOT, folder, how, str(watched), *_signers_path()]
    passed = [(os.POSIX_SPAWN_DUP2, owner, _OWNER_FILE)] if owner >= 0 else []
    environment = _environment()
    wake_file = wake.fileno()

    def start() -> int:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            return os.posix_spawn(
                program,
                arguments,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, wake_file, 0),
                    (os.POSIX_SPAWN_DUP2, null, 1),
                    (os.POSIX_SPAWN_DUP2, null, 2),
                    *passed,  # the last one: its number may have been one of these
                ],
                # At once: who kills the training's group does not mean this one
                **({"setsid": True} if detached else {"setpgroup": 0}),
                setsigmask=[getattr(signal, name) for name in _BLOCKED],
            )
        finally:
            os.close(null)

    return start


def _environment() -> dict[str, str]:
    """The environment of the drainer, whose working directory is another."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") or name in _KEPT
    }
    if SPOOL in kept:
        kept[SPOOL] = memory()
    if kept.get(VARIABLE):
        kept[VARIABLE] = key_path(kept[VARIABLE])
    return kept


def _signers_path() -> list[str]:
    """Where the drainer finds `cryptography`, if the chain is to be signed."""
    return [each for each in sys.path if each] if os.environ.get(VARIABLE) else []


def is_python(program: str | None) -> bool:
    """Whether it runs code: a frozen application, or one that embeds Python, starts itself."""
    return Path(program or "").name.startswith("python") and not hasattr(sys, "frozen")
