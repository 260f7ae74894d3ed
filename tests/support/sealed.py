"""Sealed sessions for tests, and hands that change them afterwards."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from commands import runner
from mllog_callbacks import AuditLog
from mllog_callbacks.cli import main
from mllog_callbacks.integrity import Verdict, verify
from processes import drained, drainers, emit_many, ended, forked


def seal(directory: Path, entries: int = 250, session: str = "run") -> Path:
    """Write a session of some entries to its orderly end; return its file."""
    with AuditLog(directory, session=session) as log:
        emit_many(log, 0, entries)
        assert log.flush(30)
        path = log.path
    drained(directory)
    return path


def kill(directory: Path, entries: int, session: str = "run", *, drainer: bool = True) -> Path:
    """Write a session whose process, and by `drainer` its drainer first, is killed."""

    def train() -> None:
        log = AuditLog(directory, session=session)
        emit_many(log, 0, entries // 2)
        assert log.flush(30)
        for pid in drainers(directory) if drainer else ():
            os.kill(pid, signal.SIGKILL)
        emit_many(log, entries // 2, entries)
        os.kill(os.getpid(), signal.SIGKILL)

    assert ended(forked(train)) == -signal.SIGKILL
    (path,) = directory.glob(f"*.{session}.jsonl")
    return path


def judge(directory: Path, session: str = "run") -> Verdict:
    """What is said of one session of a folder."""
    return next(each for each in verify([directory]) if each.session == session)


def problems(directory: Path, session: str = "run") -> list[str]:
    """The problems of one session of a folder, beside that it is not signed."""
    found = judge(directory, session).problems
    return [f"{each.aspect}: {each.status}: {each}" for each in found if each.reason != UNSIGNED]


def edit(path: Path, change: Callable[[list[bytes]], object]) -> None:
    """Change the lines of a file, as somebody would who can write it."""
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


UNSIGNED = "is not signed"


def mllog(
    *arguments: str | Path, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Call `mllog` in this process: much faster than one of its own."""
    given = [*map(str, arguments)]
    result = runner().invoke(main, given, input=stdin, env=environment, prog_name="mllog")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    stderr = result.stderr_bytes or b""
    return subprocess.CompletedProcess(given, result.exit_code, result.stdout_bytes, stderr)
