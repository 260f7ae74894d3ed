"""Real trainings that are killed, of each adapter: one start, one end, the right signal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mllog_callbacks import LogEntry
from mllog_callbacks.integrity import Status, verify
from paths import ROOT
from processes import drained, lines

KILLS = int(os.environ.get("MLLOG_TEST_KILLS", "4"))
"""Trainings killed, of the adapters in turn; 1,000 take some ten minutes."""

ENDS = {"TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a spool needs Linux")


def _of(entry: LogEntry, *names: str) -> object:
    found: object = entry.metrics_snapshot
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


@pytest.mark.timeout(3600)
def test_each_killed_training_has_one_start_and_one_end(tmp_path: Path) -> None:
    """Which says signal 9, how far it was by its own entries, and that all is there."""
    killing = subprocess.run(
        [
            sys.executable,
            ROOT / "tests" / "support" / "killable.py",
            tmp_path,
            str(KILLS),
            "SIGKILL",
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=3500,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, filter(None, sys.path)))},
    )
    assert [each.split()[1] for each in killing.stdout.splitlines()] == ["-9"] * KILLS
    counted: dict[str, int] = {}
    for each in sorted(tmp_path.iterdir()):
        drained(each / "logs")
        found = [line.entry for line in lines(each / "logs") if line.entry]
        starts = [entry for entry in found if entry.event == "TRAINING_STARTED"]
        ends = [entry for entry in found if entry.event in ENDS]
        assert (len(starts), len(ends)) == (1, 1), each
        (end,) = ends
        assert end is found[-1]
        assert end.event == "TRAINING_FAILED"
        assert _of(end, "stop", "by") == "killed"
        assert _of(end, "stop", "not_known") or _of(end, "stop", "signal_number") == 9
        assert _of(end, "run") == _of(starts[0], "run")
        progress = [entry for entry in found if entry.event == "TRAINING_PROGRESS"]
        if progress and _of(progress[-1], "progress"):
            assert _of(end, "progress") == _of(progress[-1], "progress")
        (verdict,) = verify([each / "logs"])
        assert (verdict.status, verdict.state, verdict.killed) == (Status.SOUND, "witnessed", 1)
        adapter = each.name.partition("-")[2]
        counted[adapter] = counted.get(adapter, 0) + 1
    print(counted)  # noqa: T201 - the figure to report
