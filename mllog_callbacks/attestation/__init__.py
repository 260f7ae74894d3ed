"""Statements on a model's file, after in-toto: what its log says of it, signed, to go with it.

docs/how-to/attest.md describes them.
"""

from mllog_callbacks.attestation._checking import (
    Finding,
    Trusted,
    check,
    exit_code_of,
    status_of,
)
from mllog_callbacks.attestation._envelope import (
    Envelope,
    NotAStatementError,
    SigningError,
    is_statement,
    read_statement,
    sealed,
)
from mllog_callbacks.attestation._statement import PREDICATE, NoChainError, attested

__all__ = [
    "PREDICATE",
    "Envelope",
    "Finding",
    "NoChainError",
    "NotAStatementError",
    "SigningError",
    "Trusted",
    "attested",
    "check",
    "exit_code_of",
    "is_statement",
    "read_statement",
    "sealed",
    "status_of",
]
