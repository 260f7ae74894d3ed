"""Runs in the lines of a log: which run a line is of, which are open, how a killed one ended.

The drainer loads this package once a process is gone: standard library only.
"""

from mllog_callbacks.runs._killed import STOPPING, killed_words, signal_words
from mllog_callbacks.runs._lines import (
    BEGIN,
    EVENT,
    HANDED_OVER,
    NAMED,
    REQUEST,
    STAMP,
    event_of_line,
    read_run,
)
from mllog_callbacks.runs._open import OpenRuns
from mllog_callbacks.runs._run import RUN, Names, RunOf, may_be_same

__all__ = [
    "BEGIN",
    "EVENT",
    "HANDED_OVER",
    "NAMED",
    "REQUEST",
    "RUN",
    "STAMP",
    "STOPPING",
    "Names",
    "OpenRuns",
    "RunOf",
    "event_of_line",
    "killed_words",
    "may_be_same",
    "read_run",
    "signal_words",
]
