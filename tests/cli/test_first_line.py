"""Summary and report say first, before any story, that a log is not as its chain has it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from processes import drained
from sealed import edit, kill, mllog
from trails import lines, training, write


def _sealed(logs: Path) -> Path:
    with AuditLog(logs, session="run") as log:
        for event, fields in training():
            log.emit(event, **fields)
        path = log.path
    drained(logs)
    return path


def _changed(logs: Path) -> None:
    edit(_sealed(logs), lambda found: found.pop(3))


def _unchained(logs: Path) -> None:
    _sealed(logs)
    (logs / "_integrity" / "run.chain").unlink()


def _emptied(logs: Path) -> None:
    _sealed(logs)
    (logs / "_integrity" / "run.chain").write_bytes(b"")


def _foreign(logs: Path) -> None:
    write(logs, lines(training()), "run")


def _killed(logs: Path) -> None:
    kill(logs, 20)


STATES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "sound": (_sealed, "", "sound"),
    "changed": (_changed, "TAMPERED: ", "tampered"),
    "without its chain": (_unchained, "NOT VERIFIED: there is no hash chain", "not verified"),
    "with an empty chain": (_emptied, "NOT VERIFIED: its chain holds no record", "not checkable"),
    "of another tool": (_foreign, "NOT VERIFIED: there is no hash chain", "not verified"),
    "killed": (_killed, "", "sound"),
}


@pytest.mark.parametrize("state", STATES)
def test_what_is_not_as_its_chain_has_it_is_said_first(tmp_path: Path, state: str) -> None:
    """By summary, by its JSON, by a page and by the index; of a sound log nothing is said."""
    make, words, status = STATES[state]
    make(tmp_path / "logs")
    first, *_ = mllog("summary", tmp_path / "logs").stdout.decode().splitlines()
    assert first.startswith(words)
    assert words or "VERIFIED" not in first
    (shown,) = map(json.loads, mllog("summary", "--json", tmp_path / "logs").stdout.splitlines())
    assert shown["verification"]["status"] == status
    mllog("report", tmp_path / "logs", "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8").partition("<header>")[2]
    assert page.lstrip().startswith(f"<p><strong>{words}" if words else '<p class="muted">')


def test_an_index_says_it_of_each(tmp_path: Path) -> None:
    """And the page of several that belong together of the whole."""
    _sealed(tmp_path / "logs" / "a")
    _changed(tmp_path / "logs" / "b")
    mllog("report", tmp_path / "logs", "-o", tmp_path / "pages")
    index = (tmp_path / "pages" / "index.html").read_text("utf-8")
    assert index.count("<strong>TAMPERED") == 1


def test_of_several_that_belong_together_the_worst_is_said(tmp_path: Path) -> None:
    """The page of the whole names the session whose trouble it is."""
    for name, parent in ("main", None), ("worker", "main"):
        with AuditLog(tmp_path / "logs", session=name) as log:
            log.emit("TRAINING_STARTED")
            log.emit("TRAINING_COMPLETED")
        drained(tmp_path / "logs")
        manifest = tmp_path / "logs" / "_integrity" / f"{name}.json"
        if parent:  # as a worker's has it; its chain no longer binds what it says
            facts = json.loads(manifest.read_text()) | {"parent": parent}
            manifest.write_text(json.dumps(facts))
    mllog("report", tmp_path / "logs", "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8").partition("<header>")[2]
    assert page.lstrip().startswith("<p><strong>TAMPERED: ")
    assert "is not the manifest that was written" in page
