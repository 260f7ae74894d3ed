"""A trail that was read: its story for people and programs, in a notebook or as a page."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mllog_callbacks.comparison import (
    ComparedRun,
    Comparison,
    against_in_words,
    compare,
    difference_in_words,
    heading,
    score_in_words,
)
from mllog_callbacks.files import replace_file
from mllog_callbacks.reading import observe, seal, trainings
from mllog_callbacks.reading import story as narrative
from mllog_callbacks.reading.story import Story, as_object, read_stories
from mllog_callbacks.recording import AuditLog
from mllog_callbacks.report._render import (
    render_card,
    render_comparison,
    render_comparison_card,
    render_report,
)
from mllog_callbacks.schema import count
from mllog_callbacks.sinks import find_logs

__all__ = ["ComparedTrail", "Trail", "read_trail"]


@dataclass(frozen=True, repr=False)
class ComparedTrail(Comparison):
    """The runs of a trail, held against one another; a notebook shows them as a table.

    Example:
        >>> found = read_trail("logs").compare()
        >>> print(found.best.id, [each.name for each in found.differences(found.runs[-1])])
        >>> found.save("compare.html")
    """

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the comparison as one HTML file that can be sorted and filtered.

        Raises:
            OSError: The file cannot be written.
        """
        file = Path(path)
        replace_file(file, render_comparison(self).encode())
        return file

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {count(len(self.runs), 'run')}>"

    def __str__(self) -> str:
        return "\n".join([heading(self), *map(self._recorded, self.runs)])

    def _recorded(self, run: ComparedRun) -> str:
        score = score_in_words(run.scores.get(self.metric)) or "no score"
        chosen = (each for each in self.differences(run) if each.is_chosen)
        said = [against_in_words(self.judgement(run)), *map(difference_in_words, chosen)]
        return "; ".join(filter(None, [f"{run.id}: {score}", *said]))

    def _repr_html_(self) -> str:
        return self._card

    @cached_property
    def _card(self) -> str:
        return render_comparison_card(self)


@dataclass(frozen=True)
class Trail:
    """The trainings of some logs, as they were when they were read; a notebook shows their story.

    Ranks, workers and folds of one training are recorded together, as the report does.

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

    def compare(
        self,
        *,
        baseline: str | None = None,
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        slower: float | None = None,
    ) -> ComparedTrail:
        """Which run is best, and in what the others differ: as ``mllog compare`` shows it.

        Args:
            baseline: The run that others are held against, by its id or a part of it.
            metric: What is compared; default that of most runs.
            mode: Which of its values are better; default what the runs record.
            slower: From which share of the baseline's seconds a step on a run is worse.

        Raises:
            NoSuchRunError: No run, or more than one, has that name.
        """
        found = compare(self._sessions, metric=metric, mode=mode, baseline=baseline, slower=slower)
        return ComparedTrail(
            **{each.name: getattr(found, each.name) for each in fields(found) if each.init}
        )

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
        return "\n\n".join(_recorded(story) for story in self.stories) or "There is no entry."

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


def _recorded(story: Story) -> str:
    paragraphs = (" ".join(piece.text for piece in each) for each in narrative.what_happened(story))
    return "\n".join([narrative.title(story), *paragraphs])


def read_trail(
    source: str | os.PathLike[str] | AuditLog | Iterable[str | os.PathLike[str]],
) -> Trail:
    """Read the story of logs; tolerant of lines that are no entries, which the story counts.

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
