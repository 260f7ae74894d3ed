"""Distributed, with two real processes on gloo: rank zero tells, each rank its own failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import runner
from mllog_callbacks import RUN_ENDS, EventType, LogEntry, read_entries
from mllog_callbacks.cli import main
from processes import drained
from told import the_end

SCRIPT = Path(__file__).parent / "lightning_ranks.py"

# Starting the ranks takes longer than all they do: MLLOG_TEST_RANKS=all goes through every pair
QUICK = [("ddp_fork", "finish"), ("ddp_fork", "kill"), ("ddp_spawn", "fail"), ("ddp", "fail")]
ALL = [
    (strategy, way)
    for strategy in ("ddp", "ddp_spawn", "ddp_fork")
    for way in ("finish", "fail", "interrupt", "kill")
]


def run(strategy: str, way: str, folder: Path) -> list[list[LogEntry]]:
    """Train in processes of their own; returns the trail of each that left one, start first."""
    root = SCRIPT.parents[2]
    path = os.pathsep.join(
        [str(root), str(root / "integrations"), os.environ.get("PYTHONPATH", "")]
    )
    subprocess.run(
        [sys.executable, SCRIPT, strategy, way, folder],
        env=os.environ | {"PYTHONPATH": path, "MLLOG_DIR": str(folder)},
        timeout=100,
        check=False,
        capture_output=True,
    )
    drained(folder)
    found = [list(read_entries(each)) for each in sorted(folder.glob("*.jsonl"))]
    return [each for each in found if each]


def reported(folder: Path) -> str:
    """The one page that all ranks give."""
    page = folder / "page.html"
    shown = runner().invoke(main, ["report", str(folder), "-o", str(page)])
    assert shown.stdout.split() == [str(page)]
    return page.read_text()


@pytest.mark.parametrize(
    ("strategy", "way"), ALL if os.environ.get("MLLOG_TEST_RANKS") == "all" else QUICK
)
def test_each_rank_tells_what_is_its_to_tell(strategy: str, way: str, tmp_path: Path) -> None:
    """Rank zero its story, another rank a failure of its own, a launcher of a killed rank that."""
    trails = run(strategy, way, tmp_path)
    by_rank = {str(each[0].reasoning).partition(", ")[0]: each for each in trails}
    story = by_rank["This is rank 0"]
    if way == "finish":
        assert len(trails) == 1
        assert the_end(story).event == EventType.TRAINING_COMPLETED
        return
    if way == "kill":
        assert [each for each in story if each.event in RUN_ENDS] == []
        if strategy != "ddp":  # in which rank zero is the launcher
            told = the_end(by_rank["This is the process that launches the ranks"])
            assert "terminated with signal SIGKILL" in str(told.reasoning)
        return
    assert the_end(story).event == EventType.TRAINING_FAILED  # its peer is gone
    told = the_end(by_rank["This is rank 1"])
    if way == "fail":
        assert "The first to fail was" in reported(tmp_path)
        assert told.event == EventType.TRAINING_FAILED
        assert "ValueError: a column is missing was raised while training" in str(told.reasoning)
    else:
        assert told.event == EventType.TRAINING_STOPPED
    assert "in epoch 1 of 2, after 2 steps" in str(told.decision)
    assert len(trails) == 2
