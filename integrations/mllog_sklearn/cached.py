"""Transformers that a joblib memory returns from its cache: they were not fitted in this call.

What a cached function returns is watched in the thread that calls it, within audited calls alone: a
function that was given an estimator and returns it was run; one that returns another of its class
has loaded that from the cache.
"""

import functools
import threading
from typing import Any

from joblib.memory import MemorizedFunc

__all__ = ["Loaded"]


class _Watching(threading.local):
    loaded: "tuple[Loaded, ...]" = ()


_watching = _Watching()


class Loaded:
    """What this thread gets from caches, from now on until `stop`."""

    def __init__(self) -> None:
        self._found: list[object] = []
        self._before = _watching.loaded
        _watching.loaded = (*self._before, self)

    def stop(self) -> None:
        """Watch no more."""
        _watching.loaded = self._before

    def add(self, estimator: object) -> None:
        """Note an estimator that came from a cache."""
        self._found.append(estimator)

    def __contains__(self, estimator: object) -> bool:
        return any(each is estimator for each in self._found)


def _watch() -> None:
    call = MemorizedFunc.__call__

    @functools.wraps(call)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - it becomes one
        try:
            result = call(self, *args, **kwargs)
        except BaseException as error:  # no line of ours in a traceback
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            raise
        if _watching.loaded and isinstance(result, tuple):
            _look(args, result)
        return result

    MemorizedFunc.__call__ = __call__


def _look(given: tuple[Any, ...], result: tuple[Any, ...]) -> None:
    """Find estimators that were returned, and not those that were given."""
    for each in result:
        alike = [other for other in given if type(other) is type(each)]
        if hasattr(each, "get_params") and alike and all(each is not other for other in alike):
            for loaded in _watching.loaded:
                loaded.add(each)


_watch()
