"""Whether the processes of runs without an end live: joins reading and the log's own memory."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mllog_callbacks.files import session_of
from mllog_callbacks.reading.story import Pulse, Story
from mllog_callbacks.sinks import living

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["observe"]


def observe(stories: Iterable[Story]) -> None:
    """Look whether the process of each run without an end lives, and note since when it is silent.

    Where that cannot be seen, as on another machine, nothing is noted.
    """
    seen: dict[Path, dict[str, int]] = {}
    for story in stories:
        if not story.files or all(run.end is not None for run in story.runs):
            continue
        path = story.files[0].path
        directory = path.parent.absolute()
        if directory not in seen:
            seen[directory] = living(directory)
        lives = session_of(path) in seen[directory]
        for run in story.runs:
            run.pulse = Pulse(_since(run.last)) if lives and run.end is None else None


def _since(stamp: str | None) -> float:
    """Seconds since a timestamp."""
    try:
        then = datetime.fromisoformat(stamp or "")
    except ValueError:
        return 0.0
    return max(0.0, (datetime.now(UTC) - then).total_seconds()) if then.tzinfo else 0.0
