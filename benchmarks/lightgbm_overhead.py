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
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import lightgbm as lgb
import numpy as np

from benchmarks.trackers import keep_mlflow_in
from benchmarks.turns import Turns, take_turns
from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

BASE: Final = "no callback"
Callbacks = Callable[[], list[Any]]
Train = Callable[[list[Any]], "Cost"]


class Cost(NamedTuple):
    """Seconds that a training took."""

    all: float
    thread: float
    wall: float


def no_op(_env: object) -> None:
    """Do nothing: what being called costs."""


def candidates(log: AuditLog, debug: AuditLog) -> dict[str, Callbacks]:
    """The callbacks to compare, made anew for each training."""
    made: dict[str, Callbacks] = {
        BASE: list,
        "no-op": lambda: [no_op],
        "record_evaluation": lambda: [lgb.record_evaluation({})],
        "MLAuditCallback, INFO": lambda: [MLAuditCallback(log)],
        "without detectors, INFO": lambda: [MLAuditCallback(log, detectors=[])],
        "MLAuditCallback, DEBUG": lambda: [MLAuditCallback(debug)],
    }
    if importlib.util.find_spec("dvclive"):
        made["DVCLive"] = _dvclive
    if importlib.util.find_spec("mlflow"):
        made["MLflow autolog"] = _mlflow
    return made


def _dvclive() -> list[Any]:
    from dvclive import Live  # noqa: PLC0415 - a peer that may be missing
    from dvclive.lgbm import DVCLiveCallback  # noqa: PLC0415 - likewise

    return [DVCLiveCallback(live=Live(tempfile.mkdtemp(), save_dvc_exp=False, report=None))]


def _mlflow() -> list[Any]:
    """The callback that autolog adds, with its store in a file."""
    import mlflow  # noqa: PLC0415 - a peer that may be missing
    from mlflow.lightgbm import _autolog_callback  # noqa: PLC0415 - likewise
    from mlflow.utils.autologging_utils import batch_metrics_logger  # noqa: PLC0415 - likewise

    mlflow.end_run()
    keep_mlflow_in(Path(tempfile.mkdtemp()))
    run, results = mlflow.start_run(), list[Any]()
    logger = batch_metrics_logger(run.info.run_id)

    def record(env: Any) -> None:  # noqa: ANN401 - LightGBM's environment
        _autolog_callback(env, metrics_logger, results)

    metrics_logger = contextlib.ExitStack().enter_context(logger)
    return [record]


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


def compare(train: Train, made: dict[str, Callbacks], repeats: int, iterations: int) -> None:
    """Let the candidates take turns, and print how they stand."""
    costs: dict[str, list[Cost]] = {name: [] for name in made}

    def measure(name: str) -> float:
        costs[name].append(train(made[name]()))
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
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
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
