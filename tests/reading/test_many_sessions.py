"""Folders of many sessions: what reading them asks of the disk and the system, and how often."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mllog_callbacks import EventType
from mllog_callbacks.schema import encode
from mllog_callbacks.sinks import LogFiles, QueuedSink

COUNTING = """
import sys
counted = []
sys.addaudithook(lambda event, _: counted.append(event) if event in LOOKS else None)
LOOKS = {"os.listdir", "os.scandir", "os.fork"}
from mllog_callbacks.cli import main
try:
    main(prog_name="mllog")
except SystemExit:
    pass
print(len(counted), file=sys.stderr)
"""


def _folder(folder: Path, many: int) -> Path:
    for number in range(many):
        sink = QueuedSink(LogFiles(folder, f"s{number}", {"pid": 1}))
        sink.put(encode(EventType.MODEL_SAVED, "d", "m", "Saved.", None, {"run": 1}))
        sink.close(60)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders, one with four times as many sessions as the other."""
    return [_folder(tmp_path_factory.mktemp(f"of-{many}"), many) for many in (3, 12)]


@pytest.mark.parametrize("command", ["summary", "verify", "validate", "tail"])
def test_a_folder_is_listed_as_often_however_many_sessions_it_has(
    folders: list[Path], command: str, tmp_path: Path
) -> None:
    """And what killed sessions left is looked for as often."""
    looks = []
    for folder in folders:
        done = subprocess.run(
            [sys.executable, "-c", COUNTING, command, folder],
            check=True,
            capture_output=True,
            text=True,
            timeout=100,
            env=os.environ | {"MLLOG_SPOOL": str(tmp_path)},  # whatever else logs here
        )
        looks.append(int(done.stderr.split()[-1]))
    assert 0 < looks[1] < looks[0] + 9, "one more for each session"
