"""Warnings that a warm start repeats: the same one of each of its fits is one issue."""

import weakref
from typing import Any

from mllog_sklearn.warned import Audience, form

__all__ = ["unrepeated"]

_known: "dict[int, tuple[weakref.ref[Any], set[object]]]" = {}


def unrepeated(estimator: Any, warned: Audience) -> Audience:
    """The warnings but for those that earlier fits of an estimator with a warm start had too."""
    if getattr(estimator, "warm_start", False) is not True:
        return warned
    key = id(estimator)
    known = _known.get(key)
    if known is None or known[0]() is not estimator:
        reference = weakref.ref(estimator, lambda _: _known.pop(key, None))
        known = _known[key] = reference, set()
    heard = known[1]
    new = Audience({each: times for each, times in warned.items() if form(*each) not in heard})
    heard.update(form(*each) for each in warned)
    return new
