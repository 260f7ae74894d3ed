"""The recipes of examples/recipes.md, run as they stand there."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from commands import runner
from mllog_callbacks.cli import main
from paths import ROOT
from trails import lines, training, write

RECIPES = re.findall(
    r"```(\w+)\n(.*?)```", (ROOT / "examples" / "recipes.md").read_text("utf-8"), re.DOTALL
)


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sessions in logs/, with something beside them that is no log."""
    write(tmp_path / "logs", lines(training()), "one")
    later = lines(training(12, "TRAINING_FAILED")).replace(b"2026-11-20", b"2026-11-21")
    write(tmp_path / "logs", later, "two", "2026-11-21")
    (tmp_path / "logs" / "_integrity").mkdir()
    (tmp_path / "logs" / "_integrity" / "one.chain.jsonl").write_text('{"no": "entry"}\n')
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)


def _of(language: str) -> list[str]:
    return [code for each, code in RECIPES if each == language]


def test_duckdb_records_how_runs_ended_and_reads_a_metric() -> None:
    """Both sessions, in order."""
    ends, metric = _of("sql")
    recorded = duckdb.execute(ends).fetchall()
    assert [row[2] for row in recorded] == ["TRAINING_STOPPED", "TRAINING_FAILED"]
    assert recorded[0][4].startswith("valid loss last improved at iteration 10")
    found = duckdb.execute(metric).fetchall()
    assert len(found) == 32
    assert found[9] == (10, 0.5)


def test_runs_and_facts_are_asked_by_the_command() -> None:
    """Both sessions as rows; the issue of each."""
    runs, found = (runner().invoke(main, ["query", sql, "--json"]).stdout for sql in _of("mllog"))
    rows = [json.loads(line) for line in runs.splitlines()]
    assert [(each["id"], each["score"], each["leaves"]) for each in rows] == [
        ("one", 0.5, "63"),
        ("two", 0.5, "63"),
    ]
    issues = [json.loads(line) for line in found.splitlines()]
    assert {(each["session"], each["issue"], each["severity"]) for each in issues} == {
        ("one", "overfitting", "error"),
        ("two", "overfitting", "error"),
    }


@pytest.mark.parametrize(("number", "expected"), [(0, "10"), (1, "2")])
def test_data_frames_read_the_trail(number: int, expected: str) -> None:
    """Pandas finds the best iteration, polars the issues."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(_of("python")[number], {})  # noqa: S102 - our own recipe
    assert said.getvalue().strip() == expected


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "2026-11-20T09:14:17.000000Z Overfitting: valid loss"), (1, "2 HYPERPARAMETERS_SET")],
)
def test_jq_reads_the_trail(number: int, expected: str) -> None:
    """The issues, and how many entries of each type."""
    assert expected in _shell(_of("sh")[number])


@pytest.mark.skipif(shutil.which("lnav") is None, reason="lnav is not installed")
def test_lnav_reads_the_trail_by_the_format_file(tmp_path: Path) -> None:
    """Installed in a home of its own; an issue is a warning, and its decision the body."""
    shown = _shell(_of("sh")[2], HOME=str(tmp_path), XDG_CONFIG_HOME="", TERM="xterm")
    assert "installed" in shown
    assert shown.count("Overfitting: valid loss has been getting worse") == 2


def _shell(code: str, **environment: str) -> str:
    ran = subprocess.run(
        ["sh", "-ec", code],
        env=os.environ | environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return ran.stdout
