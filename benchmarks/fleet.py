"""A fleet's logs on DuckDB and on Spark, answers, time, memory: ``python -m benchmarks.fleet``.

``--entries 1000000 10000000`` (3.3 GB of disk) shows how the cost grows; 1,000 entries make a
session. Each engine runs in a process of its own, and its memory is the most that this process and
all it started have at one time. Spark is a cluster of its own on this machine, and its start, which
is distinguished, is over when all executors are there. How far it is stands on stderr.
"""

import argparse
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

from benchmarks.memory import MemoryWatch
from mllog_callbacks.query import connect
from mllog_callbacks.query._sql import spark_entries

_ROOT = Path(__file__).parents[1]
_A_SESSION = 1_000  # entries

QUERIES = {
    "by event": "select event, count(*) as n from entries group by event order by event",
    "by session": "select session, count(*) as n, min(timestamp) as first, max(timestamp) as last"
    " from entries group by session order by session",
    "best by model": "select model, count(*) as n,"
    " max(cast(get_json_object(metrics_snapshot, '$.auc') as double)) as auc"
    " from entries where event = 'MODEL_EVALUATED' group by model order by model",
    "one session": "select timestamp, decision from entries where session = 's000007'"
    " and event <> 'TRAINING_PROGRESS' order by timestamp",
}


def generate(directory: Path, entries: int) -> int:
    """Write sessions of a thousand entries each; return the bytes they have."""
    size, sessions = 0, math.ceil(entries / _A_SESSION)
    for session in range(sessions):
        text = "".join(_lines(session, min(_A_SESSION, entries - session * _A_SESSION)))
        day = 1 + session % 28
        path = directory / f"ml-platform-2026-01-{day:02}.s{session:06}.jsonl"
        size += path.write_text(text)
        if session % 1_000 == 999:  # noqa: PLR2004 - now and then
            _record(f"wrote {session + 1:,} of {sessions:,} sessions")
    return size


def _lines(session: int, entries: int) -> Iterator[str]:
    start = f"2026-01-{1 + session % 28:02}T{session % 24:02}"
    about = f'"dataset":"credit.v{session % 9}","model":"model {session % 40}"'
    for n in range(entries):
        stamp = f"{start}:{n // 60 % 60:02}:{n % 60:02}.{session % 1_000_000:06}Z"
        event, snapshot = _event(session, n, entries)
        yield (
            f'{{"timestamp":"{stamp}","event":"{event}",{about},'
            f'"decision":"Entry {n} of {entries}.","reasoning":"The training binary_logloss fell '
            f'since the entry before; no rule of early stopping is near it.",'
            f'"metrics_snapshot":{snapshot}}}\n'
        )


def _event(session: int, n: int, entries: int) -> tuple[str, str]:
    if n == 0:
        return "TRAINING_STARTED", '{"rows":30000,"iterations":998}'
    if n == entries - 1:
        return "TRAINING_COMPLETED", f'{{"seconds":{session % 97}.5}}'
    if n == entries - 2:
        return "MODEL_EVALUATED", f'{{"auc":0.{9_000 + session * 7919 % 999}}}'
    return "TRAINING_PROGRESS", f'{{"iteration":{n},"training":{1 / n:.6f},"valid_0":{2 / n:.6f}}}'


_Ask = Callable[[str], list[tuple[object, ...]]]


@contextmanager
def _duckdb(directory: str) -> Iterator[_Ask]:
    with connect([directory]) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


_PATIENT = {
    # On a machine that is busy, the executors take minutes to start and to answer
    "spark.network.timeout": "900s",
    "spark.worker.timeout": "900",
    "spark.executor.heartbeatInterval": "60s",
    # Nothing is asked before they are all there: their start is no query's time
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "900s",
}


@contextmanager
def _spark(directory: str) -> Iterator[_Ask]:
    sys.path.append(str(_ROOT / "examples" / "fleet"))
    from ask import open_spark  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - an example

    _move_home()
    spark = open_spark("local-cluster[2,1,1024]", _PATIENT)
    try:
        spark.range(1).count()  # waits for the executors
        spark_entries(spark, directory)
        yield lambda sql: [tuple(row) for row in spark.sql(sql).collect()]
    finally:
        spark.stop()


def _move_home() -> None:
    """Make this folder Spark's home: its executors leave their work there, which is removed."""
    import pyspark  # noqa: PLC0415 - of the extra `spark`

    installed = Path(os.environ.get("SPARK_HOME") or pyspark.__path__[0])
    home = Path("home").absolute()
    home.mkdir()
    for each in installed.iterdir():
        home.joinpath(each.name).symlink_to(each)
    os.environ["SPARK_HOME"] = str(home)


_ENGINES = {"duckdb": _duckdb, "spark": _spark}


def _run(engine: str, directory: str) -> None:
    """Ask all queries; print of each, as JSON, its name, the seconds it took and the answer."""
    began = time.perf_counter()
    with _ENGINES[engine](directory) as ask:
        print(json.dumps(["start", time.perf_counter() - began, []]), flush=True)
        for name, sql in QUERIES.items():
            began = time.perf_counter()
            rows = ask(sql)
            took = time.perf_counter() - began
            print(json.dumps([name, took, [list(map(str, row)) for row in rows]]), flush=True)


class Measured(NamedTuple):
    """What an engine came to.

    Attributes:
        taken: By query, and for its start, the seconds it took.
        answers: By query, the rows of the answer.
        memory: The most it had, in MB.
    """

    taken: dict[str, float]
    answers: dict[str, list[list[str]]]
    memory: float


def _measure(engine: str, logs: Path, place: Path) -> Measured:
    """Run an engine in a process of its own, which works and leaves what it leaves in a place."""
    place.mkdir()
    command = [sys.executable, "-m", "benchmarks.fleet", "--run", engine, "--logs", str(logs)]
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    own = {"PYTHONPATH": paths, "TMPDIR": str(place), "SPARK_LOCAL_DIRS": str(place)}
    said = place / "stderr"
    with (
        said.open("wb") as stderr,
        subprocess.Popen(
            command, cwd=place, env=os.environ | own, stdout=subprocess.PIPE, stderr=stderr
        ) as process,
    ):
        watch = MemoryWatch(process.pid)
        watch.start()
        try:
            found = _recorded(engine, process.stdout)
        finally:
            process.terminate()  # does nothing where it has ended
            process.communicate()  # until all it started have ended too: they hold its stdout
            watch.stop()
    if len(found) <= len(QUERIES):
        sys.exit(f"{engine} failed\n{said.read_text('utf-8', 'replace')[-4_000:]}")
    taken = {name: took for name, took, _ in found}
    return Measured(taken, {name: rows for name, _, rows in found}, watch.most)


def _recorded(engine: str, lines: IO[bytes] | None) -> list[tuple[str, float, Any]]:
    """What the process prints, until it ends or has recorded all."""
    found: list[tuple[str, float, Any]] = []
    for line in lines or ():
        if line.startswith(b"["):  # Java prints what it likes
            name, took, rows = json.loads(line)
            _record(f"{engine}: {name}: {took:.2f} s")
            found.append((name, took, rows))
    return found


def _record(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _compare(entries: int, engines: list[str], folder: str | None) -> dict[str, Measured]:
    """Make logs, ask them of each engine, print a table; fail where answers differ."""
    with tempfile.TemporaryDirectory(prefix="fleet-", dir=folder) as place:
        logs = Path(place, "logs")
        logs.mkdir()
        size = generate(logs, entries)
        sessions = math.ceil(entries / _A_SESSION)
        print(f"{entries:,} entries, {sessions:,} sessions, {size / 1e6:,.0f} MB\n")
        found = {each: _measure(each, logs, Path(place, each)) for each in engines}
    names = ["start", *QUERIES]
    print(f"| engine | {' | '.join(f'{each}, s' for each in names)} | memory, MB |")
    print("|---" * (len(names) + 2) + "|")
    for engine, each in found.items():
        cells = " | ".join(f"{each.taken[name]:.2f}" for name in names)
        print(f"| {engine} | {cells} | {each.memory:,.0f} |")
    first = next(iter(found))
    differing = [
        f"{engine}: {name}"
        for engine, each in found.items()
        for name in QUERIES
        if each.answers[name] != found[first].answers[name]
    ]
    if differing:
        sys.exit(f"The answers differ from those of {first}: {', '.join(differing)}")
    rows = sum(map(len, found[first].answers.values()))
    recorded = "All answers are equal" if len(found) > 1 else "One engine, compared with none"
    print(f"\n{recorded}: {rows:,} rows of {len(QUERIES)} queries.\n", flush=True)
    return found


def growth(found: dict[int, dict[str, Measured]]) -> str:
    """A table of how many times as much each size costs as the one before it."""
    names = ["start", *QUERIES]
    recorded = [f"| from, to | times the entries | engine | {' | '.join(names)} | memory |"]
    recorded.append("|---" * (len(names) + 4) + "|")
    sizes = list(found)
    for fewer, more in pairwise(sizes):
        for engine, after in found[more].items():
            before = found[fewer][engine]
            times = [after.taken[name] / before.taken[name] for name in names]
            cells = " | ".join(f"{each:.1f}" for each in [*times, after.memory / before.memory])
            recorded.append(f"| {fewer:,}, {more:,} | {more / fewer:g} | {engine} | {cells} |")
    return "\n".join(recorded)


def main() -> None:
    """Print the time of each query and the memory of each engine; fail where answers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000_000], help="Sizes.")
    parser.add_argument("--engines", default="duckdb,spark")
    parser.add_argument("--logs", help="Where logs are made, and removed after.")
    parser.add_argument("--run", choices=_ENGINES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        _run(given.run, given.logs)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # what was made is removed
    engines = given.engines.split(",")
    if "spark" in engines and shutil.which("java") is None:
        sys.exit("Spark needs Java 17; --engines duckdb goes without.")
    found = {size: _compare(size, engines, given.logs) for size in sorted({*given.entries})}
    if len(found) > 1:
        print(f"How many times as much it costs\n\n{growth(found)}")


if __name__ == "__main__":
    main()
