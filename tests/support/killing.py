"""Real trainings of one adapter that are killed at random moments, a hundred in one log folder.

Called with an adapter, a folder and how many to kill; prints, for each, its number, its exit code
and from how many entries `put` had returned. One in a hundred is a fresh process. The others are
forked from one that has imported the framework and never used it, for a fork beside threads that
compute would hang. Each trains again and again, so that the kill falls on every moment of a
training's life, and between two.
"""

import importlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from killable import READY, Training
from mllog_callbacks import AuditLog
from mllog_callbacks.sinks.spool._sink import SpoolSink
from processes import Shared, ended, forked

if TYPE_CHECKING:
    from collections.abc import Callable

TOGETHER: Final = 100
"""How many sessions are in one log folder, ``logs<number>``."""

_FRESH: Final = 100
"""One in how many is a fresh process, the last of them."""

_AT_ONCE: Final = 6
_WARMING_S: Final = 0.1
"""How long after its fork a process is killed, at most, where that is to be early."""

_TRAINING_S: Final = 0.15
"""How long after its first entry any other is killed, on average: at every moment as likely."""

_HANGS_S: Final = 1800.0
"""How long the first entry may take, at most, on a machine that has much else to do."""


class _Killed(NamedTuple):
    """A process that will be killed: at a time, or this long after its first entry."""

    pid: int
    fresh: "subprocess.Popen[bytes] | None"
    since: float
    at: float | None
    delay: float


def _count_puts(counted: Shared, number: int) -> None:
    """Have each entry counted as soon as the sink has returned from taking it."""
    put: Callable[[Any, bytes], None] = SpoolSink.put
    lock = threading.Lock()

    def counting(sink: SpoolSink, line: bytes) -> None:
        put(sink, line)
        with lock:
            counted[number] += 1

    SpoolSink.put = counting  # type: ignore[method-assign, assignment]  # in this process alone


def _be_quiet() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def _train(train: Training, folder: Path, number: int, counted: Shared) -> None:
    """Train until killed, in a log whose session has this number."""
    _be_quiet()
    _count_puts(counted, number)
    own = folder / "kept" / str(number)
    chance = random.Random(number)  # noqa: S311 - a seed, not a secret
    log = AuditLog(folder / f"logs{number // TOGETHER}", session=f"s{number}")
    while True:
        train(log, own, chance)


def _import_what_a_training_does(train: Training, folder: Path, counted: Shared) -> None:
    """Import what a child would import: it trains once, and says what it has loaded by then."""

    def trained() -> None:
        _be_quiet()
        with AuditLog(folder / "first") as log:
            train(log, folder / "first", random.Random(0))  # noqa: S311 - as above
        (folder / "modules").write_text("\n".join(sys.modules))

    assert ended(forked(trained), _HANGS_S) == 0, counted
    for name in (folder / "modules").read_text().splitlines():
        with suppress(Exception):  # one that is made, and not imported
            importlib.import_module(name)


class _Killing:
    """Kills processes, some at a time."""

    def __init__(self, adapter: str, folder: Path, kills: int) -> None:
        self._adapter, self._folder, self._kills = adapter, folder, kills
        self._counted = Shared(kills, folder / "counted")
        self._train = READY[adapter]()
        self._living: dict[int, _Killed] = {}
        _import_what_a_training_does(self._train, folder, self._counted)

    def kill(self) -> None:
        """Kill one process for each number."""
        numbers = iter(range(self._kills))
        number = next(numbers, None)
        while number is not None or self._living:
            if number is not None and len(self._living) < _AT_ONCE:
                self._living[number] = self._start(number)
                number = next(numbers, None)
            for each, process in [*self._living.items()]:
                self._look(each, process)
            time.sleep(0.004)

    def _start(self, number: int) -> _Killed:
        chance = random.Random(f"{self._adapter} {number}")  # noqa: S311 - as above
        now, early = time.monotonic(), number % 8 == 1
        at = now + chance.uniform(0, _WARMING_S) if early else None
        delay = min(2.0, chance.expovariate(1 / _TRAINING_S))
        if number % _FRESH == _FRESH - 1:
            given = str(self._kills), str(number)
            command = [sys.executable, __file__, self._adapter, str(self._folder), *given]
            fresh = subprocess.Popen(command)
            return _Killed(fresh.pid, fresh, now, None, delay)
        child = forked(lambda: _train(self._train, self._folder, number, self._counted))
        return _Killed(child, None, now, at, delay)

    def _look(self, number: int, process: _Killed) -> None:
        """Kill a process that is due; note when one is, from its first entry on."""
        now = time.monotonic()
        hangs = now > process.since + _HANGS_S
        if process.at is None and not hangs:
            if self._counted[number]:
                self._living[number] = process._replace(at=now + process.delay)
            return
        if process.at is None or now >= process.at:
            del self._living[number]
            os.kill(process.pid, signal.SIGKILL)
            code = process.fresh.wait(30) if process.fresh else ended(process.pid)
            assert not hangs, number
            print(number, code, self._counted[number], flush=True)  # noqa: T201 - read by the test


def main(adapter: str, folder: Path, kills: int, number: int | None = None) -> None:
    """Kill trainings, or be the one of a number, which is killed."""
    warnings.simplefilter("ignore")
    if number is None:
        _Killing(adapter, folder, kills).kill()
    else:
        _train(READY[adapter](), folder, number, Shared(kills, folder / "counted"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
