"""`mllog demo` trains for real, shows the story, and says where it lies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mllog_callbacks import EventType, read_entries

MLLOG = [sys.executable, "-c", "from mllog_callbacks.cli import main; main()"]


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call `mllog` in a folder."""
    return subprocess.run(
        [*MLLOG, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_records_the_story_and_where_the_log_lies(tmp_path: Path) -> None:
    """What is shown is what the log holds, and the next commands can be typed."""
    shown = run(tmp_path, "demo")
    assert shown.returncode == 0, shown.stderr
    (path,) = (tmp_path / "logs").glob("*.jsonl")
    recorded = list(read_entries(path))
    assert recorded[0].event is EventType.TRAINING_STARTED
    assert recorded[-1].event is EventType.TRAINING_STOPPED
    words = " ".join(shown.stdout.split())
    for entry in recorded:
        assert entry.event in words
        # a terminal breaks the lines of a text, so only its first words stand together
        assert " ".join(str(entry.decision).split()[:3]) in words
    assert f"mllog verify logs/{path.name}" in shown.stderr
    assert run(tmp_path, "validate", f"logs/{path.name}").returncode == 0


def test_json_prints_the_lines_of_the_log(tmp_path: Path) -> None:
    """Byte for byte, and nothing else on stdout."""
    shown = run(tmp_path, "demo", "--json", "--directory", "elsewhere")
    assert shown.returncode == 0, shown.stderr
    (path,) = (tmp_path / "elsewhere").glob("*.jsonl")
    assert shown.stdout == path.read_text(encoding="utf-8")
    assert all(len(json.loads(line)) == 7 for line in shown.stdout.splitlines())


def test_an_unwritable_directory_is_said_plainly(tmp_path: Path) -> None:
    """What happened, and what to do; exit code 3, no traceback."""
    (tmp_path / "file").write_text("")
    shown = run(tmp_path, "demo", "--directory", "file/logs")
    assert shown.returncode == 3
    assert "cannot write logs in" in shown.stderr
    assert "MLLOG_DIR" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_level_that_does_not_exist_is_said_plainly(tmp_path: Path) -> None:
    """The variable and the levels there are."""
    shown = run(tmp_path, "demo", MLLOG_LEVEL="LOUD")
    assert shown.returncode == 3
    assert "MLLOG_LEVEL" in shown.stderr
    assert "DEBUG, ERROR, INFO" in shown.stderr


@pytest.mark.parametrize("module", ["lightgbm", "sklearn"])
def test_a_missing_framework_names_the_command_that_installs_it(
    tmp_path: Path, module: str
) -> None:
    """As where only the core was installed."""
    (tmp_path / f"{module}.py").write_text("raise ImportError('not installed')")
    shown = run(
        tmp_path,
        "demo",
        PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    )
    assert shown.returncode == 2
    assert "pip install 'mllog-callbacks[demo]'" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_importing_the_adapter_without_lightgbm_names_the_extra(tmp_path: Path) -> None:
    """One plain ImportError."""
    (tmp_path / "lightgbm.py").write_text("raise ImportError('not installed')")
    shown = subprocess.run(
        [sys.executable, "-c", "import mllog_lightgbm"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 1
    last = shown.stderr.strip().splitlines()[-1]
    assert last == (
        "ImportError: mllog_lightgbm needs LightGBM: pip install 'mllog-callbacks[lightgbm]'"
    )
