"""Sessions that are one training, such as its ranks, workers and folds, as one story."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mllog_callbacks.reading.story._model import GRAVITY, Member, Run, Seal, Story
from mllog_callbacks.schema import count

__all__ = ["first_failure", "join", "outcome", "recorded_together"]

_NAMED: Final = 6
"""Members whose outcome is recorded one by one; of more, only those that did not complete."""


def join(name: str, stories: Sequence[Story]) -> Story:
    """The story of the whole, whose members stand beside each other.

    Args:
        name: What ties the sessions together: the session they come from, or their launcher's job.
        stories: The stories, the one that leads first.
    """
    labels = _labels(name, stories)
    members = [Member(*each) for each in zip(labels, stories, strict=True)]
    runs = _runs(members)
    rest = [replace(each.prelude, member=at) for at, each in enumerate(stories)]
    return Story(
        session=name,
        files=[file for each in stories for file in each.files],
        sidecar=stories[0].sidecar,
        runs=runs,
        decisions=[item for each in stories for item in each.decisions],
        left_out=sum(each.left_out for each in stories),
        events=sum((each.events for each in stories), Counter()),
        dropped=sum(each.dropped for each in stories),
        overlapping=any(each.overlapping for each in stories),
        prelude=rest[0],
        seal=_seal(members),
        members=members,
        preludes=rest[1:],
    )


def _labels(name: str, stories: Sequence[Story]) -> list[str]:
    labels = [_label(name, each) for each in stories]
    return [
        label if labels.count(label) == 1 else f"{label}, session {each.session}"
        for label, each in zip(labels, stories, strict=True)
    ]


def _label(name: str, story: Story) -> str:
    """What a session is in its family, by its manifest."""
    facts = story.sidecar
    if facts.get("rank") is not None:
        return f"rank {facts['rank']}"
    if facts.get("local_rank") is not None:
        return f"local rank {facts['local_rank']}"
    kind = "parent process" if story.session == name else "process"
    return f"{kind} {facts['pid']}" if "pid" in facts else f"session {story.session}"


def _runs(members: Sequence[Member]) -> list[Run]:
    """The runs of all, with numbers of their own; a worker's are within the leader's then."""
    runs: list[Run] = []
    for at, (_, story) in enumerate(members):
        before = len(runs)
        for run in story.runs:
            parent = None if run.parent is None else run.parent + before
            if run.parent is None and at and not _is_rank(story):
                parent = _around(run, members[0].story.runs)
            runs.append(replace(run, number=run.number + before, parent=parent, member=at))
    return runs


def _is_rank(story: Story) -> bool:
    """Whether a session is one of several that do the same beside each other."""
    return any(story.sidecar.get(each) is not None for each in ("rank", "local_rank"))


def _around(run: Run, leaders: Sequence[Run]) -> int | None:
    """The leader's run during which another session's began; the youngest of several."""
    began = run.start.time if run.start is not None else ""
    around = (
        each.number
        for each in reversed(leaders)
        if each.start is not None
        and each.start.time <= began
        and (each.end is None or began <= each.end.time)
    )
    return next(around, None)


def _seal(members: Sequence[Member]) -> Seal | None:
    """The worst of all, with the reasons of those it holds of."""
    seals = [
        (label, story.seal or Seal("not checkable", ["it has no chain"]))
        for label, story in members
    ]
    if all(story.seal is None for _, story in members):
        return None
    worst = min((seal.status for _, seal in seals), key=GRAVITY.index)
    reasons = [
        f"{label}: {reason}"
        for label, seal in seals
        if seal.status == worst
        for reason in seal.reasons
    ]
    return Seal(worst, reasons)


def outcome(story: Story) -> str:
    """How the runs of one session ended, in a few words."""
    ends = Counter(run.outcome for run in story.runs if run.parent is None)
    if not ends:
        return "records no run" if story.entries else "recorded nothing"
    if ends.total() == 1:
        return next(iter(ends))
    recorded = ", ".join(f"{many:,} {word}" for word, many in ends.items())
    return f"{count(ends.total(), 'run')}: {recorded}"


def first_failure(story: Story) -> Run | None:
    """Of the runs of several sessions the one that failed first; others often fail for it."""
    failed = (run for run in story.runs if run.end is not None and run.outcome == "failed")
    return min(failed, key=lambda run: run.end.time if run.end else "", default=None)


def recorded_together(story: Story) -> str:
    """Which sessions a story is of, how each ended, and which failed first."""
    recorded = _recorded_ends(story)
    failed = [run for run in story.runs if run.outcome == "failed"]
    first = first_failure(story)
    if first is None or first.end is None or len({run.member for run in failed}) == 1:
        return recorded
    stamp = first.end.time[11:23]
    return (
        f"{recorded} The first to fail was {story.whose(first)}, at {stamp} UTC by its own clock."
    )


def _recorded_ends(story: Story) -> str:
    ends = [(label, outcome(each)) for label, each in story.members]
    begin = f"{count(len(ends), 'session')} belong together here"
    if len(ends) <= _NAMED:
        return f"{begin}. {_capital('; '.join(f'{label}: {end}' for label, end in ends))}."
    by_end: dict[str, list[str]] = {}
    for label, end in ends:
        by_end.setdefault(end, []).append(label)
    recorded = (f"{len(labels):,} {end}{_named(end, labels)}" for end, labels in by_end.items())
    return f"{begin}: {'; '.join(recorded)}."


def _named(end: str, labels: Sequence[str]) -> str:
    if end == "completed":
        return ""
    more = f" and {len(labels) - _NAMED:,} more" if len(labels) > _NAMED else ""
    return f" ({', '.join(labels[:_NAMED])}{more})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
