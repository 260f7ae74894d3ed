"""Threads, processes, forks, handlers and exits: each entry lands once, and nothing hangs."""

import gc
import itertools
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.sinks.spool import _place as place
from mllog_callbacks.sinks.spool._control import Control
from processes import Shared, drained, emit_one, ended, forked, lines, numbers, spools

FORKS = int(os.environ.get("MLLOG_TEST_FORKS", "50"))
"""Children forked; 1,000 take some two minutes."""


def _program(directory: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run a training script with `log` at hand."""
    head = f"from mllog_callbacks import AuditLog\nlog = AuditLog({str(directory)!r})\n"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", head + textwrap.dedent(body)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def _emit(log: AuditLog, thread: int, count: int) -> None:
    for n in range(count):
        log.emit("TRAINING_PROGRESS", metrics_snapshot={"thread": thread, "n": n})


def _emit_in_threads(log: AuditLog, threads: int, count: int) -> None:
    each = [threading.Thread(target=_emit, args=(log, n, count)) for n in range(threads)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()


def test_eight_processes_of_eight_threads_lose_nothing(tmp_path: Path) -> None:
    """Each process in a file of its own, each thread's entries in their order."""
    with AuditLog(tmp_path) as log:
        children = [forked(lambda: _emit_in_threads(log, 8, 300)) for _ in range(8)]
        assert [ended(child) for child in children] == [0] * 8
    drained(tmp_path)
    found: dict[tuple[Path, object], list[object]] = {}
    for line in lines(tmp_path):
        snapshot = line.entry and line.entry.metrics_snapshot
        assert snapshot
        found.setdefault((line.path, snapshot["thread"]), []).append(snapshot["n"])
    assert len(found) == 64
    assert all(each == list(range(300)) for each in found.values())


@pytest.mark.timeout(600)
def test_a_child_forked_while_others_log_never_hangs(tmp_path: Path) -> None:
    """It starts a session of its own, and says which one it came from."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.003):  # in bursts, so that what is read back stays small
            for _ in range(20):
                log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": -1})

    with AuditLog(tmp_path) as log:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for n in range(FORKS):
            assert ended(forked(partial(emit_one, log, n))) == 0
            time.sleep(0.001)
        done.set()
        for thread in threads:
            thread.join()
        emitted = log.stats.emitted
    drained(tmp_path, 100)
    found = Counter(numbers(tmp_path))
    assert found.pop(-1) == emitted
    assert found == Counter(range(FORKS))
    sidecars = [json.loads(each.read_text()) for each in (tmp_path / "_integrity").glob("*.json")]
    assert {each["parent"] for each in sidecars} == {None, log.session}


def test_a_signal_handler_may_emit_within_emit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any moment, also while a segment is being changed; every entry is there, in order."""
    monkeypatch.setattr(place, "SEGMENT", 64 * 1024)
    signals = itertools.count()
    depth, is_on = 0, True

    def again() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.00015 if is_on else 0)

    def handler(
        *_: object,
    ) -> None:  # may itself be interrupted by the next signal, but not for ever
        nonlocal depth
        depth += 1
        if depth < 4:
            again()
        log.emit("ISSUE_DETECTED", metrics_snapshot={"signal": next(signals)})
        depth -= 1
        again()

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with AuditLog(tmp_path) as log:
            again()
            _emit(log, 0, 30_000)
            is_on = False
            again()
            handled = next(signals)
            assert log.stats.emitted == 30_000 + handled
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert handled > 100
    assert numbers(tmp_path) == list(range(30_000))
    assert sorted(numbers(tmp_path, "signal")) == list(range(handled))


def test_a_finalizer_may_emit_within_emit(tmp_path: Path) -> None:
    """The collector runs one wherever memory is allocated."""

    class Model:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            log.emit("ISSUE_DETECTED", metrics_snapshot={"finalizer": next(finalized)})

    finalized = iter(range(1_000_000))
    threshold = gc.get_threshold()
    gc.set_threshold(2)
    try:
        with AuditLog(tmp_path) as log:
            for n in range(3_000):
                Model()
                log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": n, "epoch": {}})
            gc.collect()
    finally:
        gc.set_threshold(*threshold)
    assert numbers(tmp_path) == list(range(3_000))
    assert numbers(tmp_path, "finalizer") == list(range(3_000))


def test_a_handler_that_emits_and_leaves_at_once_loses_nothing(tmp_path: Path) -> None:
    """What a pre-empted job does: one last entry, and `os._exit` in the handler."""
    for _ in range(10):
        result = _program(
            tmp_path,
            """
            import os, signal, threading, time
            def handler(*_):
                log.emit("TRAINING_FAILED", metrics_snapshot={"last": 1})
                os._exit(7)
            signal.signal(signal.SIGTERM, handler)
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
            while True:
                log.emit("TRAINING_PROGRESS")
            """,
        )
        assert (result.returncode, result.stderr) == (7, "")
    drained(tmp_path)
    assert numbers(tmp_path, "last") == [1] * 10


def test_os_exit_loses_nothing(tmp_path: Path) -> None:
    """No clean-up runs there; the drainer finishes the file."""
    result = _program(
        tmp_path,
        """
        import os
        for n in range(1000):
            log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": n})
        os._exit(3)
        """,
    )
    assert (result.returncode, result.stderr) == (3, "")
    drained(tmp_path)
    assert numbers(tmp_path) == list(range(1000))


def test_daemon_threads_may_emit_until_the_interpreter_is_gone(tmp_path: Path) -> None:
    """An exit is clean beside them, and no entry is torn or missing."""
    result = _program(
        tmp_path,
        """
        import threading, time
        def work(thread):
            n = 0
            while True:
                log.emit("TRAINING_PROGRESS", metrics_snapshot={"thread": thread, "n": n})
                n += 1
        for thread in range(4):
            threading.Thread(target=work, args=(thread,), daemon=True).start()
        time.sleep(0.3)
        """,
    )
    assert (result.returncode, result.stderr) == (0, "")
    drained(tmp_path)
    found: dict[object, list[object]] = {}
    for line in lines(tmp_path):
        snapshot = line.entry and line.entry.metrics_snapshot
        assert snapshot
        found.setdefault(snapshot["thread"], []).append(snapshot["n"])
    assert all(each == list(range(len(each))) for each in found.values())
    assert len(found) == 4


def test_an_exit_handler_may_emit(tmp_path: Path) -> None:
    """Also one that runs after the log's own."""
    program = (
        "import atexit\n"
        "atexit.register(lambda: log.emit('MODEL_SAVED', metrics_snapshot={'n': 1}))\n"
        f"from mllog_callbacks import AuditLog\nlog = AuditLog({str(tmp_path)!r})\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    drained(tmp_path)
    assert numbers(tmp_path) == [1]


def test_ctrl_c_does_not_reach_the_drainer(tmp_path: Path) -> None:
    """The signal goes to the whole process group; the drainer is in one of its own."""
    program = (
        "import os, signal\n"
        f"from mllog_callbacks import AuditLog\nlog = AuditLog({str(tmp_path)!r})\n"
        "log.emit('TRAINING_PROGRESS', metrics_snapshot={'n': 1})\n"
        "os.killpg(0, signal.SIGINT)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, start_new_session=True
    )
    assert b"KeyboardInterrupt" in process.stderr
    drained(tmp_path)
    assert numbers(tmp_path) == [1]


def test_the_drainer_holds_nothing_of_the_training(tmp_path: Path) -> None:
    """It inherits no open file and is not the training's child; it is small."""
    # in a process that has no other children
    assert ended(forked(lambda: _look_at_drainers(tmp_path))) == 0


def _look_at_drainers(folder: Path) -> None:
    with (folder / "held").open("w") as held, AuditLog(folder / "logs") as log:
        os.set_inheritable(held.fileno(), True)  # noqa: FBT003 - its signature
        other = AuditLog(folder / "logs")
        other.emit("TRAINING_PROGRESS")
        assert log.flush(10)
        assert other.flush(10)
        with pytest.raises(ChildProcessError):
            _wait_for_a_child()
        for spool in spools(folder / "logs"):
            control = Control(str(spool))
            while not (pid := control.pid):  # it is still starting: the test has its time limit
                time.sleep(0.01)
            files = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
            assert str(folder / "held") not in files
            status = dict(
                each.split(":", 1) for each in Path(f"/proc/{pid}/status").read_text().splitlines()
            )
            assert int(status["VmRSS"].split()[0]) < 20_000
            assert status["PPid"].strip() != str(os.getpid())
        other.close()


def _wait_for_a_child() -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        os.waitpid(-1, os.WNOHANG)
        time.sleep(0.01)


def test_a_pickled_log_is_another_session_there(tmp_path: Path) -> None:
    """By `spawn`, which starts from nothing."""
    context = multiprocessing.get_context("spawn")
    with AuditLog(tmp_path) as log, ProcessPoolExecutor(2, mp_context=context) as pool:
        log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": 0})
        list(pool.map(emit_one, [log] * 12, range(1, 13)))
    drained(tmp_path)
    assert sorted(numbers(tmp_path)) == list(range(13))
    # one session here and one in each worker, however many tasks brought a copy there
    assert len(list(tmp_path.glob("*.jsonl"))) <= 3


def test_loky_workers_log_in_sessions_of_their_own(tmp_path: Path) -> None:
    """What scikit-learn's ``n_jobs`` does."""
    joblib = pytest.importorskip("joblib")
    with AuditLog(tmp_path) as log:
        joblib.Parallel(n_jobs=2)(joblib.delayed(emit_one)(log, n) for n in range(20))
        with pickle.loads(pickle.dumps(log)) as copy:
            assert copy.session != log.session
    loky = pytest.importorskip("joblib.externals.loky")
    loky.get_reusable_executor().shutdown(wait=True)
    drained(tmp_path)
    assert sorted(numbers(tmp_path)) == list(range(20))


def test_a_child_of_multiprocessing_loses_nothing(tmp_path: Path) -> None:
    """Forked, and left by `os._exit`, as a DataLoader's workers are."""
    context = multiprocessing.get_context("fork")
    with AuditLog(tmp_path) as log:
        workers = [context.Process(target=_emit, args=(log, n, 100)) for n in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
            assert worker.exitcode == 0
    drained(tmp_path)
    assert Counter(numbers(tmp_path)) == Counter(dict.fromkeys(range(100), 3))


def test_a_grandchild_and_its_parents_log_apart(tmp_path: Path) -> None:
    """Each process has a file of its own, whoever emitted first."""

    def child() -> None:
        grandchild = forked(lambda: _emit(log, 2, 50))
        _emit(log, 1, 50)
        assert ended(grandchild) == 0

    with AuditLog(tmp_path) as log:
        pid = forked(child)
        _emit(log, 0, 50)
        assert ended(pid) == 0
    drained(tmp_path)
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    assert Counter(numbers(tmp_path, "thread")) == {0: 50, 1: 50, 2: 50}


def test_emit_returns_values_counted_in_a_child(tmp_path: Path) -> None:
    """A child's counters are its own."""
    counted = Shared(1)

    def child() -> None:
        _emit(log, 0, 7)
        counted[0] = log.stats.emitted

    with AuditLog(tmp_path) as log:
        _emit(log, 0, 5)
        assert ended(forked(child)) == 0
    assert counted[0] == 7
    assert log.stats.emitted == 5
