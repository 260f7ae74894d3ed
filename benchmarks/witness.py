"""What it costs a training that its end is witnessed: ``python -m benchmarks.witness``.

The drainer of a log holds on to its process, so that it can ask the kernel how that ended. Here
logs with and without that take turns: how long the first entry of a log takes, which starts the
drainer, and how long an entry takes while it watches. Both are CPU time of the emitting thread. A
second log without a witness shows how far two measurements of the same are apart.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from benchmarks.turns import take_turns
from mllog_callbacks import AuditLog
from mllog_callbacks.sinks.spool import _control as control
from mllog_callbacks.sinks.spool import _starting as starting

WAYS = {"without": False, "without, again": False, "with a witness": True}


def opened(folder: Path, *, witnessed: bool) -> AuditLog:
    """A log whose drainer holds on to this process, or does not."""
    with ExitStack() as stack:
        if not witnessed:
            stack.enter_context(mock.patch.object(starting, "_own_descriptor", return_value=-1))
            stack.enter_context(mock.patch.object(control, "born", return_value=0))
        return AuditLog(folder)


def first_entries(folder: Path, logs: int, *, witnessed: bool) -> Callable[[], float]:
    """What measures logs from their beginning to their first entry."""

    def measure() -> float:
        taken = 0.0
        for _ in range(logs):
            begun = time.thread_time()
            log = opened(folder, witnessed=witnessed)
            log.emit("TRAINING_STARTED", metrics_snapshot={"run": 1})
            taken += time.thread_time() - begun
            log.close()
        return taken

    return measure


def entries(log: AuditLog, many: int) -> Callable[[], float]:
    """What measures entries of a log that is open."""

    def measure() -> float:
        begun = time.thread_time()
        for number in range(many):
            log.emit("TRAINING_PROGRESS", metrics_snapshot={"run": 1, "number": number})
        return time.thread_time() - begun

    return measure


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=31)
    parser.add_argument("--logs", type=int, default=4)
    parser.add_argument("--entries", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        first = {
            way: first_entries(folder, given.logs, witnessed=witnessed)
            for way, witnessed in WAYS.items()
        }
        print(take_turns(first, given.repeats).table("without", "the first entry of a log"))
        further = {}
        for way, witnessed in WAYS.items():
            log = stack.enter_context(opened(folder, witnessed=witnessed))
            further[way] = entries(log, given.entries)
        print()
        print(take_turns(further, given.repeats).table("without", "any further entry"))


if __name__ == "__main__":
    main()
