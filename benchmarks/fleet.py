"""A fleet's logs on DuckDB and on Spark, answers, time, memory: ``python -m benchmarks.fleet``.

``--entries 1000000`` and ``10000000`` show how the cost grows; 1,000 entries make a session. Each
engine runs in a process of its own, and its memory is that of this process and all it started.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mllog_callbacks.query import connect, spark_entries

_A_SESSION = 1_000  # entries
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20

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
    directory.mkdir(parents=True)
    size = 0
    for session in range(math.ceil(entries / _A_SESSION)):
        text = "".join(_lines(session, min(_A_SESSION, entries - session * _A_SESSION)))
        day = 1 + session % 28
        path = directory / f"ml-platform-2026-01-{day:02}.s{session:06}.jsonl"
        size += path.write_text(text)
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


def _duckdb(directory: str) -> Callable[[str], list[tuple[object, ...]]]:
    connection = connect([directory])
    return lambda sql: connection.execute(sql).fetchall()


def _spark(directory: str) -> Callable[[str], list[tuple[object, ...]]]:
    sys.path.append(str(Path(__file__).parents[1] / "examples" / "fleet"))
    from ask import open_spark  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - an example

    spark = open_spark("local-cluster[2,1,1024]")
    spark_entries(spark, directory)
    return lambda sql: [tuple(row) for row in spark.sql(sql).collect()]


_ENGINES = {"duckdb": _duckdb, "spark": _spark}


def _run(engine: str, directory: str) -> None:
    """Answer all queries and print, as JSON, the answers and what each took."""
    began = time.perf_counter()
    ask = _ENGINES[engine](directory)
    taken = {"start": time.perf_counter() - began}
    answers = {}
    for name, sql in QUERIES.items():
        began = time.perf_counter()
        answers[name] = [[str(each) for each in row] for row in ask(sql)]
        taken[name] = time.perf_counter() - began
    print(json.dumps({"taken": taken, "answers": answers}))


def _measure(engine: str, directory: Path) -> tuple[dict[str, object], float]:
    """What an engine answered, and the most memory it had, in MB."""
    command = [sys.executable, "-m", "benchmarks.fleet", "--run", engine, "--logs", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        watch = _Memory(process.pid)
        watch.start()
        told, _ = process.communicate()
        watch.over.set()
        watch.join()
    if process.returncode:
        sys.exit(f"{engine} failed")
    return json.loads(told.splitlines()[-1]), watch.most


class _Memory(threading.Thread):
    """Watches the memory of a process and of all it started."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.most = 0.0
        self._pid = pid

    def run(self) -> None:
        """Look five times a second."""
        while not self.over.wait(0.2):
            self.most = max(self.most, sum(map(_resident, _family(self._pid))))


def _family(pid: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdecimal() and (status := _read(each / "stat")):
            parent = int(status.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(each.name))
    found = [pid]
    for member in found:
        yield member
        found += children.get(member, [])


def _resident(pid: int) -> float:
    pages = _read(Path(f"/proc/{pid}/statm")).split()
    return int(pages[1]) * _PAGE_MB if pages else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:  # it has just ended
        return ""


def main() -> None:
    """Print the time of each query and the memory of each engine; fail where answers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--engines", default="duckdb,spark")
    parser.add_argument("--logs", help="Where the logs are made; default a temporary folder.")
    parser.add_argument("--run", choices=_ENGINES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        _run(given.run, given.logs)
        return
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(given.logs or folder) / f"fleet-{given.entries}"
        size = generate(logs, given.entries)
        sessions = math.ceil(given.entries / _A_SESSION)
        print(f"{given.entries:,} entries, {sessions:,} sessions, {size / 1e6:,.0f} MB\n")
        found = {engine: _measure(engine, logs) for engine in given.engines.split(",")}
    names = ["start", *QUERIES]
    print(f"| engine | {' | '.join(f'{each}, s' for each in names)} | memory, MB |")
    print("|---" * (len(names) + 2) + "|")
    for engine, (told, memory) in found.items():
        taken = told["taken"]
        cells = " | ".join(f"{taken[each]:.2f}" for each in names)  # type: ignore[index]  # of JSON
        print(f"| {engine} | {cells} | {memory:,.0f} |")
    answers = [told["answers"] for told, _ in found.values()]
    if any(each != answers[0] for each in answers):
        sys.exit("The answers differ.")
    print("\nAll answers are equal.")


if __name__ == "__main__":
    main()
