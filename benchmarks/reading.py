"""What reading a trail costs: CPU seconds of the commands, and the sizes of the pages.

Run it with ``python benchmarks/reading.py``, on a machine that does nothing else; each figure is
the least of so many runs as ``--repeats`` says (default 5).
"""

import argparse
import json
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

MLLOG = [sys.executable, "-c", "from mllog_callbacks.cli import main; main(prog_name='mllog')"]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        print(f"mllog --help: {_cpu(repeats, '--help'):.3f} s CPU")
        for entries in (200, 100_000):
            log = _log(Path(folder, f"{entries}.jsonl"), entries)
            print(f"{entries:,} entries, {log.stat().st_size / 1e6:.1f} MB")
            for command in (["summary"], ["validate"], ["report", "-o", page], ["tail"]):
                spent = _cpu(repeats, *command, log)
                print(f"  mllog {command[0]}: {spent:.3f} s CPU")
            print(f"  the page: {page.stat().st_size / 1e3:.1f} kB")


def _cpu(repeats: int, *arguments: str | Path) -> float:
    return min(_once(*arguments) for _ in range(repeats))


def _once(*arguments: str | Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*MLLOG, *map(str, arguments)], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _log(path: Path, entries: int) -> Path:
    """A training of two metrics on two sets, which are recorded at every iteration."""
    steps = entries - 5
    recorded: list[tuple[str, dict[str, object]]] = [
        ("TRAINING_STARTED", {"planned_iterations": steps, "training": {"rows": 900}}),
        ("HYPERPARAMETERS_SET", {"set_by_caller": {"num_leaves": 63}, "defaults": _defaults()}),
        *(("TRAINING_PROGRESS", _metrics(step)) for step in range(1, steps + 1)),
        ("ISSUE_DETECTED", {"code": "MLA001", "name": "overfitting", "iteration": steps // 2}),
        ("MODEL_EVALUATED", {"iteration": steps, "valid": {"auc": 0.9}}),
        ("TRAINING_COMPLETED", {"iterations_done": steps, "kept_iteration": steps}),
    ]
    with path.open("w", encoding="utf-8") as file:
        for number, (event, snapshot) in enumerate(recorded):
            file.write(_line(number, event, snapshot))
    return path


def _line(number: int, event: str, snapshot: dict[str, object]) -> str:
    stamp = (BEGIN + timedelta(microseconds=number)).isoformat(timespec="microseconds")
    entry = {
        "timestamp": stamp.replace("+00:00", "Z"),
        "event": event,
        "dataset": "credit.v3",
        "model": "LightGBM gbdt",
        "decision": f"Entry {number:,} of a training.",
        "reasoning": "valid binary_logloss is 0.163044; its best was 0.16092 at iteration 43.",
        "metrics_snapshot": snapshot,
    }
    return json.dumps(entry) + "\n"


def _metrics(step: int) -> dict[str, object]:
    loss, auc = 1 / (step + 1) ** 0.5, 1 - 1 / (step + 2)
    sets = {"training": loss / 2, "valid": loss + step % 7 / 100}
    return {"iteration": step} | {
        name: {"binary_logloss": value, "auc": auc - value / 50} for name, value in sets.items()
    }


def _defaults() -> dict[str, object]:
    return {f"parameter_{number}": number / 7 for number in range(100)}


if __name__ == "__main__":
    main()
