"""What the audit callback costs a LightGBM training, beside none, LightGBM's own and its peers.

Run it with ``python -m benchmarks.lightgbm_overhead [--repeats 15]``. All candidates take turns
within one run (see `benchmarks.turns`); each turn gives ratios to the training without any
callback in the same turn:

- all: CPU time of all threads of the process, until what waits beside the training is done;
- thread: CPU time of the thread that trains, and what it comes to, in microseconds an iteration;
- wall: time on the clock, which says little on a busy machine.

DVCLive and MLflow's autolog take part where they are installed.
"""

import argparse
import contextlib
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import lightgbm as lgb
import numpy as np

from benchmarks.trackers import BASE, TRACKERS, Tracker
from benchmarks.turns import Turns, take_turns
from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

Train = Callable[[list[Any]], "Cost"]

PEERS: Final = {"DVCLive": "dvclive", "MLflow autolog, local files": "mlflow"}
"""Peers that take part where their package is installed."""


class Cost(NamedTuple):
    """Seconds that a training took."""

    all: float
    thread: float
    wall: float


def no_op(_env: object) -> None:
    """Do nothing: what being called costs."""


def candidates(log: AuditLog, debug: AuditLog) -> dict[str, Tracker]:
    """What to compare; our own with a log that is open already, and stays open."""
    installed = [name for name, package in PEERS.items() if importlib.util.find_spec(package)]
    return {
        BASE: TRACKERS[BASE],
        "no-op": _always(lambda: no_op),
        "record_evaluation": TRACKERS["record_evaluation"],
        "MLAuditCallback, INFO": _always(lambda: MLAuditCallback(log)),
        "without detectors, INFO": _always(lambda: MLAuditCallback(log, detectors=[])),
        "MLAuditCallback, DEBUG": _always(lambda: MLAuditCallback(debug)),
        **{name: TRACKERS[name] for name in installed},
    }


def _always(callback: Callable[[], Any]) -> Tracker:
    return lambda _folder: contextlib.nullcontext([callback()])


def training(rows: int, features: int, iterations: int) -> Train:
    """A training on random data; returns what it took."""
    rng = np.random.default_rng(0)
    values = rng.random((rows, features))
    labels = (values[:, 0] + rng.normal(0, 0.3, rows) > 0.5).astype(int)  # noqa: PLR2004 - half
    half = rows // 2

    def train(callbacks: list[Any]) -> Cost:
        data = lgb.Dataset(values[:half], labels[:half])
        valid = data.create_valid(values[half:], labels[half:])
        params = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 0}
        start = Cost(time.process_time(), time.thread_time(), time.perf_counter())
        lgb.train(params, data, iterations, valid_sets=[valid], callbacks=callbacks)
        end = Cost(time.process_time(), time.thread_time(), time.perf_counter())
        return Cost(*(b - a for a, b in zip(start, end, strict=True)))

    return train


def compare(train: Train, made: dict[str, Tracker], repeats: int, iterations: int) -> None:
    """Let the candidates take turns, and print how they stand."""
    costs: dict[str, list[Cost]] = {name: [] for name in made}

    def measure(name: str) -> float:
        with tempfile.TemporaryDirectory() as folder, made[name](Path(folder)) as callbacks:
            costs[name].append(train(callbacks))
        return costs[name][-1].all

    take_turns({name: partial(measure, name) for name in made}, repeats)
    ratios = [
        Turns({name: [cost[at] for cost in taken[1:]] for name, taken in costs.items()}).ratios(
            BASE
        )
        for at in range(len(Cost._fields))
    ]
    for name, taken in costs.items():
        more = [
            (own.thread - other.thread) / iterations * 1e6
            for own, other in zip(taken[1:], costs[BASE][1:], strict=True)
        ]
        shown = " | ".join(str(ratio[name]) for ratio in ratios)
        print(f"| {name} | {shown} | {statistics.median(more):.2f} |")


def main() -> None:
    """Print one table a size of training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    with (
        tempfile.TemporaryDirectory() as folder,
        AuditLog(folder) as log,
        AuditLog(folder, level="DEBUG") as debug,
    ):
        for rows, features, iterations in ((1_000, 10, 2_000), (50_000, 50, 100)):
            print(f"\n{rows:,} x {features}, {iterations:,} iterations\n")
            print("| callback | all | thread | wall | us an iteration on the thread |")
            print("|---|---|---|---|---|")
            compare(
                training(rows, features, iterations), candidates(log, debug), repeats, iterations
            )


if __name__ == "__main__":
    main()
