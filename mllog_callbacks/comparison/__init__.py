"""Runs compared: which is best, what differs between them, and where their curves part."""

from mllog_callbacks.comparison._comparison import Comparison, NoSuchRunError, compare
from mllog_callbacks.comparison._group import Group, Member
from mllog_callbacks.comparison._judgement import Judgement
from mllog_callbacks.comparison._object import as_object, lines_of
from mllog_callbacks.comparison._parting import Parting
from mllog_callbacks.comparison._run import ComparedRun
from mllog_callbacks.comparison._score import Score
from mllog_callbacks.comparison._trait import Difference, Trait
from mllog_callbacks.comparison._words import (
    against_in_words,
    difference_in_words,
    group_in_words,
    heading,
    issues_in_words,
    parting_in_words,
    plain_name,
    score_in_words,
    short_names,
    trait_in_words,
)

__all__ = [
    "ComparedRun",
    "Comparison",
    "Difference",
    "Group",
    "Judgement",
    "Member",
    "NoSuchRunError",
    "Parting",
    "Score",
    "Trait",
    "against_in_words",
    "as_object",
    "compare",
    "difference_in_words",
    "group_in_words",
    "heading",
    "issues_in_words",
    "lines_of",
    "parting_in_words",
    "plain_name",
    "score_in_words",
    "short_names",
    "trait_in_words",
]
