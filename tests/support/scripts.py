"""Scripts as users write them, run by ``mllog run`` or without it."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from commands import MLLOG
from mllog_callbacks import RUN_ENDS, EventType, LogEntry, read_entries

__all__ = ["DATA", "all_entries", "bare", "ends", "mllog_run", "starts_and_ends"]

DATA = """
import numpy as np
X = np.random.RandomState(0).rand(80, 4)
y = (X[:, 0] > 0.5).astype(int)
SMALL = {"objective": "binary", "verbosity": -1, "num_threads": 1}
"""
"""What most scripts begin with."""


def bare(
    folder: Path, *command: str | Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as it is."""
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def mllog_run(
    folder: Path, *command: str | Path, options: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command by ``mllog run``, with its logs in the folder's ``logs``."""
    return bare(folder, *MLLOG, "run", *options, "--", *command, **environment)


def all_entries(folder: Path) -> list[LogEntry]:
    """The entries of all sessions in the folder's ``logs``."""
    files = sorted((folder / "logs").glob("*.jsonl"))
    return [entry for file in files for entry in read_entries(file)]


def ends(folder: Path) -> list[tuple[str | None, EventType]]:
    """The model and the event of each end."""
    return [(each.model, each.event) for each in all_entries(folder) if each.event in RUN_ENDS]


def starts_and_ends(folder: Path) -> tuple[int, int]:
    """How many runs began, and how many ended."""
    counts = Counter(
        "end" if each.event in RUN_ENDS else each.event for each in all_entries(folder)
    )
    return counts[EventType.TRAINING_STARTED], counts["end"]


PYTHON = sys.executable
