"""What a trail tells: read from its lines alone, and tolerant of whatever became of them."""

from mllog_callbacks.story.builder import StoryBuilder
from mllog_callbacks.story.curves import Curve, Curves, Point
from mllog_callbacks.story.family import join
from mllog_callbacks.story.files import STANDARD_INPUT, read_sidecar, read_stories
from mllog_callbacks.story.model import Fold, Found, Member, Run, Seal, Story, Told

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
    "join",
    "read_sidecar",
    "read_stories",
]
