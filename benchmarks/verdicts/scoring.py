"""What a training came to for a reader, held against its truth."""

import contextlib
import io
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.verdicts.truth import Scripted
from mllog_callbacks import AuditLog, EventType, read_entries
from mllog_callbacks.reading.story import Story, read_stories, verdict_of

__all__ = ["MOST_ENTRIES", "Outcome", "outcome_of"]

MOST_ENTRIES: Final = 3
"""Entries of issues that a run of one cause may have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reader sees of a training, and whether it is right.

    Attributes:
        of: The training.
        word: Its verdict.
        reason: The reason for that.
        finding: The code of its gravest issue; empty where it has none.
        severity: The severity of that.
        entries: Entries of issues, all runs together.
        most: Most of one run.
        issues: The codes of all issues with their severities.
    """

    of: Scripted
    word: str
    reason: str
    finding: str
    severity: str
    entries: int
    most: int
    issues: tuple[str, ...]

    @property
    def verdict_right(self) -> bool:
        """Whether the verdict is one that the truth allows."""
        return self.word in self.of.words

    @property
    def severity_right(self) -> bool:
        """Whether a healthy one has no warning or error, and one with a mistake has one."""
        grave = self.severity in {"warning", "error"}
        if self.of.is_healthy:
            return not grave
        return grave or not self.of.findings

    @property
    def finding_right(self) -> bool:
        """Whether the gravest issue names the mistake; of a healthy one any remark is right."""
        if self.of.is_healthy:
            return self.severity_right
        return not self.of.findings or self.finding in self.of.findings

    @property
    def entries_right(self) -> bool:
        """Whether no run has too many entries of issues."""
        return self.most <= MOST_ENTRIES

    @property
    def right(self) -> bool:
        """Whether all of it is right."""
        return (
            self.verdict_right and self.severity_right and self.finding_right and self.entries_right
        )


def outcome_of(scripted: Scripted, folder: Path | None = None) -> Outcome:
    """Train, and read what was recorded.

    Args:
        scripted: The training.
        folder: Where the log is kept; default a temporary one.
    """
    with tempfile.TemporaryDirectory() as temporary:
        directory = folder or Path(temporary)
        log = AuditLog(directory)
        # the exception that ends a training is its own; what is recorded of it is judged
        with _silence(), contextlib.suppress(Exception):
            scripted.script(log)
        log.close()
        path = log.path
        (story,) = read_stories([path])
        runs = Counter(
            str((each.metrics_snapshot or {}).get("run"))
            for each in read_entries(path)
            if each.event == EventType.ISSUE_DETECTED
        )
    return _outcome(scripted, story, runs)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Frameworks print and warn; some of that is what a training is about."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def _outcome(scripted: Scripted, story: Story, runs: Counter[str]) -> Outcome:
    word, reason = verdict_of(story)[:2]
    issues = [found for _, found in story.issues]
    first = issues[0] if issues else None
    return Outcome(
        scripted,
        word,
        reason,
        "" if first is None else first.code,
        "" if first is None else first.severity,
        runs.total(),
        max(runs.values(), default=0),
        tuple(f"{each.code} {each.severity}" for each in issues),
    )
