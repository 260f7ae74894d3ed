"""Whether logs are as they were written: verdicts, anchors, proofs, retention.

`verify` is for programs what `mllog verify` is on the command line. What is proved, and what is
not, is told in docs/integrity.md.
"""

from mllog_callbacks.integrity.anchors import Anchor, anchors_of, read_anchors
from mllog_callbacks.integrity.families import families
from mllog_callbacks.integrity.proofs import Proof, prove, read_proof
from mllog_callbacks.integrity.sessions import Session, find_sessions
from mllog_callbacks.integrity.verdicts import Problem, Status, Verdict, exit_code
from mllog_callbacks.integrity.verify import verify

__all__ = [
    "Anchor",
    "Problem",
    "Proof",
    "Session",
    "Status",
    "Verdict",
    "anchors_of",
    "exit_code",
    "families",
    "find_sessions",
    "prove",
    "read_anchors",
    "read_proof",
    "verify",
]
