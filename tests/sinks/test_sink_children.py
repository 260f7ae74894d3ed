"""Children: those that a training sees are its own, whatever the log starts for itself."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from processes import numbers

linux = pytest.mark.skipif(sys.platform != "linux", reason="the drainer is a process on Linux")

HEAD = """
import os, signal, sys, time
from mllog_callbacks import AuditLog
"""

SUPERVISOR = """
with AuditLog() as first:
    first.emit("MODEL_SAVED", metrics_snapshot={"n": 0})
log = AuditLog()
log.emit("MODEL_SAVED", metrics_snapshot={"n": 1})
workers = set()
for _ in range(3):
    worker = os.fork()
    if not worker:
        time.sleep(0.2)
        os._exit(0)
    workers.add(worker)
waited = [os.wait()[0] for _ in workers]
assert set(waited) == workers, (waited, workers)
for options in 0, os.WNOHANG, os.WUNTRACED:
    try:
        found = os.waitpid(-1, options)
    except ChildProcessError:
        continue
    raise AssertionError(found)
"""

COUNTS_SIGNALS = """
ended = []
signal.signal(signal.SIGCHLD, lambda *_: ended.append(1))
for n in range(2):
    with AuditLog() as log:
        log.emit("MODEL_SAVED", metrics_snapshot={"n": n})
time.sleep(0.5)
assert not ended
"""

IGNORES_SIGNALS = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with AuditLog() as log:
    for n in range(2):
        log.emit("MODEL_SAVED", metrics_snapshot={"n": n})
    assert log.flush(10)
"""

STARTS_NOTHING_ELSE = """
started = []
def look(event, arguments):
    if event in {"subprocess.Popen", "os.system", "os.fork", "os.posix_spawn", "os.exec"}:
        started.append(event)
sys.addaudithook(look)
with AuditLog() as log:
    for n in range(2):
        log.emit("MODEL_SAVED", metrics_snapshot={"n": n})
assert started == ["os.posix_spawn"], started
"""

PROGRAMS = {
    "a supervisor that waits for any child": SUPERVISOR,
    "a handler of SIGCHLD": COUNTS_SIGNALS,
    "SIGCHLD ignored": IGNORES_SIGNALS,
    "no program but the drainer": STARTS_NOTHING_ELSE,
}


def _run(program: str, directory: Path, python: str = sys.executable, **environment: str) -> None:
    done = subprocess.run(
        [python, "-c", HEAD + textwrap.dedent(program)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "MLLOG_DIR": str(directory), **environment},
    )
    assert done.returncode == 0, done.stderr


@linux
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there the starter is a child for a moment")
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_the_trainings_children_are_its_own(tmp_path: Path, program: str) -> None:
    """No `wait` returns the drainer, it sends no signal, and no other program is run."""
    _run(program, tmp_path)
    assert sorted(numbers(tmp_path)) == [0, 1]


@linux
def test_an_interpreter_that_needs_its_home_named_has_a_drainer(tmp_path: Path) -> None:
    """One that was moved, say: without PYTHONHOME it does not start."""
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    shutil.copy(Path(sys.executable).resolve(), python)
    program = """
    from mllog_callbacks.sinks.spool._control import Control
    with AuditLog() as log:
        log.emit("MODEL_SAVED", metrics_snapshot={"n": 0})
        assert log.flush(10)
        control = log._session.sink.control
        assert control.pid != os.getpid()
    """
    home = {"PYTHONHOME": sys.base_prefix, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    _run(program, tmp_path / "logs", str(python), **home)
    assert numbers(tmp_path / "logs") == [0]
    (manifest,) = (tmp_path / "logs" / "_integrity").glob("*.json")
    assert json.loads(manifest.read_text())["platform"].startswith("Linux-")
