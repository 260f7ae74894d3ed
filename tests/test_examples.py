"""The examples run as they stand."""

import os
import runpy
from pathlib import Path

import pytest

from mllog_callbacks import log as log_module

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_early_stopping_example_says_why_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints the decision, the reason, and the file."""
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path))
    monkeypatch.setattr(log_module, "_default", None)
    runpy.run_path(str(EXAMPLES / "lightgbm_early_stopping.py"), run_name="__main__")
    decision, reason, where = capsys.readouterr().out.splitlines()
    assert decision.startswith("Training stopped early after iteration ")
    assert "reached early_stopping(stopping_rounds=30, min_delta=1)" in reason
    assert Path(where.removeprefix("All of it: ")).parent == Path(os.fspath(tmp_path))
