"""Hearing what an object's methods raise and return, where a framework has no hook for it.

While someone listens, the object has a class of the same name, derived from its own. Callers
notice nothing: what is raised and returned is passed on, and copies and pickles are of the
object's own class.
"""

import weakref
from collections.abc import Callable, Collection
from functools import cache, partial
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from mllog_callbacks.guards import guarded

__all__ = ["Listener", "listen"]


class Listener(Protocol):
    """Takes what a method did; what it raises itself is reported, and reaches no caller."""

    def __call__(self, method: str, result: object, error: BaseException | None, /) -> None:
        """Take a method's name, and its result, or what it raised."""


class _Ear(NamedTuple):
    methods: Collection[str]
    listener: Callable[[str, object, BaseException | None], None]
    errors_only: bool


_Heard: TypeAlias = frozenset[tuple[str, bool]]
"""Names of methods, each with whether its errors only are heard."""

_ears: Final[weakref.WeakKeyDictionary[object, list[_Ear]]] = weakref.WeakKeyDictionary()
_own_classes: Final[dict[type, tuple[type, _Heard]]] = {}


def listen(
    target: object,
    methods: Collection[str],
    listener: Listener,
    *,
    errors_only: bool = False,
) -> Callable[[], None]:
    """Listen to methods of one object, until what is returned is called.

    Several may listen at the same time; each is called in the thread of the method's caller.

    Args:
        target: The object; of a class that can be derived from, and referred to weakly.
        methods: Names of methods that the object's class has.
        listener: Called at the end of each call. It must not keep the exception, whose traceback
            keeps the training's frames alive, nor the object, which would then never go.
        errors_only: Whether to pass over what is returned; for methods that are called so often
            that a call of the listener would be felt.

    Returns:
        What ends the listening; the last one gives the object its own class back.
    """
    own, heard = _own_classes.get(type(target), (type(target), frozenset()))
    target.__class__ = _hearing(own, heard | {(name, errors_only) for name in methods})
    ear = _Ear(methods, guarded(listener), errors_only)
    _ears.setdefault(target, []).append(ear)
    return partial(_leave, weakref.ref(target), ear)


def _leave(reference: "weakref.ref[object]", ear: _Ear) -> None:
    target = reference()
    ears = _ears.get(target, []) if target is not None else []
    ears[:] = [each for each in ears if each is not ear]
    if not ears and type(target) in _own_classes:
        target.__class__ = _own_classes[type(target)][0]


@cache
def _hearing(own: type, heard: _Heard) -> type:
    """A class like `own` whose methods are heard."""

    def reduced(self: object, _protocol: int) -> Any:  # noqa: ANN401 - as in object
        # Protocol 1, since pickle holds the class that later ones name against the object's
        made, arguments, *rest = _method(own, "__reduce_ex__")(self, 1)
        return made, tuple(own if each is hearing else each for each in arguments), *rest

    like = {"__module__": own.__module__, "__qualname__": own.__qualname__, "__doc__": own.__doc__}
    calls = {name: _call(own, name, results=(name, False) in heard) for name, _ in heard}
    hearing = type(
        own.__name__, (own,), {**like, **calls, "__slots__": (), "__reduce_ex__": reduced}
    )
    _own_classes[hearing] = own, heard
    return hearing


def _call(own: type, name: str, *, results: bool) -> Callable[..., Any]:
    method = _method(own, name)

    def call(self: object, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
        try:
            result = method(self, *args, **kwargs)
        except BaseException as error:
            _tell(self, name, None, error)
            raise
        if results:
            _tell(self, name, result, None)
        return result

    return call


def _method(own: type, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(own, name)
    return found


def _tell(target: object, name: str, result: object, error: BaseException | None) -> None:
    for ear in tuple(_ears.get(target, ())):
        if name in ear.methods and (error is not None or not ear.errors_only):
            ear.listener(name, result, error)
