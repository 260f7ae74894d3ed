"""Running a command as its parent without being noticed: signals, terminal and end are its own.

The command stays in our process group, so it has the terminal that we have. A signal sent to us
alone is passed on; one sent to the group, as by a terminal, has reached it already. Which it was
is seen by a lookout: one more process in the group, which does nothing but wait for signals.
"""

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

__all__ = ["end_as", "supervise"]

_PASSED_ON: Final = frozenset(
    {
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
    }
)
_LOOKOUT_S: Final = 0.1
"""Seconds that a signal to all processes of a job may take from one to the next."""

_PR_SET_PDEATHSIG: Final = 1


def supervise(
    command: Sequence[str],
    environment: Mapping[str, str],
    note: Callable[[int, int], object],
) -> int:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        environment: Its environment.
        note: Called with the process and its wait status once it has ended, before the system
            forgets it; not where the system has no `waitid`.

    Returns:
        Its wait status, as of `os.waitpid`.

    Raises:
        OSError: The program cannot be run.
    """
    if not sys.platform.startswith("linux"):
        return _plainly(command, environment)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})
    lookout = _Lookout()
    try:
        process = subprocess.Popen(  # noqa: S603 - what the user asks for
            command,
            env=environment,
            preexec_fn=_prepared(mask),  # noqa: PLW1509 - we have no threads
        )
        status = _until_its_end(process.pid, lookout, note)
        process.returncode = os.waitstatus_to_exitcode(status)
        return status
    finally:
        lookout.leave()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _until_its_end(pid: int, lookout: "_Lookout", note: Callable[[int, int], object]) -> int:
    while True:
        number = signal.sigwaitinfo({*_PASSED_ON, signal.SIGCHLD}).si_signo
        if number == signal.SIGCHLD:
            if (ended := _ended(pid)) is not None:
                note(pid, ended)
            status = _reaped(pid)
            if status is not None:
                return status
        elif not lookout.saw(number):
            os.kill(pid, number)


def _ended(pid: int) -> int | None:
    """The wait status of a child that has ended; it can still be waited for."""
    result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if result is None:
        return None
    if result.si_code == os.CLD_EXITED:
        return result.si_status << 8
    return result.si_status | (0x80 if result.si_code == os.CLD_DUMPED else 0)


def _reaped(pid: int) -> int | None:
    """The wait status of a child, if it has ended; others are reaped too, as init does."""
    found = None
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if child == 0:
            return found
        if child == pid:
            found = status


def _prepared(mask: set[int | signal.Signals]) -> Callable[[], None]:
    """What the child does before it becomes the command."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # killing us kills it, as without us
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return prepare


class _Lookout:
    """A process in our group that sees the signals which are sent to all of it."""

    def __init__(self) -> None:
        self._seen, write = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._look(write)
        os.close(write)

    def _look(self, write: int) -> NoReturn:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        while True:
            os.write(write, bytes([signal.sigwaitinfo(_PASSED_ON).si_signo]))

    def saw(self, number: int) -> bool:
        """Whether the lookout got this signal too, now or a moment later."""
        while select.select([self._seen], [], [], _LOOKOUT_S)[0]:
            if number in os.read(self._seen, 1):
                return True
        return False

    def leave(self) -> None:
        """Look no more."""
        os.kill(self._pid, signal.SIGKILL)
        with suppress(ChildProcessError):  # reaped with the command
            os.waitpid(self._pid, 0)
        os.close(self._seen)


def _plainly(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Where the system does not say who a signal was for: interrupts are left to the command."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - likewise
    finally:
        signal.signal(signal.SIGINT, before)
    return code << 8 if code >= 0 else -code


def end_as(status: int) -> NoReturn:
    """End this process as a command ended: with its exit code, or by the same signal."""
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        number = os.WTERMSIG(status)
        sys.stdout.flush()
        sys.stderr.flush()
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    raise SystemExit(os.waitstatus_to_exitcode(status))
