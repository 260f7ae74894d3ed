"""A run without an end: running, silent, or without a trace of its process."""

import sys
import time
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.cli import _silence as silence
from mllog_callbacks.reading import observe
from mllog_callbacks.reading.story import Story, pills, read_stories, state_of, verdict_of
from mllog_callbacks.reading.story import _endings as endings
from mllog_callbacks.sinks import living

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a spool needs Linux")


def _begin(log: AuditLog) -> None:
    log.emit("TRAINING_STARTED", metrics_snapshot={"run": 1})
    progress = {"unit": "epoch", "done": 7, "planned": 50}
    results = {"valid": {"auc": 0.9}}
    log.emit(
        "TRAINING_PROGRESS",
        metrics_snapshot={"run": 1, "progress": progress, "results": results},
    )
    assert log.flush(10)


def _story(directory: Path) -> Story:
    (story,) = read_stories(directory.glob("*.jsonl"))
    observe([story])
    return story


def _pill(story: Story) -> str:
    return next(words for _, words in pills(story) if "Log" not in words and words[0] in "RSN")


def test_a_run_whose_process_lives_is_running_or_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the session's memory, and the time of its last entry."""
    with AuditLog(tmp_path, session="run") as log:
        _begin(log)
        assert [*living(tmp_path)] == ["run"]
        story = _story(tmp_path)
        assert _pill(story) == "Running"
        assert state_of(story).sentences == ["A training is under way: its process is alive."]
        assert verdict_of(story).word == "unknown"
        monkeypatch.setattr(endings, "_SILENT_S", 0.0)
        assert _pill(_story(tmp_path)).startswith("Silent for ")
        assert _pill(_story(tmp_path)).endswith("(process alive, last recorded: epoch 7)")
    assert _pill(_story(tmp_path)) == "No end recorded"


def test_who_follows_a_silent_session_is_shown_that_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again after twice the time; of one that speaks nothing is said."""
    monkeypatch.setattr(silence, "_FIRST_S", 0.2)
    watched = silence.Silence()
    with AuditLog(tmp_path, session="run") as log:
        _begin(log)
        watched.know(tmp_path.glob("*.jsonl"))
        assert [*watched.broken()] == []
        time.sleep(0.25)
        assert [*watched.broken()] == [("run", "Running")]
        assert [*watched.broken()] == []
