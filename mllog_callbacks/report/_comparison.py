"""The sessions of one training beside each other: how each ended, and where it stands."""

from typing import Any, Final

from mllog_callbacks.reading import story as narrative
from mllog_callbacks.reading.story import Member, Story, cut, state_of
from mllog_callbacks.schema import count

__all__ = ["beside"]

_MEMBERS: Final = 40


def beside(story: Story) -> dict[str, Any] | None:
    """A row a session, in their order; None where there is but one.

    Of very many those that went wrong are shown before others.
    """
    if not story.members:
        return None
    rows = [_row(each) for each in story.members]
    first = sorted(range(len(rows)), key=lambda at: rows[at]["mood"] != "bad")[:_MEMBERS]
    left_out = len(rows) - len(first)
    return {
        "rows": [rows[at] for at in sorted(first)],
        "left_out": f"{count(left_out, 'more session')} in the logs." if left_out else "",
    }


def _row(member: Member) -> dict[str, Any]:
    story = member.story
    outer = [run for run in story.runs if run.parent is None]
    one = narrative.run_facts(outer[0]) if len(outer) == 1 else None
    log = state_of(story)
    _, ended, issues = (pill for pill in narrative.pills(story) if pill != (log.mood, log.pill))
    return {
        "label": cut(member.label, 100),
        "session": cut(story.session, 140),
        "where": _where(story),
        "mood": ended[0] if outer else "unknown",
        "ended": ended[1] if story.entries else "Recorded nothing",
        "came_to": one["came_to"] if one else count(len(outer), "run"),
        "kept": one["kept"] if one else narrative.NOT_RECORDED,
        "issues": issues[1],
        "entries": f"{story.entries:,}",
        "log": log.pill,
    }


def _where(story: Story) -> str:
    facts = story.sidecar
    return f"process {facts['pid']} on {facts.get('host')}" if "pid" in facts else ""
