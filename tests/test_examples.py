"""The examples run as they stand."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from mllog_callbacks.recording import _log as log_module
from paths import EXAMPLES

Printed = Callable[[str], list[str]]


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Printed:
    """Run an example in a folder of its own; returns the lines it prints."""
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log_module, "_default", None)

    def run(name: str) -> list[str]:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_the_early_stopping_example_says_why_it_stopped(printed: Printed, tmp_path: Path) -> None:
    """It prints the decision, the reason, and the file."""
    decision, reason, where = printed("lightgbm_early_stopping.py")
    assert decision.startswith("Training stopped early after iteration ")
    assert "reached the patience of early_stopping (30 iterations, min_delta 1" in reason
    assert Path(where.removeprefix("All of it: ")).parent == tmp_path


def test_the_lightning_example_names_the_checkpoint_to_keep(printed: Printed) -> None:
    """The decision and the reason of the last one saved, then of the end."""
    saved, by, ended, why, _ = printed("lightning_early_stopping.py")
    assert saved.startswith("Model saved to ")
    assert "It is the best so far: val_loss " in by
    assert "Saved by ModelCheckpoint(monitor=val_loss, mode=min, save_top_k=1) after " in by
    assert ended.startswith("Training stopped early after ")
    assert "5 checks without improvement reached the patience of EarlyStopping (5 checks" in why


def test_the_lightning_example_names_the_step_and_the_cause(printed: Printed) -> None:
    """Of a loss that is no number any more."""
    decision, reason, _ = printed("lightning_nan.py")
    assert decision == "Non-finite value: training loss is infinite at step 63."
    assert "Probable cause: a learning rate of 0.9 is too high for this training." in reason


def test_the_pipeline_example_says_what_did_not_converge(printed: Printed) -> None:
    """With the iterations as evidence, and the scores."""
    shown = "\n".join(printed("sklearn_pipeline.py"))
    assert shown.startswith("The solver did not converge (ConvergenceWarning): lbfgs failed")
    assert "n_iter_=5 reached max_iter=5" in shown
    assert shown.count("(accuracy) on 143 rows.") == 2


def test_the_search_example_says_why_a_candidate_was_chosen(printed: Printed) -> None:
    """The choice, and its reason."""
    decision, reason, _ = printed("sklearn_search.py")
    assert decision.startswith("Candidate ")
    assert "over 5 splits is the best of 12 candidates" in reason
