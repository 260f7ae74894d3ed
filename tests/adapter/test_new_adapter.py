"""An adapter of somebody else's, written by the guide alone, passes the contract of our own."""

import importlib.util
import os
import subprocess
import sys

import pytest

from paths import ROOT

EXAMPLE = ROOT / "examples" / "new_adapter"


@pytest.mark.skipif(
    importlib.util.find_spec("catboost") is None, reason="needs CatBoost, some 100 MB"
)
@pytest.mark.timeout(300)
def test_it_passes_the_contract() -> None:
    """In a process of its own, which knows of no other adapter."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ROOT / "tests/contract"],
        env=os.environ | {"MLLOG_TEST_CASES": str(EXAMPLE)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_it_takes_fewer_than_two_hundred_lines() -> None:
    """Of the front door's names and the words of `schema` alone."""
    sources = [path.read_text() for path in sorted(EXAMPLE.glob("mllog_*/*.py"))]
    assert sum(source.count("\n") for source in sources) < 200
    used = {line for source in sources for line in source.splitlines() if "mllog_callbacks" in line}
    allowed = ("from mllog_callbacks import", "from mllog_callbacks.schema import")
    assert all(line.startswith(allowed) for line in used if "import" in line)
