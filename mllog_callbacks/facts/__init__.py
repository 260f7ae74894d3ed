"""Facts: typed, named values of entries, the same in every adapter; `docs/fields.md` lists them.

An entry's ``metrics_snapshot`` holds them under these names, and what reads a log uses them alone:
decision and reasoning are for people.
"""

from mllog_callbacks.facts._documentation import (
    GROUPS,
    OF_ENDS,
    OF_ISSUES,
    OF_RUNS,
    Documented,
    documented,
    facts_schema,
)
from mllog_callbacks.facts._ending import Failure, Kept, Rule, Stop, StoppedBy, ended_by
from mllog_callbacks.facts._fact import Fact, Group, dump
from mllog_callbacks.facts._issue import IssueFacts, IssueState, Subject
from mllog_callbacks.facts._runs import RUN, Names, may_be_same

__all__ = [
    "GROUPS",
    "OF_ENDS",
    "OF_ISSUES",
    "OF_RUNS",
    "RUN",
    "Documented",
    "Fact",
    "Failure",
    "Group",
    "IssueFacts",
    "IssueState",
    "Kept",
    "Names",
    "Rule",
    "Stop",
    "StoppedBy",
    "Subject",
    "documented",
    "dump",
    "ended_by",
    "facts_schema",
    "may_be_same",
]
