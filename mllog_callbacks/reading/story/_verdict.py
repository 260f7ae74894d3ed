"""What a run came to, for a reader: one of four words, and the reason for it."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from mllog_callbacks.reading.story._alike import alike_runs
from mllog_callbacks.reading.story._endings import ending
from mllog_callbacks.reading.story._facts import checks, kept
from mllog_callbacks.reading.story._formatting import number
from mllog_callbacks.reading.story._issues import issue_text
from mllog_callbacks.reading.story._model import Found, Run, Story
from mllog_callbacks.schema import EventType, count

__all__ = ["MOODS", "Verdict", "Word", "verdict_of", "verdict_of_run"]

Word: TypeAlias = Literal["healthy", "check", "broken", "unknown"]

MOODS: Final[Mapping[Word, str]] = {
    "healthy": "good",
    "check": "unknown",
    "broken": "bad",
    "unknown": "note",
}
"""The mood that a verdict is shown in."""

_BREAKDOWNS: Final = frozenset({"non_finite", "divergence"})
"""Issues that somebody should look at also where a model from before them is kept."""

_GRAVEST_FIRST: Final[tuple[Word, ...]] = ("broken", "check", "unknown", "healthy")


class Verdict(NamedTuple):
    """What a run came to.

    Attributes:
        word: "broken" where it failed or the model it leaves is affected; "check" where somebody
            should look at it; "unknown" where the log does not show it; else "healthy".
        reason: The facts that this follows from, in a sentence.
    """

    word: Word
    reason: str


def verdict_of(story: Story) -> Verdict:
    """The verdict of a session: that of its gravest run."""
    runs = [run for run in story.runs if run.parent is None]
    if not runs:
        return Verdict("unknown", "No training was recorded.")
    verdicts = [verdict_of_run(run) for run in runs]
    gravest = min(verdicts, key=lambda each: _GRAVEST_FIRST.index(each.word))
    if len(verdicts) == 1:
        return gravest
    same = sum(each.word == gravest.word for each in verdicts)
    said = f"{same:,} of {count(len(verdicts), 'run')}"
    if gravest.word != "healthy":
        return Verdict(gravest.word, f"{said}: {gravest.reason}")
    groups = alike_runs(story)
    scored = groups[0] if len(groups) == 1 and len(groups[0].runs) == len(runs) else None
    score = f"; {scored.name} {scored.figure}" if scored is not None and scored.scores else ""
    return Verdict(gravest.word, f"{said}{score}.")


def verdict_of_run(run: Run) -> Verdict:
    """The verdict of a run, by the facts of its end and by its issues."""
    if run.end is None:
        return Verdict("unknown", f"{ending(run).pill}.")
    by_severity: dict[str, list[Found]] = {}
    for found in run.issues.values():
        by_severity.setdefault(found.severity, []).append(found)
    if run.end.event == EventType.TRAINING_FAILED:
        end = ending(run)
        return Verdict("broken", f"{end.pill} {end.detail}.")
    for severity, word in _OF_SEVERITY:
        if issues := by_severity.get(severity):
            return Verdict(word, _of_issues(issues))
    if broke := [found for found in run.issues.values() if found.name in _BREAKDOWNS]:
        return Verdict("check", _of_issues(broke))
    return _without_issue(run)


_OF_SEVERITY: Final[tuple[tuple[str, Word], ...]] = (("error", "broken"), ("warning", "check"))


def _of_issues(issues: list[Found]) -> str:
    title = issue_text(issues[0]).title.rstrip(".")
    more = len(issues) - 1
    return f"{title}, and {count(more, 'more issue')}." if more else f"{title}."


def _without_issue(run: Run) -> Verdict:
    """Of a run that ended in order, and of which no issue remains."""
    end, best, ran = ending(run), kept(run), checks(run)
    if end.mood != "good":
        return Verdict("check", f"{end.pill} {end.detail}.")
    if best is None and not len(run.curves):
        return Verdict("unknown", f"{end.pill}; no metric was recorded.")
    if ran is not None and not ran.ran:
        return Verdict("unknown", f"{end.pill}; no check could run.")
    score = "" if best is None else f"; {best.name} {number(best.value)}"
    return Verdict("healthy", f"{end.pill}{score}.")
