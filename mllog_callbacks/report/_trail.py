"""A trail that was read: its story for people and programs, in a notebook or as a page."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mllog_callbacks.files import replace_file
from mllog_callbacks.reading import observe, seal, trainings
from mllog_callbacks.reading import story as telling
from mllog_callbacks.reading.story import Story, as_object, read_stories
from mllog_callbacks.recording import AuditLog
from mllog_callbacks.report._render import render_card, render_report
from mllog_callbacks.schema import count
from mllog_callbacks.sinks import find_logs

__all__ = ["Trail", "read_trail"]


@dataclass(frozen=True)
class Trail:
    """The trainings of some logs, as they were when they were read; a notebook shows their story.

    Ranks, workers and folds of one training are told together, as the report does.

    Attributes:
        stories: The story of each training, the oldest first; where it is of several sessions,
            theirs are its `members`.

    Example:
        >>> trail = read_trail("logs")
        >>> print(trail)
        >>> trail.save("report.html")
    """

    stories: tuple[Story, ...]

    def summary(self) -> list[dict[str, Any]]:
        """What happened in each session, as plain values: those of ``mllog summary --json``."""
        return [as_object(story) for story in self._sessions]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the report of the newest training as one HTML file; returns its path.

        Raises:
            OSError: The file cannot be written.
            ValueError: There is no session.
        """
        if not self.stories:
            msg = "this trail has no session to report"
            raise ValueError(msg)
        file = Path(path)
        replace_file(file, render_report(self.stories[-1]).encode())
        return file

    def __str__(self) -> str:
        return "\n\n".join(_told(story) for story in self.stories) or "There is no entry."

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {count(len(self._sessions), 'session')}>"

    @property
    def _sessions(self) -> list[Story]:
        """The story of each session, the oldest first."""
        each = [[member.story for member in one.members] or [one] for one in self.stories]
        return _by_age(story for stories in each for story in stories)

    def _repr_html_(self) -> str:
        return self._card

    @cached_property
    def _card(self) -> str:
        return render_card(self.stories)


def _told(story: Story) -> str:
    paragraphs = (" ".join(piece.text for piece in each) for each in telling.what_happened(story))
    return "\n".join([telling.title(story), *paragraphs])


def read_trail(
    source: str | os.PathLike[str] | AuditLog | Iterable[str | os.PathLike[str]],
) -> Trail:
    """Read the story of logs; tolerant of lines that are no entries, of which the story tells.

    Args:
        source: A file, a folder, several of these, or a log, which is flushed first.

    Raises:
        FileNotFoundError: There is no such path.
    """
    if isinstance(source, AuditLog):
        source.flush(2)
        paths: list[str | os.PathLike[str]] = [source.path]
    elif isinstance(source, str | os.PathLike):
        paths = [source]
    else:
        paths = list(source)
    files = dict.fromkeys(file for path in paths for file in find_logs(path))
    stories = _by_age(read_stories(files))
    seal(stories)
    observe(stories)
    return Trail(tuple(trainings(stories)))


def _by_age(stories: Iterable[Story]) -> list[Story]:
    return sorted(stories, key=lambda story: story.span[0] or "")
