"""What a trail tells: read from its lines alone, and tolerant of whatever became of them."""

from mllog_callbacks.reading.story._builder import StoryBuilder
from mllog_callbacks.reading.story._curves import Curve, Curves, Point
from mllog_callbacks.reading.story._export import as_object
from mllog_callbacks.reading.story._facts import done, kept
from mllog_callbacks.reading.story._family import join
from mllog_callbacks.reading.story._files import STANDARD_INPUT, read_sidecar, read_stories
from mllog_callbacks.reading.story._formatting import cut, moment, number, value
from mllog_callbacks.reading.story._model import Fold, Found, Member, Run, Seal, Story, Told
from mllog_callbacks.reading.story._state import state_of

__all__ = [
    "STANDARD_INPUT",
    "Curve",
    "Curves",
    "Fold",
    "Found",
    "Member",
    "Point",
    "Run",
    "Seal",
    "Story",
    "StoryBuilder",
    "Told",
    "as_object",
    "cut",
    "done",
    "join",
    "kept",
    "moment",
    "number",
    "read_sidecar",
    "read_stories",
    "state_of",
    "value",
]
