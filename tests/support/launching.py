"""A training of several ranks, launched as a launcher does: each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from processes import drained

__all__ = ["MEET", "launch"]

MEET = """
import os, pathlib, sys, time
def meet(folder, ranks):
    pathlib.Path(folder, "met." + os.environ["RANK"]).touch()
    while len(list(pathlib.Path(folder).glob("met.*"))) < ranks:
        time.sleep(0.005)
"""
"""Ranks wait for each other, as those of a launcher do before they train."""

RANK = f"""{MEET}
from mllog_callbacks import AuditLog
names = {{"model": "Ranked", "dataset": "credit.v3"}}
with AuditLog(sys.argv[1]) as log:
    log.emit("TRAINING_STARTED", **names)
    meet(sys.argv[1], int(sys.argv[3]))
    if sys.argv[2] == "fail":
        reason = "ValueError: a column is missing was raised."
        facts = {{"stop": {{"by": "error"}}, "error": {{"type": "ValueError"}}}}
        log.emit(
            "TRAINING_FAILED",
            decision="Training failed.",
            reasoning=reason,
            metrics_snapshot=facts,
            **names,
        )
    else:
        log.emit("TRAINING_COMPLETED", metrics_snapshot={{"epochs_done": 3}}, **names)
"""


def launch(folder: Path, *ways: str) -> None:
    """Ranks that end in these ways, each in a process of its own, at the same time."""
    given = [[str(folder), way, str(len(ways))] for way in ways]
    ranks = [
        subprocess.Popen([sys.executable, "-c", RANK, *each], env=os.environ | {"RANK": str(rank)})
        for rank, each in enumerate(given)
    ]
    assert [each.wait(60) for each in ranks] == [0] * len(ranks)
    drained(folder)
    for met in folder.glob("met.*"):
        met.unlink()
