"""Facts: typed, named values of entries, the same in every adapter; `docs/fields.md` lists them.

An entry's ``metrics_snapshot`` holds them under these names, and what reads a log uses them alone:
decision and reasoning are for people.
"""

from mllog_callbacks.facts._course import Best, Change, Continued, Plan, Progress, Results
from mllog_callbacks.facts._data import DataSet, GroupSizes, Range, Role
from mllog_callbacks.facts._documentation import (
    GROUPS,
    OF_EVENTS,
    OF_RUNS,
    Documented,
    documented,
    facts_schema,
)
from mllog_callbacks.facts._ending import Failure, Kept, Stop, StoppedBy, ended_by
from mllog_callbacks.facts._events import (
    EVENTS,
    AlgorithmSelected,
    DatasetValidated,
    EventFacts,
    HyperparametersSet,
    ModelEvaluated,
    ModelSaved,
    TrainingEnded,
    TrainingProgress,
    TrainingStarted,
    event_of,
)
from mllog_callbacks.facts._fact import Fact, Group, dump
from mllog_callbacks.facts._issue import Checks, IssueFacts, IssueState, Subject
from mllog_callbacks.facts._parameters import Choice, Derived, Effect, Parameters, Replaced
from mllog_callbacks.facts._rule import Rule
from mllog_callbacks.facts._runs import RUN, Names, may_be_same
from mllog_callbacks.facts._saved import Saved
from mllog_callbacks.facts._thinning import Column, thinned

__all__ = [
    "EVENTS",
    "GROUPS",
    "OF_EVENTS",
    "OF_RUNS",
    "RUN",
    "AlgorithmSelected",
    "Best",
    "Change",
    "Checks",
    "Choice",
    "Column",
    "Continued",
    "DataSet",
    "DatasetValidated",
    "Derived",
    "Documented",
    "Effect",
    "EventFacts",
    "Fact",
    "Failure",
    "Group",
    "GroupSizes",
    "HyperparametersSet",
    "IssueFacts",
    "IssueState",
    "Kept",
    "ModelEvaluated",
    "ModelSaved",
    "Names",
    "Parameters",
    "Plan",
    "Progress",
    "Range",
    "Replaced",
    "Results",
    "Role",
    "Rule",
    "Saved",
    "Stop",
    "StoppedBy",
    "Subject",
    "TrainingEnded",
    "TrainingProgress",
    "TrainingStarted",
    "documented",
    "dump",
    "ended_by",
    "event_of",
    "facts_schema",
    "may_be_same",
    "thinned",
]
