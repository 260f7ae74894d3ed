"""Programs at their limits: what `emit` does where nothing more may be called, or values panic."""

import subprocess
import sys
from pathlib import Path

from mllog_callbacks import AuditLog
from processes import drained, lines, numbers

DEEP = """
import inspect, sys, time
from mllog_callbacks import AuditLog
log = AuditLog(sys.argv[1])
log.emit("MODEL_SAVED", metrics_snapshot={"n": -1})
snapshots = {"plain": {}, "slow": {"object": object(), "nan": float("nan"), "nested": {"a": [1]}}}
def down(left, n, snapshot):
    if left:
        return down(left - 1, n, snapshot)
    log.emit("MODEL_SAVED", metrics_snapshot={"n": n, **snapshot})
def nested():
    with log._session.opened.lock:  # as a handler that interrupts an emit, again and again
        for each in range(40):
            down(sys.getrecursionlimit() - len(inspect.stack()) - 4 - each % 2, -1, {})
began = time.monotonic()
nested()
assert time.monotonic() - began < 20, "each waited for a second"
base, calls = len(inspect.stack()), 0
for kind, snapshot in snapshots.items():
    for spare in range(60):
        try:
            down(sys.getrecursionlimit() - base - spare - 2, calls, snapshot)
            calls += 1
        except RecursionError as error:
            # `down` itself, or the making of its argument
            at = error.__traceback__
            while at.tb_next:
                at = at.tb_next
            assert at.tb_frame.f_code.co_name == "down", at.tb_frame
log.close()
assert log.stats.emitted >= calls + 41, (log.stats, calls)
assert log.stats.written + log.stats.dropped == log.stats.emitted, log.stats
print(calls, log.stats.dropped)
"""


def test_an_entry_at_the_recursion_limit_is_written_or_counted(tmp_path: Path) -> None:
    """`emit` raises nothing, however little of the stack is left."""
    done = subprocess.run(
        [sys.executable, "-c", DEEP, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    calls, dropped = map(int, done.stdout.split())
    found = numbers(tmp_path)
    assert len(found) + dropped == calls + 41
    assert sum(numbers(tmp_path, "dropped_entries")) == dropped


class Panic(BaseException):
    """As pyo3 has it: a library written in Rust that panics raises no `Exception`."""


class Panics:
    """A value that panics when it is read."""

    def __repr__(self) -> str:
        raise Panic


def test_a_panic_of_a_value_stays_with_the_value(tmp_path: Path) -> None:
    """In a snapshot, as a text, as a name."""
    given = Panics()
    with AuditLog(tmp_path) as log:
        log.emit("MODEL_SAVED", metrics_snapshot={"n": 0, "value": given})
        log.emit("MODEL_SAVED", decision=given, reasoning=given)  # type: ignore[arg-type]  # wrong
        log.emit("MODEL_SAVED", model=given, dataset=given)  # type: ignore[arg-type]  # likewise
    drained(tmp_path)
    assert len(lines(tmp_path)) == 3
    assert numbers(tmp_path) == [0]
