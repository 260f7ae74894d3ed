"""What auditing costs, beside what else one might use: ``python -m benchmarks``.

One table of whole LightGBM trainings: the CPU time of the training's process, with all its
threads, from the first callback made to the last file closed; helpers of their own (ours, W&B's)
work beside it. All take turns (`benchmarks.turns`); what is not installed is named and left out.

Other questions have modules of their own: `benchmarks.sink` (what one entry costs, beside
loggers), `benchmarks.detectors` (how often issues are right), `benchmarks.lightgbm_overhead`.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import lightgbm as lgb
import numpy as np

from benchmarks.trackers import BASE, TRACKERS, Tracker
from benchmarks.turns import take_turns

ITERATIONS = 300


def measured(folder: Path, rows: int, features: int) -> Callable[[Tracker], float]:
    """A training of random data; returns the seconds of CPU that it takes with a tracker."""
    rng = np.random.default_rng(0)
    values = rng.random((2 * rows, features))
    labels = (values[:, 0] + rng.normal(0, 0.3, 2 * rows) > 0.5).astype(int)  # noqa: PLR2004 - half
    params = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 0}

    def measure(tracker: Tracker) -> float:
        data = lgb.Dataset(values[:rows], labels[:rows])
        valid = data.create_valid(values[rows:], labels[rows:])
        own = Path(tempfile.mkdtemp(dir=folder))
        begun = time.process_time()
        with tracker(own) as callbacks:
            lgb.train(params, data, ITERATIONS, valid_sets=[valid], callbacks=callbacks)
        return time.process_time() - begun

    return measure


def available(measure: Callable[[Tracker], float]) -> dict[str, Callable[[], float]]:
    """The trackers that run here."""
    found: dict[str, Callable[[], float]] = {}
    for name, tracker in TRACKERS.items():
        try:
            measure(tracker)
        except ImportError as error:
            print(f"left out: {name} ({error})")
        else:
            found[name] = lambda tracker=tracker: measure(tracker)  # type: ignore[misc]  # its own
    return found


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--rows", type=int, default=50_000)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        stack.callback(os.chdir, Path.cwd())
        os.chdir(folder)  # some leave files where they are
        turns = take_turns(available(measured(folder, arguments.rows, 20)), arguments.repeats)
    what = f"CPU time of {ITERATIONS} LightGBM iterations on {arguments.rows:,} rows"
    print(turns.table(BASE, what))


if __name__ == "__main__":
    main()
