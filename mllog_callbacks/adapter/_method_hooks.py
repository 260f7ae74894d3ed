"""Hearing what an object's methods raise and return, where a framework has no hook for it.

While someone listens, the method of the object's class is one of the same signature that calls
the class's own and then tells who listens to that object; with the last listener the class has its
own method again. The objects stay as they are: of their class, and with nothing added to them, so
that copies and pickles know nothing of it. Other objects of the class notice one more frame.
"""

import inspect
import threading
import weakref
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, update_wrapper
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple, Protocol

from mllog_callbacks.recording import finaliser, guarded

__all__ = ["Heard", "Listener", "caller_of", "listen"]


class Heard(NamedTuple):
    """A call of a method that is listened to, at its end.

    Attributes:
        target: The object.
        method: The method's name.
        arguments: What it was called with, by the names of its parameters; defaults too.
        result: What it returned; None where it raised.
        error: What it raised; None where it returned.
    """

    target: Any
    method: str
    arguments: Mapping[str, Any]
    result: Any
    error: BaseException | None


class Listener(Protocol):
    """Takes what a method did; what it raises itself is reported, and reaches no caller."""

    def __call__(self, heard: Heard, /) -> None:
        """Take a call that ended, in the thread of the method's caller."""


def listen(
    target: object,
    methods: Collection[str],
    listener: Listener,
    *,
    errors_only: bool = False,
) -> Callable[[], object]:
    """Listen to methods of one object, until what is returned is called or the object dies.

    Several may listen at the same time; each is called in the thread of the method's caller.

    Args:
        target: The object; it can be referred to weakly, and its class is written in Python.
        methods: Names of methods that the object's class has.
        listener: Called at the end of each call. It must not keep the exception, whose traceback
            keeps the training's frames alive, nor the object, which would then never go.
        errors_only: Whether to pass over what is returned; for methods that are called so often
            that a call of the listener would be felt.

    Returns:
        What ends the listening; to call it again does nothing.

    Raises:
        TypeError: The object is none that can be listened to, or has no such method.
    """
    ear = _Ear(guarded(listener), errors_only)
    leave = weakref.finalize(target, _leave, id(target), ear)
    leave.atexit = False
    try:
        with _lock:
            for name in methods:
                _replaced(type(target), name).add(id(target), ear)
    except BaseException:
        leave()
        raise
    return leave


def caller_of(frame: FrameType) -> FrameType | None:
    """The frame that called another, but for those that listening puts between; None at the end.

    While any object is listened to, the methods of all objects of its class are called from such
    a frame.
    """
    caller = frame.f_back
    while caller is not None and caller.f_globals.get("__name__") == __name__:
        caller = caller.f_back
    return caller


class _Ear(NamedTuple):
    listener: Callable[[Heard], None]
    errors_only: bool


class _Replaced:
    """A method of a class, while one stands in its place that is heard."""

    def __init__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name
        self._ears: dict[int, list[_Ear]] = {}  # by the identity of objects that live
        self.loud = False  # whether anybody hears what is returned
        self._original = vars(owner)[name]
        self._heard = _heard(self._original, self)

    def add(self, target: int, ear: _Ear) -> None:
        if not self._is_anothers:
            setattr(self._owner, self._name, self._heard)
        self._ears.setdefault(target, []).append(ear)
        self.loud = self.loud or not ear.errors_only

    def remove(self, target: int, ear: _Ear) -> bool:
        """Whether it was the last, and the class has its own method again."""
        ears = [each for each in self._ears.pop(target, ()) if each is not ear]
        if ears:
            self._ears[target] = ears
        self.loud = any(not each.errors_only for ears in self._ears.values() for each in ears)
        if self._ears or self._is_anothers:
            return False
        setattr(self._owner, self._name, self._original)
        return True

    @property
    def _is_anothers(self) -> bool:
        """Whether somebody else has replaced ours since, and may be calling it."""
        stands = vars(self._owner).get(self._name)
        return stands is not self._heard and stands is not self._original

    def __getstate__(self) -> dict[str, object]:
        """A class that is pickled by its value, as of a script, takes no listener along."""
        return {"_name": self._name, "_ears": {}, "loud": False}

    def tell(
        self,
        target: object,
        arguments: Mapping[str, Any],
        result: object,
        error: BaseException | None = None,
    ) -> None:
        for ear in self._ears.get(id(target), ()):
            if error is not None or not ear.errors_only:
                ear.listener(Heard(target, self._name, arguments, result, error))


_all: Final[dict[tuple[type, str], _Replaced]] = {}
# Re-entrant, as a finaliser may run in any thread at any time, this one included
_lock: Final = threading.RLock()


def _replaced(kind: type, name: str) -> _Replaced:
    owner = next((each for each in kind.__mro__ if name in vars(each)), kind)
    if (owner, name) not in _all:
        method = vars(owner).get(name)
        if not callable(method) or isinstance(method, (staticmethod, type)):
            msg = f"{name} is no method of {kind.__name__}, and cannot be listened to"
            raise TypeError(msg)
        _all[owner, name] = _Replaced(owner, name)
    return _all[owner, name]


@finaliser
def _leave(target: int, ear: _Ear) -> None:
    with _lock:
        for key, replaced in list(_all.items()):
            if replaced.remove(target, ear):
                del _all[key]


def _heard(method: Callable[..., Any], replaced: _Replaced) -> Callable[..., Any]:
    """A method of the same signature that calls this one and tells of it."""
    code, names = _code(method)
    names = {**names, "_mllog_method": method, "_mllog_replaced": replaced, "__name__": __name__}
    exec(code, names)  # noqa: S102 - of parameters' names and nothing else
    return update_wrapper(names["call"], method)


@lru_cache(maxsize=100)
def _code(method: Callable[..., Any]) -> tuple[CodeType, dict[str, Any]]:
    """The code of such a method, and the names in it.

    It is made as `dataclasses` makes its own, from text: to pass on ``*args, **kwargs`` would cost
    more than all the rest, as such a call leaves the interpreter's fast path.
    """
    target, taken, passed, arguments, known = _parameters(method)
    text = (
        f"def call({taken}):\n"
        "    try:\n"
        f"        _mllog_result = _mllog_method({passed})\n"
        "    except BaseException as _mllog_error:\n"
        f"        _mllog_replaced.tell({target}, {arguments}, None, _mllog_error)\n"
        "        raise\n"
        "    if _mllog_replaced.loud:\n"
        f"        _mllog_replaced.tell({target}, {arguments}, _mllog_result)\n"
        "    return _mllog_result\n"
    )
    return compile(text, f"<{__name__}>", "exec"), known


class _Parameters(NamedTuple):
    """A method's parameters as text.

    Attributes:
        target: The first one, which is the object.
        taken: All, with their defaults, as in a definition.
        passed: All, as in a call.
        arguments: All but the first, as a dictionary by name.
        defaults: The defaults, by the names that they have in the text.
    """

    target: str
    taken: str
    passed: str
    arguments: str
    defaults: dict[str, Any]


_ANY: Final = _Parameters(
    "self", "self, /, *args, **kwargs", "self, *args, **kwargs", "{'args': args, **kwargs}", {}
)
"""Of a method that does not say what it takes."""

_PASSED: Final[dict[object, str]] = {
    inspect.Parameter.VAR_POSITIONAL: "*{0}",
    inspect.Parameter.VAR_KEYWORD: "**{0}",
    inspect.Parameter.KEYWORD_ONLY: "{0}={0}",
}


def _parameters(method: Callable[..., Any]) -> _Parameters:
    try:
        given = [*inspect.signature(method, follow_wrapped=False).parameters.values()]
    except (TypeError, ValueError):
        return _ANY
    if not given or given[0].kind in _PASSED:
        return _ANY
    shown, defaults = [], {}
    for each in given:
        default = each.default
        if default is not each.empty:
            default = _Name(f"_mllog_default_{each.name}")
            defaults[str(default)] = each.default
        shown.append(each.replace(annotation=each.empty, default=default))
    passed = [_PASSED.get(each.kind, "{0}").format(each.name) for each in given]
    arguments = [f"{each.name!r}: {each.name}" for each in given[1:]]
    return _Parameters(
        given[0].name,
        str(inspect.Signature(shown))[1:-1],
        ", ".join(passed),
        f"{{{', '.join(arguments)}}}",
        defaults,
    )


class _Name(str):
    """Shown in a signature as a name, not as text."""

    __slots__ = ()
    __repr__ = str.__str__
