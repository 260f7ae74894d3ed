"""What daily use costs, beside what else one might use: ``python -m benchmarks.daily``.

- programs: whole processes that import, emit one entry or train for a moment, in turns; CPU of the
  process and of all it leaves behind, as our drainer (Linux);
- adapters: CPU of the import of each adapter where its framework is imported already, and of the
  first and the second audited fit beyond a bare one;
- commands: CPU of each command over a folder of so many sessions, and the exponent by which it
  grows: 1 is linear;
- workers: processes and memory while so many processes log into one folder at once.

Run it where bytecode is written (no PYTHONDONTWRITEBYTECODE): an installed package has it.
"""

import argparse
import ctypes
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.turns import take_turns
from mllog_callbacks import EventType
from mllog_callbacks.schema import encode
from mllog_callbacks.sinks import LogFiles, QueuedSink

_SUBREAPER: Final = 36  # prctl's PR_SET_CHILD_SUBREAPER
_BARE: Final = "Python alone"

_LOG = "from mllog_callbacks import AuditLog\n"
_ENTRY = "'MODEL_SAVED', decision='saved', metrics_snapshot={'loss': 0.25}"

PROGRAMS: Final[Mapping[str, str]] = {
    _BARE: "pass",
    "import pydantic": "import pydantic",
    "import AuditLog": _LOG,
    "AuditLog, one entry": f"{_LOG}AuditLog('logs').emit({_ENTRY})",
    "AuditLog, 1,000 entries": f"{_LOG}log = AuditLog('logs')\n"
    f"for _ in range(1000): log.emit({_ENTRY})",
    "logging, one entry": "import json, logging\n"
    "log = logging.getLogger('x'); log.addHandler(logging.FileHandler('x.log'))\n"
    "log.warning(json.dumps({'loss': 0.25}))",
    "structlog, one entry": "import structlog\n"
    "structlog.configure(processors=[structlog.processors.JSONRenderer()],"
    " logger_factory=structlog.WriteLoggerFactory(open('x.log', 'w')))\n"
    "structlog.get_logger().info('saved', loss=0.25)",
    "loguru, one entry": "from loguru import logger\n"
    "logger.remove(); logger.add('x.log', serialize=True); logger.info('saved')",
    "MLflow, one metric": "import mlflow\n"
    "mlflow.set_tracking_uri('sqlite:///x.db')\n"
    "with mlflow.start_run(): mlflow.log_metric('loss', 0.25)",
}
"""By name, what a process runs."""

_SKLEARN: Final = """
import numpy as np, time
from sklearn.linear_model import LogisticRegression
X = np.random.RandomState(0).randn(100, 4); y = (X[:, 0] > 0).astype(int)
fit = lambda: LogisticRegression().fit(X, y)
"""
_LIGHTGBM: Final = """
import lightgbm as lgb, numpy as np, time
X = np.random.RandomState(0).randn(500, 4); y = (X[:, 0] > 0).astype(int)
params = dict(objective="binary", verbose=-1, num_threads=1)
fit = lambda **more: lgb.train(params, lgb.Dataset(X, y), 20, **more)
"""
_XGBOOST: Final = """
import xgboost as xgb, numpy as np, time
X = np.random.RandomState(0).randn(500, 4); y = (X[:, 0] > 0).astype(int)
params = dict(objective="binary:logistic", nthread=1)
fit = lambda **more: xgb.train(params, xgb.DMatrix(X, y), 20, **more)
"""
_BY_CALLBACK: Final = "audited = lambda: fit(callbacks=[MLAuditCallback()])"

ADAPTERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "mllog_sklearn": (
        _SKLEARN,
        "from mllog_sklearn import audited as made",
        "audited = lambda: made(LogisticRegression()).fit(X, y)",
    ),
    "mllog_lightgbm": (_LIGHTGBM, "from mllog_lightgbm import MLAuditCallback", _BY_CALLBACK),
    "mllog_xgboost": (_XGBOOST, "from mllog_xgboost import MLAuditCallback", _BY_CALLBACK),
}
"""By name: the framework with a bare fit, the adapter's import, and an audited fit."""

_COMMANDS: Final = ("--help", "summary", "report", "verify", "tail")
_MLLOG: Final = "import sys; from mllog_callbacks.cli import main; main(prog_name='mllog')"

_WORKER: Final = f"""
import sys, time
{_LOG}log = AuditLog('logs')
for _ in range(20): log.emit({_ENTRY})
log.flush()
print('here', flush=True); sys.stdin.readline()
"""


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["programs", "adapters", "commands", "workers"])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--sessions", type=int, nargs="+", default=[10, 100, 1_000])
    parser.add_argument("--workers", type=int, default=64)
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)  # what programs leave behind is ours to count
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        for part in given.parts:
            print(f"load {os.getloadavg()[0]:.1f}")
            {
                "programs": partial(programs, given.repeats),
                "adapters": partial(adapters, given.repeats),
                "commands": partial(commands, given.sessions),
                "workers": partial(workers, given.workers),
            }[part]()
        os.chdir("/")


def programs(repeats: int) -> None:
    """Whole processes, in turns."""
    found: dict[str, Callable[[], float]] = {}
    for name, code in PROGRAMS.items():
        try:
            _spent(sys.executable, "-c", code)
        except subprocess.CalledProcessError:
            print(f"left out: {name}")
        else:
            found[name] = partial(_spent, sys.executable, "-c", code)
    turns = take_turns(found, repeats)
    for name, taken in turns.items():
        print(f"{name}: median {statistics.median(taken):.3f} s CPU, least {min(taken):.3f}")
    print(turns.table(_BARE, "CPU of a process and what it leaves"))
    print(turns.table("import pydantic", "the same"))


def _spent(*command: str) -> float:
    """Seconds of CPU of a command and of what it leaves behind, which is waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def adapters(repeats: int) -> None:
    """Imports and fits, each in a new process."""
    clock = "at = time.process_time()\n{}\nprint(time.process_time() - at)\n"
    for name, (bare, imported, audited) in ADAPTERS.items():
        timed = [clock.format(each) for each in ("fit()", imported, "audited()", "audited()")]
        code = f"{bare}\nfit()\n{timed[0]}{timed[1]}{audited}\n{timed[2]}{timed[3]}"
        took: list[list[float]] = []
        for _ in range(repeats):
            done = subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, text=True
            )
            took.append([1_000 * float(each) for each in done.stdout.split()])
        plain, beyond, first, second = (statistics.median(each) for each in zip(*took, strict=True))
        print(
            f"{name}: import {beyond:.0f} ms CPU beyond its framework's, first fit "
            f"{first - plain:.0f} ms and second {second - plain:.0f} ms beyond a bare one"
        )


def commands(sizes: list[int]) -> None:
    """Each command over folders of so many sessions."""
    spent: dict[str, list[float]] = {each: [] for each in _COMMANDS}
    for size in sizes:
        _sessions(Path(f"logs-{size}"), size)
        for each in _COMMANDS:
            out = ["-o", "page.html"] if each == "report" else []
            paths = [] if each == "--help" else [f"logs-{size}"]
            spent[each].append(_spent(sys.executable, "-c", _MLLOG, each, *paths, *out))
    for each, taken in spent.items():
        least, *_, most = taken
        exponent = math.log(most / least) / math.log(sizes[-1] / sizes[0])
        recorded = ", ".join(
            f"{size:,}: {seconds:.2f}" for size, seconds in zip(sizes, taken, strict=True)
        )
        print(f"mllog {each}, s CPU by sessions: {recorded}; exponent {exponent:.2f}")


def _sessions(folder: Path, many: int) -> None:
    """A folder of short sessions, as their sinks write them."""
    facts: dict[str, object] = {"pid": os.getpid(), "level": "INFO"}
    run = {"run": 1, "progress": {"unit": "iteration", "done": 20, "planned": 20}}
    for number in range(many):
        sink = QueuedSink(LogFiles(folder, f"session-{number:06}", facts))
        for event, snapshot in (
            (EventType.TRAINING_STARTED, {"run": 1, "plan": {"unit": "iteration", "most": 20}}),
            (EventType.TRAINING_PROGRESS, {**run, "results": {"valid": {"auc": 0.9}}}),
            (EventType.TRAINING_COMPLETED, {**run, "stop": {"by": "plan"}}),
        ):
            sink.put(encode(event, "credit.v3", "LightGBM gbdt", "d", "r", snapshot))
        sink.close(60)


def workers(many: int) -> None:
    """Processes that log at once, each in a session of its own."""
    begun = time.monotonic()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(many)
    ]
    for each in started:
        assert each.stdout is not None  # noqa: S101 - it is a pipe
        each.stdout.readline()
    drainers = _drainers()
    print(
        f"{many} workers after {time.monotonic() - begun:.1f} s: {len(drainers)} drainers with "
        f"{sum(map(_own_mb, drainers)):.0f} MB of their own, each worker has "
        f"{statistics.median(_own_mb(each.pid) for each in started):.0f} MB"
    )
    for each in started:
        each.communicate(b"\n")
    with suppress(ChildProcessError):
        while True:
            os.wait()
    print(f"afterwards: {len(_drainers())} drainers")


def _drainers() -> list[int]:
    """The drainers of this benchmark, which adopts them."""
    every = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
    parents = {pid: _read(pid, "stat").rpartition(b")")[2].split()[1:2] for pid in every}
    own = [pid for pid, parent in parents.items() if parent == [b"%d" % os.getpid()]]
    return [pid for pid in own if b"_process import main" in _read(pid, "cmdline")]


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


def _own_mb(pid: int) -> float:
    """Its share of memory: what several map is divided among them."""
    lines = _read(pid, "smaps_rollup").splitlines()
    return sum(int(each.split()[1]) for each in lines if each.startswith(b"Pss:")) / 1024


if __name__ == "__main__":
    main()
