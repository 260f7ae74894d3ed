"""What the audit callback costs a LightGBM training, beside none, LightGBM's own and its peers.

Run it with ``python -m benchmarks.lightgbm_overhead [--repeats 15]``. All candidates take turns
within one run, in an order shuffled each time, so that whatever else the machine does meets them
alike. Each turn gives ratios to the training without any callback in the same turn; the table
holds the medians of these ratios and their quartiles:

- all: CPU time of all threads of the process, until what waits beside the training is done;
- thread: CPU time of the thread that trains, and what it comes to, in microseconds an iteration;
- wall: time on the clock, which says little on a busy machine.

DVCLive and MLflow's autolog take part where they are installed.
"""

import argparse
import contextlib
import importlib.util
import logging
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np

from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

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
        "no callback": list,
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

    mlflow.set_tracking_uri(f"sqlite:///{tempfile.mkdtemp()}/runs.db")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.end_run()
    run = mlflow.start_run()
    logger = batch_metrics_logger(run.info.run_id)

    def record(env: Any) -> None:  # noqa: ANN401 - LightGBM's environment
        _autolog_callback(env, metrics_logger, {})

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
    train([])  # warms caches for all alike
    for _ in range(repeats):
        for name in random.sample(list(made), len(made)):
            costs[name].append(train(made[name]()))
    base = costs["no callback"]
    for name, taken in costs.items():
        shown = "   ".join(
            _ratios([cost[at] for cost in taken], [cost[at] for cost in base]) for at in range(3)
        )
        more = statistics.median(
            (a.thread - b.thread) / iterations * 1e6 for a, b in zip(taken, base, strict=True)
        )
        print(f"  {name:24} {shown}   {more:8.2f} us")


def _ratios(taken: list[float], base: list[float]) -> str:
    ratios = [a / b for a, b in zip(taken, base, strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4)
    return f"{median:6.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print one table a size of training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    random.seed(0)
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    with (
        tempfile.TemporaryDirectory() as folder,
        AuditLog(folder) as log,
        AuditLog(folder, level="DEBUG") as debug,
    ):
        for rows, features, iterations in ((1_000, 10, 2_000), (50_000, 50, 100)):
            print(f"{rows:,} x {features}, {iterations:,} iterations: all, thread, wall, thread us")
            compare(
                training(rows, features, iterations), candidates(log, debug), repeats, iterations
            )


if __name__ == "__main__":
    main()
