"""What logging one entry costs a training, beside other loggers: ``python -m benchmarks.sink``.

All are measured in one run and in turns, so that a busy machine is busy for all of them. Read
the ratios. Of each figure stands the median over the rounds and, in brackets, the least and the
greatest. A peer that is not installed is named and left out.
"""

import argparse
import gc
import logging
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import PEERS, Logger

WRITE = "floor: os.write"
OURS = "mllog-callbacks"
Figures = dict[str, dict[str, list[float]]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--entries", type=int, default=10_000, help="in a burst")
    parser.add_argument("--steps", type=int, default=300, help="of a training loop at 1 kHz")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.memory:
            logger = PEERS[arguments.memory](Path(folder))
            _print_memory(logger, arguments.entries)
            logger.close()
            return
        loggers = dict(_ready(Path(folder)))
        figures: Figures = defaultdict(lambda: defaultdict(list))
        for _ in range(arguments.rounds):
            _round(loggers, arguments.entries, arguments.steps, figures)
        for logger in loggers.values():
            logger.close()
    for name in loggers:
        figures["MiB"][name] = [_memory(name)]
    _print(figures, list(loggers))


def _ready(folder: Path) -> Iterator[tuple[str, Logger]]:
    for number, (name, make) in enumerate(PEERS.items()):
        directory = folder / str(number)
        directory.mkdir()
        try:
            yield name, make(directory)
        except ImportError as error:
            print(f"left out: {name} ({error})")


def _round(loggers: dict[str, Logger], entries: int, steps: int, figures: Figures) -> None:
    names = list(loggers)
    for measure in (_burst, _latency):
        random.shuffle(names)
        for name in names:
            measure(name, loggers[name], entries, figures)
            loggers[name].finish()
    with _busy_thread():
        for name in names:
            _beside(name, loggers[name], figures)
    for title, work in (("GIL-bound loop", _python_work), ("numpy loop", _numpy_work())):
        for name in names:
            _loop(title, work, name, loggers[name], steps, figures)
            loggers[name].finish()


def _burst(name: str, logger: Logger, entries: int, figures: Figures) -> None:
    """Microseconds of CPU an entry: of the thread, and of all that works for it."""
    emit, helper = logger.emit, _cpu(logger.helper())
    gc.collect()
    thread, process = time.thread_time(), time.process_time()
    for _ in range(entries):
        emit()
    thread = time.thread_time() - thread
    logger.finish()
    process = time.process_time() - process + _cpu(logger.helper()) - helper
    figures["thread CPU"][name].append(thread / entries * 1e6)
    figures["all CPU"][name].append(process / entries * 1e6)


def _cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 if pid else 0.0


def _latency(name: str, logger: Logger, _: int, figures: Figures) -> None:
    """Microseconds a call takes, at 1 to 2 kHz."""
    taken = sorted(_calls(logger.emit, 1_000, 0.0005))
    for title, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)):
        figures[title][name].append(taken[min(len(taken) - 1, int(share * len(taken)))])


def _beside(name: str, logger: Logger, figures: Figures) -> None:
    """The same beside a thread that computes in Python, and gives the GIL up every 5 ms."""
    taken = sorted(_calls_within_work(logger.emit, 500))
    figures["p99 beside a thread"][name].append(taken[int(0.99 * len(taken))])


def _calls(emit: Callable[[], object], count: int, pause: float) -> Iterator[float]:
    for _ in range(count):
        begun = time.perf_counter_ns()
        emit()
        yield (time.perf_counter_ns() - begun) / 1e3
        if pause:
            time.sleep(pause)


def _calls_within_work(emit: Callable[[], object], count: int) -> Iterator[float]:
    for _ in range(count):
        sum(range(10_000))
        begun = time.perf_counter_ns()
        emit()
        yield (time.perf_counter_ns() - begun) / 1e3


@contextmanager
def _busy_thread() -> Iterator[None]:
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


def _numpy_work() -> Callable[[], object]:
    try:
        import numpy as np  # noqa: PLC0415 - optional
    except ImportError:
        print("left out: numpy loop")
        return _python_work
    matrix = np.ones((300, 300))
    return lambda: matrix @ matrix


def _loop(
    title: str,
    work: Callable[[], object],
    name: str,
    logger: Logger,
    steps: int,
    figures: Figures,
) -> None:
    """Microseconds that one entry a step of about a millisecond adds to the step.

    Steps with and without take turns, so that both see the same machine.
    """
    plain, logged = [], []
    for _ in range(steps):
        begun = time.perf_counter()
        work()
        between = time.perf_counter()
        work()
        logger.emit()
        ended = time.perf_counter()
        plain.append(between - begun)
        logged.append(ended - between)
    figures[title][name].append((_typical(logged) - _typical(plain)) * 1e6)


def _typical(taken: list[float]) -> float:
    """The mean without the slowest tenth, which is the machine's."""
    return statistics.fmean(sorted(taken)[: len(taken) * 9 // 10])


def _memory(name: str) -> float:
    """MiB that a logger and a burst add to a process of its own, its helper's included."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.sink", "--memory", name],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout)


def _print_memory(logger: Logger, entries: int) -> None:
    before = _private(0)
    for _ in range(entries):
        logger.emit()
    logger.finish()
    print(_private(0) - before + (_private(logger.helper()) if logger.helper() else 0))


def _private(pid: int) -> float:
    lines = Path(f"/proc/{pid or 'self'}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _print(figures: Figures, names: list[str]) -> None:
    print("\n| logger | " + " | ".join(figures) + " |")
    print("|---|" + "---|" * len(figures))
    for name in names:
        cells = [_cell(figures[title].get(name, [])) for title in figures]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nRatios of {OURS}, of the rounds in turn:\n")
    for title in figures:
        others = [name for name in names if name != OURS]
        ratios = {name: _ratio(figures[title], name) for name in others}
        print(f"- {title}: " + ", ".join(f"{ratio} of {name}" for name, ratio in ratios.items()))


def _cell(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


def _ratio(figures: dict[str, list[float]], name: str) -> str:
    pairs = zip(figures[OURS], figures[name], strict=True)
    return _cell([own / other for own, other in pairs if other])


if __name__ == "__main__":
    logging.raiseExceptions = False
    main()
