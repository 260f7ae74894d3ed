"""Facts: typed, named values of entries, the same in every adapter; `docs/fields.md` lists them.

An entry's ``metrics_snapshot`` holds them under these names, and what reads a log uses them alone:
decision and reasoning are for people.
"""

from mllog_callbacks.facts._course import (
    Attempt,
    Batches,
    Best,
    Change,
    Continued,
    Plan,
    Progress,
    Results,
)
from mllog_callbacks.facts._data import DataSet, Fingerprint, GroupSizes, Range, Role
from mllog_callbacks.facts._documentation import (
    GROUPS,
    OF_EVENTS,
    OF_RUNS,
    Documented,
    documented,
    facts_schema,
)
from mllog_callbacks.facts._ending import (
    Checkpoint,
    Failure,
    Kept,
    Stop,
    StoppedBy,
    Weights,
    ended_by,
)
from mllog_callbacks.facts._events import (
    EVENTS,
    AlgorithmSelected,
    CallFailed,
    DatasetValidated,
    EventFacts,
    HyperparametersSet,
    ModelCompared,
    ModelEvaluated,
    ModelSaved,
    TrainingEnded,
    TrainingProgress,
    TrainingStarted,
    event_of,
)
from mllog_callbacks.facts._fact import Fact, Group, dump
from mllog_callbacks.facts._issue import Checks, IssueFacts, IssueState, Subject
from mllog_callbacks.facts._parameters import (
    Carried,
    Choice,
    Compared,
    Derived,
    Effect,
    GroupsJoined,
    ModelSize,
    ParameterChange,
    Parameters,
    Replaced,
    Scheduler,
)
from mllog_callbacks.facts._rule import Rule
from mllog_callbacks.facts._saved import Saved
from mllog_callbacks.facts._search import Candidates, Method, RunnerUp, Study, Trial
from mllog_callbacks.facts._thinning import Column, thinned
from mllog_callbacks.facts._witness import OutOfMemory, Witness
from mllog_callbacks.runs import RUN, Names, may_be_same

__all__ = [
    "EVENTS",
    "GROUPS",
    "OF_EVENTS",
    "OF_RUNS",
    "RUN",
    "AlgorithmSelected",
    "Attempt",
    "Batches",
    "Best",
    "CallFailed",
    "Candidates",
    "Carried",
    "Change",
    "Checkpoint",
    "Checks",
    "Choice",
    "Column",
    "Compared",
    "Continued",
    "DataSet",
    "DatasetValidated",
    "Derived",
    "Documented",
    "Effect",
    "EventFacts",
    "Fact",
    "Failure",
    "Fingerprint",
    "Group",
    "GroupSizes",
    "GroupsJoined",
    "HyperparametersSet",
    "IssueFacts",
    "IssueState",
    "Kept",
    "Method",
    "ModelCompared",
    "ModelEvaluated",
    "ModelSaved",
    "ModelSize",
    "Names",
    "OutOfMemory",
    "ParameterChange",
    "Parameters",
    "Plan",
    "Progress",
    "Range",
    "Replaced",
    "Results",
    "Role",
    "Rule",
    "RunnerUp",
    "Saved",
    "Scheduler",
    "Stop",
    "StoppedBy",
    "Study",
    "Subject",
    "TrainingEnded",
    "TrainingProgress",
    "TrainingStarted",
    "Trial",
    "Weights",
    "Witness",
    "documented",
    "dump",
    "ended_by",
    "event_of",
    "facts_schema",
    "may_be_same",
    "thinned",
]
