"""Trainings of two processes: rank zero records the story, and each other its own failure."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mllog_callbacks import RUN_ENDS, EventType, read_entries
from paths import SUPPORT

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("MLLOG_TEST_RANKS") != "all",
        reason="two processes that load Transformers take long: MLLOG_TEST_RANKS=all",
    ),
    pytest.mark.timeout(300),
]


def _launched(folder: Path, *given: str) -> int:
    """Train in two processes, on this machine alone; returns how the launcher ended."""
    module = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    program = SUPPORT / "transformers_ranks.py"
    command = [sys.executable, *module, str(program), str(folder), *given]
    path = os.pathsep.join([str(SUPPORT), *sys.path])
    return subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        timeout=280,
        check=False,
    ).returncode


def test_rank_zero_records_the_story(tmp_path: Path) -> None:
    """Once, with how many train."""
    assert _launched(tmp_path) == 0
    recorded = list(read_entries(tmp_path / "logs"))
    starts = [each for each in recorded if each.event is EventType.TRAINING_STARTED]
    assert [(each.metrics_snapshot or {})["machines"] for each in starts] == [2]
    assert [(each.metrics_snapshot or {})["rank"] for each in starts] == [0]
    assert [each.event for each in recorded if each.event in RUN_ENDS] == [
        EventType.TRAINING_COMPLETED
    ]


def test_another_rank_records_its_failure(tmp_path: Path) -> None:
    """With its start; the launcher then ends rank zero, whose run has an end as well."""
    assert _launched(tmp_path, "fail") != 0
    recorded = list(read_entries(tmp_path / "logs"))
    known = Counter(each.event for each in recorded)
    assert known[EventType.TRAINING_STARTED] == 2
    assert sum(known[each] for each in RUN_ENDS) == 2
    (failed,) = [each for each in recorded if "one of two" in str(each.reasoning)]
    assert failed.event is EventType.TRAINING_FAILED
    assert str(failed.decision).startswith("Training failed in step 3 of 4 with ZeroDivisionError")
