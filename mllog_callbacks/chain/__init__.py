"""Tamper evidence as it is written: a hash chain over a session's lines, kept with its files.

The drainer loads this package: standard library only, and little of it.
"""

from mllog_callbacks.chain._heads import SUFFIX, chain_path, last_digest, last_state
from mllog_callbacks.chain._merkle import Tree, inclusion_path, leaf, root_by_path
from mllog_callbacks.chain._readback import read_back
from mllog_callbacks.chain._records import (
    BLOCK,
    FORMAT,
    OPEN,
    RESTARTED,
    SEALED,
    UNSEALED,
    WITNESSED,
    block,
    signed,
)
from mllog_callbacks.chain._signing import CONTEXT, VARIABLE, Signer, key_path
from mllog_callbacks.chain._writer import Chain

__all__ = [
    "BLOCK",
    "CONTEXT",
    "FORMAT",
    "OPEN",
    "RESTARTED",
    "SEALED",
    "SUFFIX",
    "UNSEALED",
    "VARIABLE",
    "WITNESSED",
    "Chain",
    "Signer",
    "Tree",
    "block",
    "chain_path",
    "inclusion_path",
    "key_path",
    "last_digest",
    "last_state",
    "leaf",
    "read_back",
    "root_by_path",
    "signed",
]
