"""How an audited estimator is copied, cloned and pickled, so that each copy is what it should be.

A copy and a clone are audited. A pickle holds the plain class, so that it loads where this package
is missing; only what is sent to a worker process arrives there audited.
"""

import copyreg
import functools
import threading
from collections.abc import Callable
from typing import Any, Final

__all__ = ["KeepsClass", "is_copying", "plainly"]

_NEW: Final = (copyreg.__newobj__, copyreg.__newobj_ex__)  # type: ignore[attr-defined]  # untyped
_RECONSTRUCTOR: Final = copyreg._reconstructor  # type: ignore[attr-defined]  # noqa: SLF001 - what older protocols write, loaded by all


class _Copying(threading.local):
    """The audited estimator that this thread copies; its class is kept then."""

    instance: object = None


_copying = _Copying()


def is_copying(instance: object) -> bool:
    """Whether this thread copies this estimator, and does not pickle it."""
    return _copying.instance is instance


class KeepsClass:
    """`__copy__` or `__deepcopy__`: the same as without, but for the class.

    The `copy` module asks for the method first and for `__reduce_ex__` next. While it is on its
    way to the second, the first is not there.

    Args:
        copier: `copy.copy` or `copy.deepcopy`.
        copied: Called with the copy and what it was copied from.
    """

    def __init__(
        self, copier: Callable[..., object], copied: Callable[[object, object], object]
    ) -> None:
        self._copier = copier
        self._copied = copied

    def __get__(self, instance: object, owner: type) -> Callable[..., object]:
        now = _copying.instance
        if now is not None and (instance is None or instance is now):
            raise AttributeError(self._copier.__name__)
        return self._copy if instance is None else functools.partial(self._copy, instance)

    def _copy(self, instance: object, *memo: object) -> object:
        before, _copying.instance = _copying.instance, instance
        try:
            made = self._copier(instance, *memo)
        finally:
            _copying.instance = before
        self._copied(made, instance)
        return made


def _made_by_object(base: Any) -> bool:
    return base.__new__ is object.__new__


def plainly(
    cls: type, base: type, reduced: tuple[Any, ...]
) -> tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]:
    """What `__reduce_ex__` of an audited class returned, for the class it stands for.

    Args:
        cls: The audited class.
        base: The class it stands for.
        reduced: What was returned: a function, its arguments, and what follows.

    Returns:
        The function, its arguments, and what follows.
    """
    function, args, *rest = reduced
    function = base if function is cls else function
    args = tuple(base if each is cls else each for each in args)
    if function in _NEW:  # picklers check its first argument against the class of the instance
        function, args = functools.partial(function, base), args[1:]
        if not args and _made_by_object(base):
            function, args = _RECONSTRUCTOR, (base, object, None)
    return function, args, tuple(rest)
