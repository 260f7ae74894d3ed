"""A story as plain values, for programs: what `mllog summary --json` prints."""

from typing import Any

from mllog_callbacks.reading._fast import FileAccount
from mllog_callbacks.reading.story import _summary as narrative
from mllog_callbacks.reading.story._model import Found, Run, Story
from mllog_callbacks.reading.story._state import state_of, verification_of

__all__ = ["as_object"]


def as_object(story: Story) -> dict[str, Any]:
    """The story as plain values."""
    state = state_of(story)
    return {
        "session": story.session,
        "title": narrative.title(story),
        "verdict": narrative.verdict_of(story)._asdict(),
        "files": [_file(file) for file in story.files],
        "entries": story.entries,
        "first": story.span[0],
        "last": story.span[1],
        "state": {"mood": state.mood, "words": state.pill, "recorded": state.sentences},
        "verification": {
            "status": story.seal.status if story.seal is not None else "not verified",
            "words": verification_of(story),
        },
        "what_happened": [
            " ".join(p.text for p in each) for each in narrative.what_happened(story)
        ],
        "tiles": [tile._asdict() for tile in narrative.tiles(story)],
        "runs": [narrative.run_facts(run) for run in story.runs],
        "issues": [_issue(run, found) for run, found in story.issues],
    }


def _file(file: FileAccount) -> dict[str, Any]:
    return {
        "file": str(file.path),
        "lines": file.lines,
        "entries": file.entries,
        "bad_lines": file.bad_lines,
        "disordered": file.disordered,
        "unfinished": file.unfinished,
        "sha256": file.sha256,
        "error": file.error,
    }


def _issue(run: Run, found: Found) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity,
        "run": run.number or None,
        "recorded": found.count,
        "resolved": found.resolved,
        "closed_by": found.closed_by,
        **narrative.issue_text(found)._asdict(),
    }
