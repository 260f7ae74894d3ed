"""What `benchmarks.sink` measures of a logger, each as one function that gives figures by name."""

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import Logger

__all__ = ["LOADS", "memory", "print_memory"]

Figures = dict[str, float]


def burst(logger: Logger) -> Figures:
    """Microseconds of CPU an entry: of the thread, and of all that works for it."""
    emit, entries, helper = logger.emit, 10_000, _cpu(logger.helper())
    gc.collect()
    thread, process = time.thread_time(), time.process_time()
    for _ in range(entries):
        emit()
    thread = time.thread_time() - thread
    logger.finish()
    process = time.process_time() - process + _cpu(logger.helper()) - helper
    return {"thread CPU": thread / entries * 1e6, "all CPU": process / entries * 1e6}


def _cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 if pid else 0.0


def latency(logger: Logger) -> Figures:
    """Microseconds a call takes, at 1 to 2 kHz."""
    taken = sorted(_calls(logger.emit, 1_000, lambda: time.sleep(0.0005)))
    logger.finish()
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {title: _share(taken, share) for title, share in shares.items()}


def beside_a_thread(logger: Logger) -> Figures:
    """The same between steps of a millisecond in Python, while another thread computes in Python.

    The two share the interpreter's lock, in turns of 5 ms. A call to the system gives it up: as
    often as the other thread has asked for it by then, its turn comes first.
    """
    with _computing_thread():
        taken = sorted(_calls(logger.emit, 200, _python_work))
    logger.finish()
    return {"p99 beside a thread": _share(taken, 0.99)}


def python_loop(logger: Logger) -> Figures:
    """Microseconds that an entry a step adds to steps of a millisecond in Python."""
    return {"GIL-bound loop": _added(logger, _python_work)}


def numpy_loop(logger: Logger) -> Figures:
    """The same of steps in numpy, which give the interpreter's lock up."""
    try:
        import numpy as np  # noqa: PLC0415 - optional
    except ImportError:
        return {}
    matrix = np.ones((300, 300))
    return {"numpy loop": _added(logger, lambda: matrix @ matrix)}


LOADS: tuple[Callable[[Logger], Figures], ...] = (
    burst,
    latency,
    beside_a_thread,
    python_loop,
    numpy_loop,
)


def _share(taken: list[float], share: float) -> float:
    return taken[min(len(taken) - 1, int(share * len(taken)))]


def _calls(
    emit: Callable[[], object], count: int, between: Callable[[], object]
) -> Iterator[float]:
    for _ in range(count):
        between()
        begun = time.perf_counter_ns()
        emit()
        yield (time.perf_counter_ns() - begun) / 1e3


@contextmanager
def _computing_thread() -> Iterator[None]:
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(1_000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _python_work() -> None:
    sum(n * n for n in range(16_000))


def _added(logger: Logger, work: Callable[[], object]) -> float:
    """Steps with and without an entry take turns, so that both see the same machine."""
    plain, logged = [], []
    for _ in range(300):
        begun = time.perf_counter()
        work()
        between = time.perf_counter()
        work()
        logger.emit()
        ended = time.perf_counter()
        plain.append(between - begun)
        logged.append(ended - between)
    logger.finish()
    return (_typical(logged) - _typical(plain)) * 1e6


def _typical(taken: list[float]) -> float:
    """The mean without the slowest tenth, which is the machine's."""
    kept = sorted(taken)[: len(taken) * 9 // 10]
    return sum(kept) / len(kept)


def memory(name: str) -> float:
    """MiB that a logger and a burst add to a process of its own, its helper's included."""
    recorded = subprocess.run(
        [sys.executable, "-m", "benchmarks.sink", "--memory", name],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(recorded.stdout)


def print_memory(logger: Logger) -> None:
    """What `memory` reads from the process it starts."""
    before = _private(0)
    for _ in range(10_000):
        logger.emit()
    logger.finish()
    print(_private(0) - before + (_private(logger.helper()) if logger.helper() else 0))


def _private(pid: int) -> float:
    lines = Path(f"/proc/{pid or 'self'}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
