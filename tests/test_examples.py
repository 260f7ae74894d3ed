"""The examples run as they stand."""

import os
import runpy
from pathlib import Path

import pytest

from mllog_callbacks import log as log_module

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run an example as a program, with its log in a folder."""
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path))
    monkeypatch.setattr(log_module, "_default", None)
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def test_the_early_stopping_example_says_why_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints the decision, the reason, and the file."""
    run("lightgbm_early_stopping.py", tmp_path, monkeypatch)
    decision, reason, where = capsys.readouterr().out.splitlines()
    assert decision.startswith("Training stopped early after iteration ")
    assert "reached early_stopping(stopping_rounds=30, min_delta=1)" in reason
    assert Path(where.removeprefix("All of it: ")).parent == Path(os.fspath(tmp_path))


def test_the_lightning_example_names_the_checkpoint_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The decision and the reason of the last one saved, then of the end."""
    monkeypatch.chdir(tmp_path)
    run("lightning_early_stopping.py", tmp_path, monkeypatch)
    saved, by, ended, why, _ = capsys.readouterr().out.splitlines()
    assert saved.startswith("The best model so far was saved: ")
    assert "ModelCheckpoint(monitor='val_loss', mode='min', save_top_k=1) keeps it" in by
    assert ended.startswith("Training stopped early after ")
    assert "5 checks without improvement reached EarlyStopping(monitor='val_loss'" in why


def test_the_lightning_example_names_the_step_and_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a loss that is no number any more."""
    run("lightning_nan.py", tmp_path, monkeypatch)
    decision, reason, *_ = capsys.readouterr().out.splitlines()
    assert decision == "Non-finite value: training loss is infinite at step 63."
    assert "Probable cause: a learning rate of 0.9 is too high for this training." in reason


def test_the_pipeline_example_says_what_did_not_converge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the iterations as evidence, and the scores."""
    run("sklearn_pipeline.py", tmp_path, monkeypatch)
    shown = capsys.readouterr().out
    assert shown.startswith("The solver did not converge (ConvergenceWarning).")
    assert "n_iter_=5 reached max_iter=5" in shown
    assert shown.count("(accuracy) on 143 rows.") == 2


def test_the_search_example_says_why_a_candidate_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The choice, and its reason."""
    run("sklearn_search.py", tmp_path, monkeypatch)
    decision, reason, _ = capsys.readouterr().out.splitlines()
    assert decision.startswith("Candidate ")
    assert "over 5 splits is the best of 12 candidates" in reason
