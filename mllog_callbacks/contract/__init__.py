"""The contract: what every adapter promises, as tests that ask any adapter the same.

A description of the adapter (`Case`) says how to train; `mllog contract FOLDER` asks, with pytest,
of every description in the folder: one start and one end on every way out, the same results,
printed text and random state, what the user raises untouched, every number traced, copies and
pickles, threads, levels, and a log that is lost, closed, disabled or broken.
"""

from mllog_callbacks.contract._case import (
    ENDS,
    ROUNDS,
    Case,
    Outcome,
    UserError,
    Way,
    cases_in,
    raise_in,
)
from mllog_callbacks.contract._tracing import untraced

__all__ = [
    "ENDS",
    "ROUNDS",
    "Case",
    "Outcome",
    "UserError",
    "Way",
    "cases_in",
    "raise_in",
    "untraced",
]
