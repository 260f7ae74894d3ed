"""What `emit` returned from is kept when the process is killed in the next instant."""

import os
import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.sinks.spool import _place as place
from processes import Shared, drainers, ended, forked, lines, until

KILLS = int(os.environ.get("MLLOG_TEST_KILLS", "40"))
"""Processes killed in all; 1,000 take some four minutes."""

THREADS = 3
TINY = 64 * 1024


def _emit_forever(log: AuditLog, thread: int, returned: Shared, *, paced: bool) -> None:
    chance = random.Random(thread)  # noqa: S311 - a seed, not a secret
    number = 0
    while True:
        log.emit(
            "TRAINING_PROGRESS",
            reasoning="x" * chance.randrange(400),
            metrics_snapshot={"thread": thread, "n": number},
        )
        number += 1
        returned[thread] = number
        if paced:
            time.sleep(0.001)


def _train(directory: Path, segment: int, returned: Shared, *, paced: bool) -> None:
    place.SEGMENT = segment  # type: ignore[misc]  # in this child alone
    log = AuditLog(directory)
    for thread in range(1, THREADS):
        threading.Thread(
            target=_emit_forever, args=(log, thread, returned), kwargs={"paced": paced}
        ).start()
    _emit_forever(log, 0, returned, paced=paced)


def _kill(child: int, directory: Path, mode: str) -> None:
    """Kill the training, and by `mode` its drainer: not, before, or right after."""
    if mode == "drainer first":
        _kill_drainers(directory)
        time.sleep(0.003)
    os.kill(child, signal.SIGKILL)
    if mode == "both":
        _kill_drainers(directory)
    assert ended(child) == -signal.SIGKILL


def _kill_drainers(directory: Path) -> None:
    for pid in drainers(directory):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _check(directory: Path, returned: Shared) -> None:
    """Every entry that `emit` returned from is there once, in order; at most one more a thread."""
    found = defaultdict(list)
    for line in lines(directory):
        assert line.entry
        assert line.entry.metrics_snapshot
        found[line.entry.metrics_snapshot["thread"]].append(line.entry.metrics_snapshot["n"])
    for thread in range(THREADS):
        assert found[thread] == list(range(len(found[thread])))
        assert returned[thread] <= len(found[thread]) <= returned[thread] + 1


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", ["training only", "both", "drainer first"])
@pytest.mark.parametrize("segment", [TINY, place.SEGMENT], ids=["tiny", "default"])
@pytest.mark.parametrize("paced", [False, True], ids=["burst", "paced"])
def test_a_killed_process_loses_nothing(
    tmp_path: Path, mode: str, segment: int, *, paced: bool
) -> None:
    """At any moment, with several threads, and whether or not its drainer survives."""
    chance = random.Random(f"{mode} {segment} {paced}")  # noqa: S311 - a seed, not a secret
    total = 0
    for kill in range(max(1, round(KILLS / 12))):
        directory = tmp_path / str(kill)
        directory.mkdir()
        returned = Shared(THREADS)
        child = forked(_training(directory, segment, returned, paced=paced))
        if kill % 4:  # else also while the log is opened
            until(partial(returned.__getitem__, 0))
        time.sleep(chance.uniform(0.0, 0.3))
        _kill(child, directory, mode)
        _check(directory, returned)
        total += sum(returned[thread] for thread in range(THREADS))
    print(f"{kill + 1} kills, {total:,} entries")  # noqa: T201 - the figure to report


def _training(
    directory: Path, segment: int, returned: Shared, *, paced: bool
) -> Callable[[], None]:
    return lambda: _train(directory, segment, returned, paced=paced)
