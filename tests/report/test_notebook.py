"""In a notebook: what a trail and a log look like there, and the live view, in a real kernel."""

import re
from pathlib import Path
from typing import Any

import pytest

from launching import launch
from mllog_callbacks import AuditLog, LiveView, read_trail
from trails import issue, lines, training, write

LONG = "<b>" + "w" * 9_000


def test_a_trail_shows_its_story(tmp_path: Path) -> None:
    """The newest session with its chart; the same text as its summary."""
    write(tmp_path, lines(training()), "one")
    write(tmp_path, lines(training(5, "TRAINING_FAILED")).replace(b"2026", b"2027"), "two")
    shown = read_trail(tmp_path)._repr_html_()
    assert shown.index("Session two") < shown.index("Session one")
    assert "<svg" in shown
    assert "for 5 of at most 100 iterations" in shown
    assert "The model of iteration 10 is kept." in shown


def test_a_trail_records_the_sessions_of_a_training_together(tmp_path: Path) -> None:
    """As the report does: which they are, how each ended; as values they are one by one."""
    launch(tmp_path / "logs", "complete", "fail")
    write(tmp_path / "logs", lines(training()), "alone")
    trail = read_trail(tmp_path / "logs")
    assert repr(trail) == "<Trail of 3 sessions>"
    ranked = next(each for each in trail.stories if each.members)
    assert [each.label for each in ranked.members] == ["rank 0", "rank 1"]
    sessions = [each.story.session for each in ranked.members]
    assert sorted(each["session"] for each in trail.summary()) == sorted(["alone", *sessions])
    shown = trail._repr_html_()
    for recorded in (shown, str(trail)):
        assert "Ranked on credit.v3, in 2 sessions" in recorded
        assert "Rank 0: completed; rank 1: failed." in recorded
    assert f"Sessions {', '.join(sessions)}" in shown
    alone = read_trail(tmp_path / "logs" / "ml-platform-2026-11-20.alone.jsonl")
    assert [each.session for each in alone.stories] == ["alone"]


def test_a_trail_saves_the_report_of_its_newest_training(tmp_path: Path) -> None:
    """Of all its sessions."""
    launch(tmp_path / "logs", "complete", "fail")
    page = read_trail(tmp_path / "logs").save(tmp_path / "page.html").read_text("utf-8")
    assert "Rank 0: completed; rank 1: failed." in page
    assert '<td class="bad">Failed: ValueError</td>' in page


def test_a_log_shows_its_last_entries(tmp_path: Path) -> None:
    """And how it stands."""
    with AuditLog(tmp_path, session="here") as log:
        assert "Audit log, session here" in log._repr_html_()
        for number in range(20):
            log.emit("MODEL_SAVED", decision=f"Saved {number}.")
        assert log.flush(30)
        shown = log._repr_html_()
    assert "20 emitted, 0 pending, 0 dropped" in shown
    assert re.findall(r"Saved (\d+)\.", shown) == [f"{number}" for number in range(12, 20)]


def test_a_disabled_log_shows_that_it_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no file."""
    monkeypatch.setenv("MLLOG_DISABLED", "1")
    assert "session disabled" in AuditLog()._repr_html_()


def test_what_is_shown_is_small_and_without_scripts(tmp_path: Path) -> None:
    """Whatever the names are: 20 KB at most, inline styles, every value escaped."""
    recorded = [(event, fields | {"model": LONG}) for event, fields in training(200)]
    recorded += [("ISSUE_DETECTED", issue("error", n, f"m{n} {LONG}")) for n in range(50)]
    write(tmp_path, lines(recorded), "evil")
    with AuditLog(tmp_path / "log", dataset=LONG) as log:
        for _ in range(20):
            log.emit("MODEL_SAVED", decision=LONG, reasoning=LONG)
        assert log.flush(30)
        for shown in (read_trail(tmp_path)._repr_html_(), log._repr_html_()):
            assert len(shown.encode()) <= 20_000
            assert "<b>w" not in shown
            assert not re.search(r"<(script|style|link|img)|class=| on\w+=", shown)


def test_a_trail_is_computed_once(tmp_path: Path) -> None:
    """Showing it again reads nothing and draws nothing."""
    path = write(tmp_path, lines(training()))
    trail = read_trail(path)
    shown = trail._repr_html_()
    path.unlink()
    assert trail._repr_html_() is shown


def _run(tmp_path: Path, code: str) -> list[Any]:
    """The outputs of a cell, run by a real kernel."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    client = nbclient.NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    return list(notebook.cells[0].outputs)


def test_the_live_view_leaves_one_output(tmp_path: Path) -> None:
    """It follows the training, and its last state is the training's end."""
    outputs = _run(
        tmp_path,
        "import time\n"
        "from mllog_callbacks import AuditLog, LiveView\n"
        "with AuditLog('logs', model='Some') as log, LiveView(log) as view:\n"
        "    log.emit('TRAINING_STARTED')\n"
        "    for epoch in range(20):\n"
        "        log.emit('TRAINING_PROGRESS',"
        " metrics_snapshot={'epoch': epoch, 'val_loss': 1 / (epoch + 1)})\n"
        "        time.sleep(0.1)\n"
        "    log.emit('TRAINING_COMPLETED', decision='All of it ran.')",
    )
    (output,) = outputs
    assert output.output_type == "display_data"
    shown = output.data["text/html"]
    assert "Completed as planned" in shown
    assert "<svg" in shown
    assert len(shown) <= 20_000


def test_the_live_view_of_a_failing_training_lets_it_fail(tmp_path: Path) -> None:
    """The exception is the training's own; without a front end the view shows nothing."""
    with AuditLog(tmp_path) as log, pytest.raises(ZeroDivisionError):
        _train_and_fail(log)


def _train_and_fail(log: AuditLog) -> None:
    with LiveView(log):
        log.emit("TRAINING_STARTED")
        raise ZeroDivisionError
