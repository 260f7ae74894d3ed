"""What a trail tells: read from its lines alone, and tolerant of whatever became of them."""

from mllog_callbacks.reading.story._builder import StoryBuilder
from mllog_callbacks.reading.story._candidates import Candidate, Candidates, candidates
from mllog_callbacks.reading.story._curves import Curve, Curves, Point
from mllog_callbacks.reading.story._export import as_object
from mllog_callbacks.reading.story._facts import Checks, checks, data_facts, done, kept, settings
from mllog_callbacks.reading.story._family import join
from mllog_callbacks.reading.story._files import STANDARD_INPUT, read_sidecar, read_stories
from mllog_callbacks.reading.story._formatting import cut, moment, number, value
from mllog_callbacks.reading.story._model import (
    GRAVITY,
    Fold,
    Found,
    Member,
    Run,
    Seal,
    Story,
    Told,
)
from mllog_callbacks.reading.story._state import state_of, verification_of
from mllog_callbacks.reading.story._summary import (
    NOT_RECORDED,
    Ending,
    IssueText,
    Piece,
    Tile,
    Verdict,
    ending,
    issue_text,
    pills,
    run_facts,
    tiles,
    title,
    title_of_run,
    took,
    verdict_of,
    what_happened,
)
from mllog_callbacks.reading.story._verdict import verdict_of_run

__all__ = [
    "GRAVITY",
    "NOT_RECORDED",
    "STANDARD_INPUT",
    "Candidate",
    "Candidates",
    "Checks",
    "Curve",
    "Curves",
    "Ending",
    "Fold",
    "Found",
    "IssueText",
    "Member",
    "Piece",
    "Point",
    "Run",
    "Seal",
    "Story",
    "StoryBuilder",
    "Tile",
    "Told",
    "Verdict",
    "as_object",
    "candidates",
    "checks",
    "cut",
    "data_facts",
    "done",
    "ending",
    "issue_text",
    "join",
    "kept",
    "moment",
    "number",
    "pills",
    "read_sidecar",
    "read_stories",
    "run_facts",
    "settings",
    "state_of",
    "tiles",
    "title",
    "title_of_run",
    "took",
    "value",
    "verdict_of",
    "verdict_of_run",
    "verification_of",
    "what_happened",
]
