"""What a hook costs a call, beside the bare call and beside wrapt alone.

Run it with ``python -m benchmarks.hooks [--repeats 15] [--calls 20000]``. The candidates take
turns; each figure is a ratio to the bare call of the same turn, with the quartiles of these
ratios, and below stand the microseconds a call adds: CPU time of the calling thread. A function
that sums 10,000 numbers is about as short as a platform's actions come: it shows what one feels.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from typing import Any

import wrapt

from benchmarks.turns import Spread, take_turns
from mllog_callbacks import AuditLog, audit_context
from mllog_callbacks.platform import Hook, Recorded, Rule, argument, attach


def passing(wrapped: Any, _instance: object, args: Any, kwargs: Any) -> Any:  # noqa: ANN401 - anybody's
    """Call what is wrapped: what wrapt alone costs."""
    return wrapped(*args, **kwargs)


def made(work: int, kind: str) -> type:
    """A class of its own with a method of some work, hooked or not afterwards."""

    class Actions:
        def act(self, name: str, size: int = 3) -> int:
            return len(name) + sum(range(work)) + size

        async def later(self, name: str, size: int = 3) -> int:
            return len(name) + sum(range(work)) + size

    Actions.__name__ = kind
    return Actions


def candidates(work: int, calls: int, log: AuditLog) -> dict[str, Callable[[], float]]:
    """What is compared, by name; each measures the seconds of its calls."""
    silent = Hook()
    recording = Hook(
        Rule("MODEL_SAVED", lambda call: Recorded("Saved.", None, {"size": call.result})),
        model=argument("name"),
    )
    kinds = {kind: made(work, kind) for kind in ("bare", "wrapt", "silent", "recording", "off")}
    for name in ("act", "later"):
        wrapt.wrap_function_wrapper(kinds["wrapt"], name, passing)
        attach(kinds["silent"], {name: silent}, log)
        attach(kinds["recording"], {name: recording}, log)
    attach(kinds["off"], {"act": recording, "later": recording}, log).detach()
    plain = {kind: _calling(of, calls) for kind, of in kinds.items()}
    return plain | {f"await {kind}": _awaiting(of, calls) for kind, of in kinds.items()}


def _calling(kind: Any, calls: int) -> Callable[[], float]:  # noqa: ANN401 - made above
    def measure() -> float:
        act = kind().act
        begun = time.thread_time()
        for _ in range(calls):
            act("m1", size=2)
        return time.thread_time() - begun

    return measure


def _awaiting(kind: Any, calls: int) -> Callable[[], float]:  # noqa: ANN401 - made above
    async def measure() -> float:
        later = kind().later
        begun = time.thread_time()
        for _ in range(calls):
            await later("m1", size=2)
        return time.thread_time() - begun

    return lambda: asyncio.run(measure())


def emits(calls: int, log: AuditLog) -> dict[str, Callable[[], float]]:
    """What the context costs an emit that is outside of any, or within one."""

    def emit() -> float:
        begun = time.thread_time()
        for _ in range(calls):
            log.emit("MODEL_SAVED", decision="Saved.", metrics_snapshot={"size": 3})
        return time.thread_time() - begun

    def within() -> float:
        with audit_context(dataset="credit", model="m1"):
            return emit()

    def given() -> float:
        begun = time.thread_time()
        for _ in range(calls):
            log.emit(
                "MODEL_SAVED",
                dataset="credit",
                model="m1",
                decision="Saved.",
                metrics_snapshot={"size": 3},
            )
        return time.thread_time() - begun

    return {"emit": emit, "emit, names given": given, "emit within audit_context": within}


def shown(title: str, measured: dict[str, Callable[[], float]], repeats: int, calls: int) -> None:
    """Print how the candidates of one comparison stand to the first."""
    turns = take_turns(measured, repeats)
    base = next(iter(measured))
    print(turns.table(base, title))
    for name, taken in turns.items():
        added = [(own - bare) / calls * 1e6 for own, bare in zip(taken, turns[base], strict=True)]
        print(f"  {name}: {Spread.of(added)} us more a call")
    print()


def main() -> None:
    """Print a table for each length of work, and one of emits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--calls", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, AuditLog(folder) as log:
        for work in (0, 10_000):
            calls = given.calls if not work else given.calls // 10
            of_work = candidates(work, calls, log)
            for prefix in ("", "await "):
                measured = {
                    name: each
                    for name, each in of_work.items()
                    if name.startswith("await ") == bool(prefix)
                }
                shown(f"{prefix}call that sums {work:,} numbers", measured, given.repeats, calls)
        shown("an emit", emits(given.calls, log), given.repeats, given.calls)


if __name__ == "__main__":
    main()
