"""Distributed, with two real processes on gloo: rank zero records, each rank its own failure."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commands import runner
from mllog_callbacks import EventType, LogEntry, read_entries
from mllog_callbacks.cli import main
from paths import SUPPORT
from processes import drained
from recorded import facts_of, the_end

SCRIPT = SUPPORT / "lightning_ranks.py"

SECONDS = 100
"""For each case, so that a machine with much else to do takes less; it takes some seconds alone."""

# Starting the ranks takes longer than all they do: MLLOG_TEST_RANKS=all goes through every pair
QUICK = [("ddp_fork", "finish"), ("ddp_fork", "kill"), ("ddp_spawn", "fail"), ("ddp", "fail")]
ALL = [
    (strategy, way)
    for strategy in ("ddp", "ddp_spawn", "ddp_fork")
    for way in ("finish", "fail", "interrupt", "kill")
]
CASES = ALL if os.environ.get("MLLOG_TEST_RANKS") == "all" else QUICK

LIMIT = SECONDS * len(CASES)
pytestmark = pytest.mark.timeout(LIMIT + 60)  # the first test waits for all


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all cases have logged, once they are over; they are all killed where one hangs."""
    folder, root = tmp_path_factory.mktemp("ranks"), SCRIPT.parents[2]
    path = os.pathsep.join(
        [str(root), str(root / "integrations"), os.environ.get("PYTHONPATH", "")]
    )
    cases = ["-".join(each) for each in CASES]
    with (folder / "output.txt").open("w+") as output:
        trainings = subprocess.Popen(
            [sys.executable, SCRIPT, folder, *cases],
            env=os.environ | {"PYTHONPATH": path},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            trainings.wait(LIMIT)
        except BaseException as error:
            os.killpg(trainings.pid, signal.SIGKILL)
            trainings.wait()
            error.add_note((folder / "output.txt").read_text())
            raise
    return folder


def trails_of(folder: Path) -> list[list[LogEntry]]:
    """The trail of each process that left one, start first."""
    drained(folder)
    found = [list(read_entries(each)) for each in sorted(folder.glob("*.jsonl"))]
    return [each for each in found if each]


def reported(folder: Path) -> str:
    """The one page that all ranks give."""
    page = folder / "page.html"
    shown = runner().invoke(main, ["report", str(folder), "-o", str(page)])
    assert shown.stdout.split() == [str(page)]
    return page.read_text()


@pytest.mark.parametrize(("strategy", "way"), CASES)
def test_each_rank_records_what_is_its_to_record(strategy: str, way: str, folder: Path) -> None:
    """Rank zero its story, another rank a failure of its own, a launcher of a killed rank that."""
    trails = trails_of(folder / f"{strategy}-{way}")
    by_rank = {facts_of(each[0]).get("rank"): each for each in trails}
    story = by_rank[0]
    if way == "finish":
        assert len(trails) == 1
        assert the_end(story).event == EventType.TRAINING_COMPLETED
        return
    if way == "kill":
        assert facts_of(the_end(story))["stop"]["by"] == "killed"
        if strategy != "ddp":  # in which rank zero is the launcher
            recorded = the_end(by_rank[None])
            assert "terminated with signal SIGKILL" in str(recorded.reasoning)
        return
    assert the_end(story).event == EventType.TRAINING_FAILED  # its peer is gone
    recorded = the_end(by_rank[1])
    if way == "fail":
        assert "The first to fail was" in reported(folder / f"{strategy}-{way}")
        assert recorded.event == EventType.TRAINING_FAILED
        assert "ValueError: a column is missing was raised while training" in str(
            recorded.reasoning
        )
    else:
        assert recorded.event == EventType.TRAINING_STOPPED
    assert "in epoch 1 of 2, after 2 steps" in str(recorded.decision)
    assert len(trails) == 2
