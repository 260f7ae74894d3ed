"""Starting a drainer beside the training, as a process or, where that cannot be, as a thread."""

import _thread
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from mllog_callbacks.chain import VARIABLE, key_path
from mllog_callbacks.sinks.spool._layout import About, lock
from mllog_callbacks.sinks.spool._process import finish_dead, run
from mllog_callbacks.sinks.spool._roots import VARIABLE as SPOOL
from mllog_callbacks.sinks.spool._roots import memory
from mllog_callbacks.sinks.spool._surroundings import surroundings

__all__ = ["Helper"]

_STARTING_S: Final = 1.0
_TRIES: Final = 3  # that a drainer ends within a minute; then it becomes a thread
_LASTING_S: Final = 60.0

# Stands in for the packages above the drainer, whose own imports would take 200 ms.
_PROGRAM: Final = """
import sys
for name in "", "/sinks", "/sinks/spool":
    package = type(sys)("mllog_callbacks" + name.replace("/", "."))
    package.__path__ = [sys.argv[1] + name]
    sys.modules[package.__name__] = package
sys.path += sys.argv[4:]
from mllog_callbacks.sinks.spool._process import main
main(sys.argv[2], detached=sys.argv[3] == "detached")
"""
_ROOT: Final = str(Path(__file__).parents[2])
_KEPT: Final = ("PYTHONHOME", "PYTHONPLATLIBDIR")
"""What an interpreter may not start without; else it is isolated, as by ``-I``."""

_BLOCKED: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGPIPE")


class Helper:
    """A session's drainer: started, woken, and started again where it was killed.

    Args:
        folder: The session's spool.
        process: Whether it may be a process of its own.

    Raises:
        OSError: No file can be opened.
    """

    def __init__(self, folder: str, *, process: bool = True) -> None:
        self._folder = folder
        self._child = 0
        self._tries = 0 if process and surroundings().separate else _TRIES
        self._started = 0.0
        self._wake: socket.socket | None = None
        self.start()

    def start(self) -> None:
        """Start a drainer."""
        now = time.monotonic()
        if now - self._started > _LASTING_S and self._tries < _TRIES:
            self._tries = 0
        self._started = now
        self.leave()
        self._wake, theirs = socket.socketpair()
        self._wake.settimeout(0)
        self._tries += 1
        try:
            if self._tries <= _TRIES and _is_python(sys.executable):
                self._child = _start_process(self._folder, theirs)
                theirs.close()
                return
        except OSError:  # too many processes or files, just now: the next start may be luckier
            pass
        # No `threading`: its locks may be held where this is called
        with suppress(
            RuntimeError, OSError
        ):  # the interpreter is shutting down: the next start finishes
            _thread.start_new_thread(_drain, (self._folder, theirs))
            directory = About.read(self._folder).directory  # the spool may be gone in a moment
            _thread.start_new_thread(_finish_others, (directory,))

    def tend(self) -> None:
        """Start the drainer again if it is gone."""
        self._reap()
        if time.monotonic() - self._started < _STARTING_S:
            return
        with suppress(OSError):  # no file can be opened now, or the spool was removed
            held = lock(self._folder, "drain", create=True)
            if held is not None:
                os.close(held)
                self.start()

    def wake(self) -> None:
        """Have the drainer look at once."""
        if self._wake is not None:
            # no SIGPIPE: a program may have given that its deadly default back
            with suppress(OSError):
                self._wake.send(b"\0", socket.MSG_NOSIGNAL)

    def leave(self) -> None:
        """Let the drainer know that nobody is here any more."""
        self._reap()
        if self._wake is not None:
            self._wake.close()
            self._wake = None

    def forget(self) -> None:
        """Leave the drainer to the process this one was forked from."""
        self._child = 0
        self.leave()

    def _reap(self) -> None:
        """Take note that the process that started the drainer ended; the drainer is no child."""
        if self._child:
            with suppress(ChildProcessError):
                if os.waitpid(self._child, os.WNOHANG)[0] == 0:
                    return
            self._child = 0


def _is_python(program: str | None) -> bool:
    """Whether it runs code: a frozen application, or one that embeds Python, starts itself."""
    return Path(program or "").name.startswith("python") and not hasattr(sys, "frozen")


def _start_process(folder: str, wake: socket.socket) -> int:
    """Start the drainer's process; return the child that starts it, or 0 where there is none."""
    with suppress(OSError, ImportError, AttributeError):  # no clone, or no ctypes, here
        from mllog_callbacks.sinks.spool._detached import run_detached  # noqa: PLC0415 - likewise

        run_detached(_spawn(folder, wake, detached=True))
        return 0
    return _spawn(folder, wake, detached=False)()


def _spawn(folder: str, wake: socket.socket, *, detached: bool) -> Callable[[], int]:
    """What starts the process that becomes the drainer; it is nobody's child for long."""
    program = sys.executable or ""
    how = "detached" if detached else "child"
    # as by -I, but that would ignore PYTHONHOME
    arguments = [program, "-P", "-s", "-S", "-c", _PROGRAM, _ROOT, folder, how, *_signers_path()]
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


def _drain(folder: str, wake: socket.socket) -> None:
    with wake, suppress(OSError):
        held = lock(folder, "drain", create=True)
        if held is not None:
            try:
                run(folder, wake.fileno())
            finally:
                os.close(held)


def _finish_others(directory: bytes) -> None:
    with suppress(OSError, ValueError):
        finish_dead(directory)
