"""Real processes for tests: forked children that log, and what is checked of their files."""

import contextlib
import mmap
import os
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from mllog_callbacks import AuditLog, Line, read_lines
from mllog_callbacks.reading._strict import find_logs
from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._place import root


def forked(function: Callable[[], object]) -> int:
    """Run a function in a forked child, which ends without any clean-up; return its pid."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        function()
        code = 0
    except BaseException:  # noqa: BLE001 - the child must never return into pytest
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(child: int, timeout: float = 30) -> int:
    """Wait for a child, and kill it if it hangs; return its exit code, negative for a signal."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    msg = f"the child {child} hung for {timeout} s"
    raise TimeoutError(msg)


class Shared:
    """Some integers that a child writes and the test reads, also after the child was killed.

    Args:
        count: How many.
        path: A file for them, where the child is not forked from this process.
    """

    def __init__(self, count: int, path: Path | None = None) -> None:
        file = -1 if path is None else os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if file >= 0:
            os.truncate(file, 8 * count)
        self._words = memoryview(mmap.mmap(file, 8 * count)).cast("q")

    def __getitem__(self, index: int) -> int:
        return self._words[index]

    def __setitem__(self, index: int, value: int) -> None:
        self._words[index] = value


def emit_one(log: AuditLog, n: int) -> None:
    """Emit a number; defined here, where the workers of pools can import it from."""
    log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": n})


def emit_many(log: AuditLog, first: int, last: int) -> None:
    """Emit the numbers of a range."""
    for n in range(first, last):
        log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": n})


def until(condition: Callable[[], object], timeout: float = 20) -> None:
    """Wait until something is the case; fail where it does not come about."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def remove(directory: Path) -> None:
    """Remove a directory, also where the drainer of an open log is making it again just now."""
    until(lambda: _gone(directory))


def _gone(directory: Path) -> bool:
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


def spools(directory: Path) -> Iterator[Path]:
    """The spools of the sessions of a log directory."""
    for folder in root(create=True).iterdir():
        with contextlib.suppress(OSError):
            if (folder / "about").read_bytes().startswith(os.fsencode(directory) + b"\0"):
                yield folder


def drainers(directory: Path) -> list[int]:
    """The processes that drain the sessions of a log directory."""
    found = []
    for folder in spools(directory):
        with contextlib.suppress(OSError):  # it may be removed just now
            found.append(Control(str(folder)).pid)
    return [pid for pid in found if pid]


def drained(directory: Path, timeout: float = 30) -> None:
    """Wait until no session of a log directory has anything left in memory."""
    deadline = time.monotonic() + timeout
    while any(spools(directory)):
        assert time.monotonic() < deadline, list(spools(directory))
        time.sleep(0.005)


def lines(directory: Path) -> list[Line]:
    """All lines of a log directory, file by file; each must be an entry, and in order."""
    found = [line for file in find_logs(directory) for line in read_lines(file)]
    assert not [line for line in found if line.findings]
    return found


def numbers(directory: Path, name: str = "n") -> list[int]:
    """One number of each entry's snapshot, in the order of the files."""
    snapshots = [line.entry.metrics_snapshot for line in lines(directory) if line.entry]
    return [int(each[name]) for each in snapshots if each and name in each]  # type: ignore[arg-type]  # they are numbers
