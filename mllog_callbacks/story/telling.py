"""The sentences of summary and report: what happened, why it stopped, what went wrong.

They are composed from the entries alone. What no entry tells is "not recorded".
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mllog_callbacks.event_types import EventType
from mllog_callbacks.story import facts, family
from mllog_callbacks.story.advice import ADVICE
from mllog_callbacks.story.model import Found, Run, Story
from mllog_callbacks.story.shown import count, cut, duration, number, value
from mllog_callbacks.story.state import State, state_of

__all__ = [
    "NOT_RECORDED",
    "Ending",
    "IssueText",
    "Piece",
    "Tile",
    "ending",
    "issue_text",
    "pills",
    "run_facts",
    "tiles",
    "title",
    "title_of_run",
    "took",
    "what_happened",
]

NOT_RECORDED: Final = "not recorded"

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")
_CAUSE: Final = re.compile(r"\bProbable cause: ")
_PATIENCE: Final = re.compile(r"(\d[\d,]*) (\w+?)s? without improvement")
_ERROR: Final = re.compile(r"\b([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning))\b")
_RULE: Final = re.compile(r"without improvement|early.?stopping|patience|max_time", re.IGNORECASE)
_MOST_TOLD: Final = 4
_MOST_SENTENCES: Final = 6
_SENTENCE_CHARS: Final = 400
_ISSUE_NOUNS: Final = {"error": "serious issue", "warning": "warning", "info": "remark"}


class Piece(NamedTuple):
    """A part of a sentence.

    Attributes:
        text: What it says.
        strong: Whether it carries the main point.
        issue: Number of the issue it points to, from 1; 0 for none.
    """

    text: str
    strong: bool = False
    issue: int = 0


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        mood: "good", "bad", or "unknown".
        pill: In a few words.
        headline: Why, in two or three words.
        detail: What belongs to it.
    """

    mood: str
    pill: str
    headline: str
    detail: str


class Tile(NamedTuple):
    """One of the four figures one looks at first."""

    label: str
    figure: str
    detail: str


class IssueText(NamedTuple):
    """An issue, in its parts.

    Attributes:
        title: What is the case.
        evidence: The numbers it rests on.
        cause: The probable cause; empty where none was told.
        course: How it went on, where more than one entry tells of it.
        advice: What to try; empty where nothing general can be said.
        where: Where it stands.
    """

    title: str
    evidence: str
    cause: str
    course: str
    advice: str
    where: str


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


def ending(run: Run) -> Ending:
    """How a run ended and why, in words that fit its event."""
    if run.end is None:
        what = "No end recorded" if run.start is not None else "No training recorded"
        return Ending("unknown", what, "Not recorded", "no entry tells an end")
    if run.end.event == EventType.TRAINING_COMPLETED:
        return _completed(run)
    reason = f"{run.end.reasoning} {run.end.decision}"
    error = _ERROR.search(reason)
    if run.end.event == EventType.TRAINING_FAILED:
        kind = error[1] if error else "Failed"
        return Ending("bad", f"Failed: {kind}" if error else "Failed", kind, _how_far(run))
    if facts.is_by_hand(run):
        return Ending("unknown", "Stopped by hand", "By hand", error[1] if error else _how_far(run))
    if found := _PATIENCE.search(reason):
        waited = count(float(found[1].replace(",", "")), found[2])
        return Ending("good", "Stopped early, as configured", "No improvement", f"for {waited}")
    as_configured = _RULE.search(reason)
    pill = "Stopped early, as configured" if as_configured else "Stopped before its planned end"
    return Ending("good", pill, "Stopped", _how_far(run))


def _completed(run: Run) -> Ending:
    had = facts.done(run)
    what = f"{number(had[0])} {had[1]}s ran" if had and had[0] != 1 else "1 ran" if had else ""
    if had and (before := facts.before(run)):
        what = f"{number(had[0])} {had[1]}s, {number(before)} of them before it was resumed"
    return Ending("good", "Completed as planned", "All was done", what or "as planned")


def _how_far(run: Run) -> str:
    had, most = facts.done(run), facts.planned(run)
    if had is None:
        return "how far it came is not recorded"
    of = f" of {number(most[0])}" if most else ""
    return f"after {number(had[0])}{of} {had[1]}s"


def pills(story: Story) -> list[tuple[str, str]]:
    """Mood and words of each: how it ended, the worst issue, the state of the log.

    A log that is damaged or unfinished comes first.
    """
    state = state_of(story)
    log = (state.mood, state.pill)
    told = [_ended(story), _worst(story)]
    return [*told, log] if state.mood == "good" else [log, *told]


def _ended(story: Story) -> tuple[str, str]:
    if len(story.runs) < 2:  # noqa: PLR2004 - one run, or none
        return ending(story.main)[:2]
    ends = Counter(run.outcome for run in story.runs)
    told = ", ".join(f"{many:,} {word}" for word, many in ends.items())
    mood = "bad" if ends["failed"] else "unknown" if ends["without an end"] else "good"
    return mood, f"{len(story.runs):,} runs: {told}"


def _worst(story: Story) -> tuple[str, str]:
    by_severity = Counter(found.severity for _, found in story.issues)
    for severity, mood in (("error", "bad"), ("warning", "unknown"), ("info", "note")):
        if by_severity[severity]:
            return mood, count(by_severity[severity], _ISSUE_NOUNS[severity])
    return "good", "No issue told"


def tiles(story: Story) -> list[Tile]:
    """The kept metric, why it stopped, the issues, the decisions."""
    run = story.main
    decisive = (story.members and family.first_failure(story)) or run
    end = ending(decisive)
    why = ": ".join(filter(None, [story.whose(decisive), end.detail]))
    by_severity = Counter(found.severity for _, found in story.issues)
    issues = [f"{by_severity[each]:,} {word}" for each, word in _SHORT if by_severity[each]]
    progress = story.events[EventType.TRAINING_PROGRESS]
    return [
        _kept_tile(run),
        Tile("Why it stopped", end.headline, why),
        Tile("Issues", number(len(story.issues)), ", ".join(issues) or "none was told"),
        Tile(
            "Decisions recorded",
            number(story.entries - progress),
            f"in {count(story.entries, 'log entry')}",
        ),
    ]


_SHORT: Final = (("error", "serious"), ("warning", "warning"), ("info", "info"))


def _kept_tile(run: Run) -> Tile:
    found = facts.kept(run)
    if found is None:
        return Tile("Metric at the end", "Not recorded", "no evaluation is told")
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
        "came_to": NOT_RECORDED if had is None else count(*had),
        "ended": ending(run).pill,
        "kept": NOT_RECORDED if best is None else f"{cut(best.name, 60)} {number(best.value)}",
        "issues": len(run.issues),
    }


def what_happened(story: Story) -> list[list[Piece]]:
    """Paragraphs of sentences: first the log where it is not whole, then a run each.

    Of several sessions, how each ended is told before.
    """
    told = [[Piece(each, strong=True)] for each in _of_the_log(state_of(story))]
    if story.members:
        told.append([Piece(family.told_together(story))])
    outer = [run for run in story.runs if run.parent is None]
    told += [list(_of_a_run(story, run)) for run in _chosen(outer)]
    if len(outer) > _MOST_TOLD:
        told.append([Piece(f"{count(len(outer) - _MOST_TOLD, 'more run')} beside these.")])
    if not outer:
        told.append([Piece(_of_no_run(story)), *_of_its_end(story)])
    if story.overlapping:
        told.append([Piece(_OVERLAPPING)])
    return told


def _chosen(runs: list[Run]) -> list[Run]:
    """The first of very many, and before others those that failed, in their order."""
    by_weight = sorted(runs[1:], key=lambda run: run.outcome != "failed")
    chosen = {run.number for run in [*runs[:1], *by_weight][:_MOST_TOLD]}
    return [run for run in runs if run.number in chosen]


_OVERLAPPING: Final = (
    "Runs of the same names were under way together; their entries are told apart by their steps, "
    "which may err."
)


def _of_the_log(state: State) -> list[str]:
    return [] if state.mood == "good" else state.sentences


def _of_no_run(story: Story) -> str:
    if not story.entries:
        return "There is no entry: nothing was recorded."
    types = ", ".join(f"{many:,} {event}" for event, many in story.events.most_common(6))
    return (
        f"No start of a training is recorded. There are {count(story.entries, 'entry')}: {types}."
    )


def _of_its_end(story: Story) -> Iterator[Piece]:
    """What an end tells whose start is missing: the log was cut, or begins within a run."""
    if story.prelude.end is not None:
        yield from map(Piece, _told_at_the_end(story.prelude))


def _of_a_run(story: Story, run: Run) -> Iterator[Piece]:
    if story.members:
        yield Piece(f"{story.whose(run).capitalize()}:", strong=True)
    yield Piece(_beginning(story, run))
    kept: list[str] = []
    for sentence in _told_at_the_end(run):
        if "is kept" in sentence or "was returned" in sentence:
            kept.append(sentence)
        else:
            yield Piece(sentence)
    yield from (Piece(each, strong=True) for each in kept[-1:])
    within = sum(each.parent == run.number for each in story.runs)
    if within:
        yield Piece(f"{count(within, 'run')} went on within it.")
    yield from _findings(story, run)


def _beginning(story: Story, run: Run) -> str:
    had, most = facts.done(run), facts.planned(run)
    who = f"{cut(run.model or 'The model', 120)} trained"
    on = f" on {cut(run.dataset, 120)}" if run.dataset else ""
    if had is None:
        far = "; how far it came is not recorded"
    elif most is not None and most[1] == had[1] and most[0] > had[0]:
        far = f" for {number(had[0])} of at most {count(most[0], most[1])}"
    else:
        far = f" for {count(had[0], had[1])}"
    if had is not None and (before := facts.before(run)):
        far += f", {number(before)} of them before it was resumed"
    sizes = _sizes(story, run)
    return f"{who}{on}{far}{f' ({sizes})' if sizes else ''}."


def _sizes(story: Story, run: Run) -> str:
    sets = facts.data_facts(story, run)
    first = next(iter(sets.values()), {})
    return ", ".join(
        count(first[name], name.rstrip("s"))
        for name in ("rows", "features")
        if type(first.get(name)) in {int, float}
    )


def _told_at_the_end(run: Run) -> list[str]:
    if run.end is None:
        last = f"; its last entry is of {run.last[11:19]} UTC" if run.last else ""
        return [f"Its end is {NOT_RECORDED}: it goes on still, or was killed{last}."]
    texts = (run.end.decision, run.end.reasoning)
    sentences = (each for text in texts for each in _SENTENCE.split(text.strip()) if each)
    return list(dict.fromkeys(cut(each, _SENTENCE_CHARS) for each in sentences))[:_MOST_SENTENCES]


def _findings(story: Story, run: Run) -> Iterator[Piece]:
    numbered = [(at, of, each) for at, (of, each) in enumerate(story.issues, 1)]
    own = [(at, each) for at, of, each in numbered if of is run and not each.resolved]
    if not own:
        if not run.issues:
            yield Piece("No issue was told.")
        return
    at, main = own[0]
    text = issue_text(main)
    yield Piece("Main finding:")
    yield Piece(f"{cut(text.title, _SENTENCE_CHARS).rstrip('.')}.", issue=at)
    if text.cause:
        yield Piece(f"Probable cause: {cut(text.cause, _SENTENCE_CHARS)}")


def issue_text(found: Found) -> IssueText:
    """An issue's parts, from the words of its entries."""
    worst = found.worst or found.told[-1]
    evidence, _, cause = _CAUSE.sub("\0", worst.reasoning, count=1).partition("\0")
    cause, *after = _SENTENCE.split(cause, maxsplit=1)
    return IssueText(
        title=worst.decision or found.name or "An issue without words",
        evidence=" ".join([evidence.strip(), *after]).strip() or NOT_RECORDED,
        cause=cause.strip(),
        course=_course(found),
        advice=ADVICE.get(found.name, ""),
        where=" · ".join(filter(None, _where(found))),
    )


def _course(found: Found) -> str:
    if found.count == 1:
        return ""
    first, last = found.told[0], found.told[-1]
    times = f"Told {found.count:,} times, first: {cut(first.decision, 200)}"
    return f"{times} At last: {cut(last.decision, 200)}" if found.resolved else times


def _where(found: Found) -> Iterator[str]:
    if found.steps:
        first, last = found.steps[0], found.steps[-1]
        unit = found.unit
        yield (
            f"{unit} {number(first)}"
            if first == last
            else f"{unit}s {number(first)} to {number(last)}"
        )
    lines = dict.fromkeys(f"{each.place[1]:,}" for each in found.told)
    yield f"{'line' if len(lines) == 1 else 'lines'} {' and '.join(lines)}"
    yield " ".join(filter(None, [found.code, found.name.replace("_", " ")]))
    yield ", ".join(
        f"{name} {value(each, 40)}"
        for name, each in (found.worst or found.told[-1]).snapshot.items()
        if name in {"confidence", "probability"}
    )


def took(story: Story) -> str:
    """How long the session took; empty where that is not known."""
    return duration(*story.span)
