"""What the audit callback costs a LightGBM training, beside none and beside LightGBM's own.

Run it with ``python benchmarks/lightgbm_overhead.py [--repeats 15]``. All candidates take turns
within one run, in an order shuffled each time, so that whatever else the machine does meets them
alike. Each turn gives a ratio to the training without any callback in the same turn; the table
holds the median of these ratios and their quartiles.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np

from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

Callbacks = Callable[[], list[Any]]


def no_op(_env: object) -> None:
    """Do nothing: what being called costs."""


def candidates(log: AuditLog, debug: AuditLog) -> dict[str, Callbacks]:
    """The callbacks to compare, made anew for each training."""
    return {
        "no callback": list,
        "no-op": lambda: [no_op],
        "record_evaluation": lambda: [lgb.record_evaluation({})],
        "MLAuditCallback, INFO": lambda: [MLAuditCallback(log)],
        "MLAuditCallback, DEBUG": lambda: [MLAuditCallback(debug)],
    }


def training(rows: int, features: int, iterations: int) -> Callable[[list[Any]], float]:
    """A training on random data; returns the seconds of CPU that all its threads took."""
    rng = np.random.default_rng(0)
    values = rng.random((rows, features))
    labels = (values[:, 0] + rng.normal(0, 0.3, rows) > 0.5).astype(int)  # noqa: PLR2004 - half
    half = rows // 2

    def train(callbacks: list[Any]) -> float:
        data = lgb.Dataset(values[:half], labels[:half])
        valid = data.create_valid(values[half:], labels[half:])
        params = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 0}
        start = time.process_time()
        lgb.train(params, data, iterations, valid_sets=[valid], callbacks=callbacks)
        return time.process_time() - start

    return train


def compare(train: Callable[[list[Any]], float], made: dict[str, Callbacks], repeats: int) -> None:
    """Let the candidates take turns, and print how they stand."""
    seconds: dict[str, list[float]] = {name: [] for name in made}
    train([])  # warms caches for all alike
    for _ in range(repeats):
        for name in random.sample(list(made), len(made)):
            seconds[name].append(train(made[name]()))
    base = seconds["no callback"]
    for name, taken in seconds.items():
        ratios = [a / b for a, b in zip(taken, base, strict=True)]
        low, median, high = statistics.quantiles(ratios, n=4)
        print(f"  {name:24} {median:6.3f}   {low:6.3f} to {high:6.3f}")


def main() -> None:
    """Print one table a size of training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    random.seed(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        AuditLog(folder) as log,
        AuditLog(folder, level="DEBUG") as debug,
    ):
        for rows, features, iterations in ((1_000, 10, 2_000), (50_000, 50, 100)):
            print(f"{rows:,} x {features}, {iterations:,} iterations: CPU time, as a ratio")
            compare(training(rows, features, iterations), candidates(log, debug), repeats)


if __name__ == "__main__":
    main()
