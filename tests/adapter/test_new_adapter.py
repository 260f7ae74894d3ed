"""An adapter of somebody else's, written by the guide alone, passes the contract of our own."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from paths import ROOT

EXAMPLE = ROOT / "examples" / "new_adapter"
COMMAND = [sys.executable, "-c", "from mllog_callbacks.cli import main; main()", "contract"]


@pytest.mark.skipif(
    importlib.util.find_spec("catboost") is None, reason="needs CatBoost, some 100 MB"
)
@pytest.mark.timeout(300)
def test_it_passes_the_contract(tmp_path: Path) -> None:
    """In a folder that has nothing else, as a stranger's."""
    run = subprocess.run(
        [*COMMAND, EXAMPLE, "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_a_folder_without_a_description_is_named(tmp_path: Path) -> None:
    """With what was expected in it."""
    run = subprocess.run(
        [*COMMAND, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert f"no description of an adapter in {tmp_path}" in run.stdout + run.stderr


def test_it_takes_fewer_than_two_hundred_lines() -> None:
    """Of the front door's names and those of `schema` and `facts` alone."""
    sources = [path.read_text() for path in sorted(EXAMPLE.glob("mllog_*/*.py"))]
    assert sum(source.count("\n") for source in sources) < 200
    used = {line for source in sources for line in source.splitlines() if "mllog_callbacks" in line}
    allowed = ("from mllog_callbacks import", "from mllog_callbacks.schema import")
    assert all(line.startswith(allowed) for line in used if "import" in line)
