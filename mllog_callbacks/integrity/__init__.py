"""Whether logs are as they were written: verdicts, anchors, proofs, retention.

`verify` is for programs what `mllog verify` is on the command line. docs/integrity.md says what is
proved, and what is not.
"""

from mllog_callbacks.integrity._anchors import Anchor, anchors_of, read_anchors
from mllog_callbacks.integrity._families import families, grouped
from mllog_callbacks.integrity._keys import new_key, read_public_key
from mllog_callbacks.integrity._proofs import Proof, prove, read_proof
from mllog_callbacks.integrity._relatives import Relative, rank_of
from mllog_callbacks.integrity._retention import is_older, least_days, remove
from mllog_callbacks.integrity._sessions import Session, find_sessions
from mllog_callbacks.integrity._verdicts import (
    Problem,
    Status,
    Verdict,
    exit_code,
    exit_code_of_status,
    worst,
)
from mllog_callbacks.integrity._verify import verify

__all__ = [
    "Anchor",
    "Problem",
    "Proof",
    "Relative",
    "Session",
    "Status",
    "Verdict",
    "anchors_of",
    "exit_code",
    "exit_code_of_status",
    "families",
    "find_sessions",
    "grouped",
    "is_older",
    "least_days",
    "new_key",
    "prove",
    "rank_of",
    "read_anchors",
    "read_proof",
    "read_public_key",
    "remove",
    "verify",
    "worst",
]
