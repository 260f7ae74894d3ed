"""A training of several ranks, launched as a launcher does: each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from processes import drained

__all__ = ["launch"]

RANK = """
import sys
from mllog_callbacks import AuditLog
names = {"model": "Ranked", "dataset": "credit.v3"}
with AuditLog(sys.argv[1]) as log:
    log.emit("TRAINING_STARTED", **names)
    if sys.argv[2] == "fail":
        reason = "ValueError: a column is missing was raised."
        facts = {"stop": {"by": "error"}, "error": {"type": "ValueError"}}
        log.emit(
            "TRAINING_FAILED",
            decision="Training failed.",
            reasoning=reason,
            metrics_snapshot=facts,
            **names,
        )
    else:
        log.emit("TRAINING_COMPLETED", metrics_snapshot={"epochs_done": 3}, **names)
"""


def launch(folder: Path, *ways: str) -> None:
    """Ranks that end in these ways, each in a process of its own, at the same time."""
    commands = [[sys.executable, "-c", RANK, str(folder), way] for way in ways]
    ranks = [
        subprocess.Popen(command, env=os.environ | {"RANK": str(rank)})
        for rank, command in enumerate(commands)
    ]
    assert [each.wait(60) for each in ranks] == [0] * len(ranks)
    drained(folder)
