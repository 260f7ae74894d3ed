"""What comparing many runs costs: CPU seconds and memory, of runs the real writer recorded.

Run it with ``python benchmarks/comparing.py``; ``--runs`` says how many (default 10,000). With
Chromium it also measures how long the page takes to open.
"""

import argparse
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from mllog_callbacks import AuditLog, Run, Training
from mllog_callbacks.facts import (
    DataSet,
    DatasetValidated,
    HyperparametersSet,
    Kept,
    ModelEvaluated,
    Parameters,
    Plan,
    Stop,
    TrainingStarted,
)

MLLOG: Final = [
    sys.executable,
    "-c",
    "from mllog_callbacks.cli import main; main(prog_name='mllog')",
]
STEPS: Final = 30
FLUSH_EVERY: Final = 500
SETS: Final = {
    "training": DataSet(role="training", rows=900, features=30),
    "valid": DataSet(role="validation", rows=300, features=30),
}


def main() -> None:
    """Print a line a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--log", type=Path, help="where the log is made, and kept")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        log = given.log or Path(folder, "logs")
        if not log.exists():
            record(log, given.runs)
        page = Path(folder, "page.html")
        for name, command in (
            ("compare", ["compare", log]),
            ("compare --json", ["compare", log, "--json"]),
            ("compare --html", ["compare", log, "--html", page]),
        ):
            seconds, megabytes = measured([*MLLOG, *map(str, command)])
            print(f"{given.runs:,} runs, mllog {name}: {seconds:.1f} s CPU, {megabytes:.0f} MB")
        print(f"the page: {page.stat().st_size / 1e6:.2f} MB")
        seconds, megabytes = measured([sys.executable, "-c", INDEX, str(log)])
        print(f"{given.runs:,} runs, the index: {seconds:.1f} s CPU, {megabytes:.0f} MB")
        opened(page)


INDEX: Final = """
import sys
from mllog_callbacks.reading.story import read_stories
from mllog_callbacks.report import render_index
from mllog_callbacks.sinks import find_logs
print(len(render_index([("a.html", each) for each in read_stories(find_logs(sys.argv[1]))])))
"""


def record(folder: Path, runs: int) -> None:
    """Runs of one session, each with settings of its own."""
    rng = random.Random(0)  # noqa: S311 - curves and settings
    with AuditLog(folder, dataset="credit", model="LightGBM gbdt") as log:
        for number in range(runs):
            _train(log, number, rng)
            if number % FLUSH_EVERY == 0:
                log.flush(60)


def _train(log: AuditLog, number: int, rng: random.Random) -> None:
    training = Training(Run(log), directions=lambda _metric: False)
    training.started(TrainingStarted(plan=Plan(unit="iteration", most=STEPS)))
    training.record(DatasetValidated(data=SETS))
    given = {
        "num_leaves": rng.choice([7, 15, 31, 63]),
        "learning_rate": round(rng.uniform(0.01, 0.3), 4),
        "seed": number,
    }
    defaults = {f"parameter_{each}": each / 7 for each in range(60)}
    training.record(HyperparametersSet(parameters=Parameters(given=given, defaults=defaults)))
    level = rng.gauss(0.1, 0.02)
    for step in range(1, STEPS + 1):
        loss = math.exp(-step / 10) + level + rng.gauss(0, 0.005)
        training.results(step, {"valid": {"loss": loss}})
    kept = Kept(at=STEPS, unit="iteration")
    results = {"valid": {"loss": math.exp(-STEPS / 10) + level}}
    training.record(ModelEvaluated(results=results, kept=kept, computed_by="LightGBM"))
    training.stopped(Stop(by="plan"), kept)


def measured(command: list[str]) -> tuple[float, float]:
    """CPU seconds and the most memory (MB) of a command, which may end with findings."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1_024


def opened(page: Path) -> None:
    """Print how long a browser takes to load and lay out a page, where there is one."""
    browser = shutil.which("chromium")
    if browser is None:
        print("no Chromium: how long the page takes to open was not measured")
        return
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    subprocess.run(
        [browser, *flags, page.as_uri()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    took = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"Chromium, from its start to the whole page: {took:.1f} s, {spent:.1f} s CPU")


if __name__ == "__main__":
    main()
