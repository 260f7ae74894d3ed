"""Hashes of joblib: an audited estimator has the hash of the plain one, so caches know it."""

import copyreg
from collections.abc import Callable
from typing import Any

from joblib.hashing import Hasher

__all__ = ["hash_as_plain"]

_KNOWN = "_mllog_plain"
"""Where a hasher keeps the plain estimators that it has hashed in place of audited ones."""


def hash_as_plain(base: type, plain: Callable[[Any], Any]) -> None:
    """Have joblib hash audited instances of a class as plain ones.

    Its table of types is looked up by equality, in which an audited class is its plain one; so what
    is entered here is called for both.

    Args:
        base: The plain class.
        plain: Returns the plain instance of an instance, itself where it is one.
    """

    def save(hasher: Any, estimator: Any) -> None:
        known = hasher.__dict__.setdefault(_KNOWN, {})
        made = known.setdefault(id(estimator), (estimator, plain(estimator)))[1]
        if id(made) in hasher.memo:
            hasher.write(hasher.get(hasher.memo[id(made)][0]))
            return
        reduce = copyreg.dispatch_table.get(base)  # as picklers do
        reduced = made.__reduce_ex__(hasher.proto) if reduce is None else reduce(made)
        if isinstance(reduced, str):
            hasher.save_global(made, reduced)
        else:
            hasher.save_reduce(*reduced, obj=made)

    Hasher.dispatch.setdefault(base, save)
