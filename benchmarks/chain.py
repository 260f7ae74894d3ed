"""What the chain costs an entry, and how fast `verify` reads: ``python -m benchmarks.chain``.

The cost is the CPU time of the thread that writes the files, which is never the training's own.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mllog_callbacks import EventType
from mllog_callbacks.chain import SEALED, Chain, chain_path
from mllog_callbacks.integrity import Status, new_key, verify
from mllog_callbacks.schema import encode
from mllog_callbacks.sinks import LogFiles

_AT_ONCE = 500  # entries the drainer finds in memory each time it looks


def _lines(entries: int) -> Iterator[bytes]:
    """Lines of some 400 bytes, as a training writes them."""
    last = entries - 1
    for n in range(entries):
        line = encode(
            {0: EventType.TRAINING_STARTED, last: EventType.TRAINING_COMPLETED}.get(
                n, EventType.TRAINING_PROGRESS
            ),
            dataset="credit.v3",
            model="LightGBM gbdt",
            decision=f"Iteration {n:,} of {entries:,} is done.",
            reasoning="The training binary_logloss fell since the entry before; no rule of early "
            "stopping is near, and no detector found anything.",
            metrics_snapshot={"iteration": n, "training": 1 / (n + 1), "valid_0": 2 / (n + 1)},
        )
        second, micro = divmod(n, 1_000_000)
        yield b'{"timestamp":"2026-01-01T00:00:%02d.%06dZ",%b' % (second, micro, line)


def _chained(directory: Path, lines: list[bytes]) -> float:
    """Write a session; return the microseconds of CPU that the chain took, by entry."""
    files = LogFiles(directory, "run", {})
    chain = Chain(
        chain_path(str(files.sidecar)),
        "run",
        files.manifest.encode(),
        0,
        str(directory / "state"),
    )
    name = files.path("2026-01-01").name
    spent = 0.0
    for first in range(0, len(lines), _AT_ONCE):
        part = b"".join(lines[first : first + _AT_ONCE])
        files.append(b"2026-01-01", memoryview(part))
        began = time.thread_time()
        chain.take(name, part)
        spent += time.thread_time() - began
    began = time.thread_time()
    chain.end(SEALED)
    files.close()
    return (spent + time.thread_time() - began) / len(lines) * 1e6


def _verified(directory: Path, entries: int) -> float:
    """Verify a session; return how many lines a second that made."""
    began = time.perf_counter()
    (verdict,) = verify([directory])
    took = time.perf_counter() - began
    assert verdict.status == Status.SOUND  # noqa: S101 - else the figure means nothing
    return entries / took


def _measure(lines: list[bytes], repeats: int, title: str) -> None:
    costs, speeds = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            costs.append(_chained(Path(folder), lines))
            speeds.append(_verified(Path(folder), len(lines)))
    _print(f"{title}: chain, us of CPU an entry", costs, "{:.2f}".format)
    _print(f"{title}: verify, lines a second", speeds, "{:,.0f}".format)


def _print(title: str, figures: list[float], shown: Callable[[float], str]) -> None:
    recorded = f"{shown(statistics.median(figures))} [{shown(min(figures))}, {shown(max(figures))}]"
    print(f"| {title} | {recorded} |")


def main() -> None:
    """Print a table: medians, and the least and the most."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    lines = list(_lines(given.entries))
    print(f"{given.entries:,} entries of {sum(map(len, lines)) // len(lines)} bytes\n")
    print("| what | median [least, most] |\n|---|---|")
    os.environ.pop("MLLOG_SIGNING_KEY", None)
    _measure(lines, given.repeats, "unsigned")
    with tempfile.NamedTemporaryFile() as key:
        key.write(new_key()[0])
        key.flush()
        os.environ["MLLOG_SIGNING_KEY"] = key.name
        _measure(lines, given.repeats, "signed")


if __name__ == "__main__":
    main()
