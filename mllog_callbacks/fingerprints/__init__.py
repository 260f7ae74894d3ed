"""Fingerprints of data: the same for the same values, names and types, wherever they are computed.

docs/records.md describes the form that is hashed.
"""

from mllog_callbacks.fingerprints._canonical import BUDGET, Cancelled, fingerprint
from mllog_callbacks.fingerprints._files import read_table
from mllog_callbacks.fingerprints._overlap import Overlap, overlap
from mllog_callbacks.fingerprints._tables import UnreadableDataError, size_of

__all__ = [
    "BUDGET",
    "Cancelled",
    "Overlap",
    "UnreadableDataError",
    "fingerprint",
    "overlap",
    "read_table",
    "size_of",
]
