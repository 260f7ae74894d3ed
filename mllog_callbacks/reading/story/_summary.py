"""What summary and report say: titles, pills, tiles; paragraphs, endings and issues beside them.

All is composed from the entries alone. What no entry records is "not recorded".
"""

from collections import Counter
from typing import Any, Final, NamedTuple

from mllog_callbacks.reading.story import _facts as facts
from mllog_callbacks.reading.story import _family as family
from mllog_callbacks.reading.story._alike import alike_runs, findings, group_of
from mllog_callbacks.reading.story._endings import Ending, ending
from mllog_callbacks.reading.story._formatting import NOT_RECORDED, cut, duration, number
from mllog_callbacks.reading.story._issues import IssueText, issue_text
from mllog_callbacks.reading.story._model import Run, Story
from mllog_callbacks.reading.story._paragraphs import Piece, what_happened
from mllog_callbacks.reading.story._state import state_of
from mllog_callbacks.reading.story._verdict import MOODS, Verdict, verdict_of, verdict_of_run
from mllog_callbacks.schema import EventType, count

__all__ = [
    "NOT_RECORDED",
    "Ending",
    "IssueText",
    "Piece",
    "Tile",
    "Verdict",
    "ending",
    "issue_text",
    "pills",
    "run_facts",
    "tiles",
    "title",
    "title_of_run",
    "took",
    "verdict_of",
    "verdict_of_run",
    "what_happened",
]

_ISSUE_NOUNS: Final = {"error": "serious issue", "warning": "warning", "info": "remark"}


class Tile(NamedTuple):
    """One of the four figures one looks at first."""

    label: str
    figure: str
    detail: str


def title_of_run(run: Run) -> str:
    """Model on data set."""
    model, dataset = run.model or "A model without a name", run.dataset
    return cut(f"{cut(model, 120)} on {dataset}" if dataset else model, 240)


def title(story: Story) -> str:
    """Of the whole session: that of its main run, and how many more there are."""
    if not story.runs:
        named = title_of_run(story.prelude)
        return named if story.prelude.model else f"Session {cut(story.session, 120)}"
    if story.members:
        return f"{title_of_run(story.main)}, in {count(len(story.members), 'session')}"
    others = len(story.runs) - 1
    return title_of_run(story.main) + (f", and {count(others, 'other run')}" if others else "")


def pills(story: Story) -> list[tuple[str, str]]:
    """Mood and words of each: the verdict, how it ended, the worst issue, the state of the log.

    A log that is damaged or unfinished comes first.
    """
    state = state_of(story)
    log = (state.mood, state.pill)
    word = verdict_of(story).word
    mood, ended = _ended(story)
    if mood == "good" and word != "healthy":  # no green tick beside another verdict
        mood = "note"
    shown = [(MOODS[word], word.capitalize()), (mood, ended), _worst(story)]
    return [*shown, log] if state.mood == "good" else [log, *shown]


def _ended(story: Story) -> tuple[str, str]:
    if len(story.runs) < 2:  # noqa: PLR2004 - one run, or none
        return ending(story.main)[:2]
    ends = Counter(run.outcome for run in story.runs)
    recorded = ", ".join(f"{many:,} {word}" for word, many in ends.items())
    mood = "bad" if ends["failed"] else "unknown" if ends["without an end"] else "good"
    return mood, f"{len(story.runs):,} runs: {recorded}"


def _worst(story: Story) -> tuple[str, str]:
    by_severity = Counter(each.found.severity for each in findings(story))
    for severity, mood in (("error", "bad"), ("warning", "unknown"), ("info", "note")):
        if by_severity[severity]:
            return mood, count(by_severity[severity], _ISSUE_NOUNS[severity])
    return "good", "No issues detected"


def tiles(story: Story) -> list[Tile]:
    """The kept metric, why it stopped, the issues, the decisions."""
    run = story.main
    decisive = (family.first_failure(story) if story.members else None) or run
    end = ending(decisive)
    why = ": ".join(filter(None, [story.whose(decisive), end.detail]))
    shown = findings(story)
    by_severity = Counter(each.found.severity for each in shown)
    issues = [f"{by_severity[each]:,} {word}" for each, word in _SHORT if by_severity[each]]
    progress = story.events[EventType.TRAINING_PROGRESS]
    return [
        _kept_tile(story, run),
        Tile("Why it ended", end.headline, why),
        Tile("Issues", number(len(shown)), ", ".join(issues) or "none detected"),
        Tile(
            "Decisions recorded",
            number(story.entries - progress),
            f"in {count(story.entries, 'log entry')}",
        ),
    ]


_SHORT: Final = (("error", "serious"), ("warning", "warning"), ("info", "info"))


def _kept_tile(story: Story, run: Run) -> Tile:
    group = group_of(run, alike_runs(story))
    if group is not None and group.scores:
        alike = f"mean and deviation of {len(group.runs):,} runs alike ({group.range})"
        return Tile(cut(group.name, 60), group.figure, alike)
    found = facts.kept(run)
    if found is None and (last := facts.last_of_killed(run)) is not None:
        at = "" if last.at is None else f", at {last.unit} {number(last.at)}"
        return Tile(cut(last.name, 60), number(last.value), f"last recorded{at}")
    if found is None:
        return Tile("Final metric", "Not recorded", "no evaluation was recorded")
    if found.at is None:
        at = f"of the {found.how}" if found.is_kept else "at its end"
    else:
        kept = f" ({found.how})" if found.is_kept else ""
        at = f"at {found.unit} {number(found.at)}{kept}"
    return Tile(cut(found.name, 60), number(found.value), at)


def run_facts(run: Run) -> dict[str, Any]:
    """A run in one row: its number, names, how far it came, how it ended, what it kept."""
    had, best = facts.done(run), facts.kept(run)
    return {
        "run": run.number,
        "within": run.parent,
        "title": title_of_run(run),
        "verdict": verdict_of_run(run).word,
        "came_to": NOT_RECORDED if had is None else count(*had),
        "ended": ending(run).pill,
        "kept": NOT_RECORDED if best is None else f"{cut(best.name, 60)} {number(best.value)}",
        "issues": len(run.issues),
    }


def took(story: Story) -> str:
    """How long the session took; empty where that is not known."""
    return duration(*story.span)
