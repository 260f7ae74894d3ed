"""What a notebook shows in place of a log: inline styles, no script, 20 KB at most."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from mllog_callbacks.reading import Row
from mllog_callbacks.reading import story as narrative
from mllog_callbacks.reading.story import Story, cut, moment
from mllog_callbacks.report._charts import charts_of
from mllog_callbacks.schema import count

__all__ = ["log_card", "story_card"]

_STORIES: Final = 3
_ISSUES: Final = 5
_TEXT: Final = 300


def story_card(stories: Sequence[Story]) -> dict[str, Any]:
    """The newest trainings: the last with a chart, the others in short."""
    newest = stories[::-1][:_STORIES]
    recorded = [_story(story, in_full=not number) for number, story in enumerate(newest)]
    more = len(stories) - len(newest)
    words = f"{count(more, 'older training')} not shown" if more else ""
    return {"stories": recorded, "more": words if stories else "There is no entry."}


def _story(story: Story, *, in_full: bool) -> dict[str, Any]:
    found = narrative.findings(story)
    own = ((at, each.of(story.main)) for at, each in enumerate(found, 1) if story.main in each.runs)
    numbered = [(at, each) for at, each in own if each is not None]
    issues = [(each.found, narrative.issue_text(each.found)) for each in found[:_ISSUES]]
    sessions = [each.story.session for each in story.members] or [story.session]
    named = f"Session{'s' if len(sessions) > 1 else ''} {cut(', '.join(sessions), 140)}"
    about = (named, moment(story.span[0]), narrative.took(story))
    return {
        "title": narrative.title(story),
        "about": " · ".join(filter(None, about)),
        "pills": narrative.pills(story),
        "paragraphs": [
            [piece._replace(text=cut(piece.text, _TEXT)) for piece in each]
            for each in narrative.what_happened(story)[: 3 if in_full else 1]
        ],
        "charts": charts_of(story.main, numbered)[:1] if in_full else [],
        "issues": [
            {
                "severity": found.severity,
                "title": cut(text.title, _TEXT),
                "where": cut(text.where, _TEXT),
            }
            for found, text in issues
        ]
        if in_full
        else [],
        "entries": [],
    }


def log_card(session: str, path: str, recorded: str, rows: Iterable[Row]) -> dict[str, Any]:
    """A log that is being written: where it stands, and its last entries."""
    entries = [
        {
            "time": row.fields["timestamp"][11:19],
            "event": row.fields["event"],
            "decision": cut(row.fields["decision"] or "", _TEXT),
        }
        for row in rows
        if row.fields is not None
    ]
    story = {
        "title": f"Audit log, session {cut(session, 140)}",
        "about": f"{cut(path, _TEXT)} · {recorded}",
        "pills": [],
        "paragraphs": [],
        "charts": [],
        "issues": [],
        "entries": entries,
    }
    return {"stories": [story], "more": ""}
