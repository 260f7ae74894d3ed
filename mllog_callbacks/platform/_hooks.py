"""Hooks: events attached, from outside, to the methods of a class or the functions of a module."""

import functools
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final, Protocol, Self, TypeVar

from mllog_callbacks.exceptions import HookError
from mllog_callbacks.platform._call import Hook
from mllog_callbacks.platform._callables import Watcher
from mllog_callbacks.platform._proxies import HookedFunction
from mllog_callbacks.platform._spreading import Spreading
from mllog_callbacks.recording import AuditLog

__all__ = ["Attachment", "Place", "attach", "hooked", "raw_of", "take"]

_F = TypeVar("_F", bound=Callable[..., Any])

_MISSING: Final = object()

_WITH_FUNC: Final = (
    functools.cached_property,
    functools.partial,
    functools.partialmethod,
    functools.singledispatchmethod,
)


class _Switchable(Protocol):
    """What is in a function's place, as wrapt calls it; once off, calls pass."""

    on: bool

    def __call__(
        self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any], /
    ) -> Any: ...


class Place:
    """A name of a class or module, with what was there and what is there now.

    Args:
        target: The class or module.
        name: The name.
        raw: What is there, unbound.
        watcher: What to call in its place.
    """

    __slots__ = ("_before", "_name", "_now", "_target", "_watcher")

    def __init__(self, target: Any, name: str, raw: object, watcher: _Switchable) -> None:
        self._target, self._name, self._watcher = target, name, watcher
        self._before = vars(target).get(name, _MISSING)
        self._now = _hooked_form(raw, watcher)

    def take(self) -> None:
        """Put the hook there."""
        setattr(self._target, self._name, self._now)
        if isinstance(self._now, functools.cached_property):
            self._now.__set_name__(self._target, self._name)

    def restore(self) -> None:
        """Put back what was there, unless somebody has put something else there since."""
        self._watcher.on = False
        if vars(self._target).get(self._name) is not self._now:
            return
        if self._before is _MISSING:
            delattr(self._target, self._name)
        else:
            setattr(self._target, self._name, self._before)


class Attachment:
    """What was attached, and how to take it off again; as a context manager, at the block's end.

    Args:
        detach: What takes each off, by its name.
        shown: Whether their names are among `names`.
    """

    def __init__(self, *detach: tuple[str, Callable[[], None]], shown: bool = True) -> None:
        self._detach = list(detach)
        self._hidden = () if shown else tuple(name for name, _ in detach)

    @property
    def names(self) -> tuple[str, ...]:
        """What is hooked by it, as in ``platform.training.ModelTrainer.train``.

        Classes that are defined later are added when they are.
        """
        return tuple(name for name, _ in self._detach if name not in self._hidden)

    def take(self, other: "Attachment") -> None:
        """Add what was attached later."""
        self._detach += other._detach  # noqa: SLF001 - our own
        self._hidden += other._hidden  # noqa: SLF001 - likewise

    def detach(self) -> None:
        """Restore what was there. Calls under way are recorded to their end."""
        while self._detach:
            self._detach.pop()[1]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()

    def __add__(self, other: "Attachment") -> "Attachment":
        """Both together: this one, with the other's added."""
        self._detach += other._detach
        self._hidden += other._hidden
        other._detach = self._detach
        return self


def attach(
    target: Any,
    table: Mapping[str, Hook],
    log: AuditLog | None = None,
    *,
    subclasses: bool = False,
) -> Attachment:
    """Attach events to methods of a class or functions of a module, which stay as they are.

    Signature, result, exceptions, pickling and kind (asynchronous, generator, static, property)
    are the same as before. A name that is hooked already keeps its first hook. A call that passes
    through `super`, or recurs, is recorded once. Functions that other modules have imported by
    ``from`` before are not reached.

    Args:
        target: The class or module.
        table: A hook for each name.
        log: Where entries go; default `get_log()`, read at each call.
        subclasses: Whether to attach to what subclasses override, too, and to what implements it
            where it is a protocol: classes that exist now, and those defined later.

    Returns:
        What detaches them.

    Raises:
        HookError: The target has no such name, or something else than a function there. Nothing
            was attached then.

    Example:
        >>> attach(Registry, {"save": Hook(Rule("MODEL_SAVED", lambda call: Recorded("Saved.")))})
    """
    if not isinstance(target, (type, ModuleType)):
        msg = f"{target!r} is no class or module; for an object, attach to its type"
        raise HookError(msg)
    attached = take(_places(target, table, log))
    if not subclasses or not isinstance(target, type):
        return attached

    def spread(kind: type) -> None:
        own = {name: hook for name, hook in table.items() if _is_function(vars(kind).get(name))}
        attached.take(take(_places(kind, own, log)))

    spreading = Spreading(target, tuple(table), spread)
    try:
        spreading.begin()
    except BaseException:  # all or nothing
        attached.detach()
        raise
    attached.take(Attachment((f"{target.__name__}.__init_subclass__", spreading.end), shown=False))
    return attached


def _places(target: Any, table: Mapping[str, Hook], log: AuditLog | None) -> dict[str, Place]:
    """The places of those names that are not hooked yet, by target and name."""
    places = {}
    for name, hook in table.items():
        raw = raw_of(target, name)
        if not _is_hooked(raw):
            label = f"{target.__name__.rpartition('.')[2]}.{name}"
            bound = hasattr(type(raw), "__get__")  # not of an object that can be called
            method = isinstance(target, type) and bound
            method = method and not isinstance(raw, (staticmethod, classmethod))
            watcher = Watcher(hook, log, label, _function(raw), method=method)
            where = getattr(target, "__qualname__", target.__name__)
            key = f"{getattr(target, '__module__', '')}.{where}.{name}".lstrip(".")
            places[key] = _place(target, name, raw, watcher)
    return places


def _place(target: Any, name: str, raw: Any, watcher: Watcher) -> Place:
    try:
        return Place(target, name, raw, watcher)
    except HookError as error:
        msg = f"{target.__name__}.{name} cannot be hooked: {error}"
        raise HookError(msg) from None


def take(places: Mapping[str, Place]) -> Attachment:
    """Take all of these places, or none.

    Raises:
        HookError: One cannot be taken, such as a method of a built-in type.
    """
    try:
        for place in places.values():
            place.take()
    except (TypeError, AttributeError) as error:
        for place in places.values():
            place.restore()
        msg = f"{', '.join(places)} cannot be hooked: {error}"
        raise HookError(msg) from error
    return Attachment(*((name, place.restore) for name, place in places.items()))


def hooked(function: _F, hook: Hook, log: AuditLog | None = None) -> _F:
    """A function with a hook: for code one owns."""
    raw: Any = function
    method = "." in getattr(raw, "__qualname__", "").rpartition("<locals>.")[2]
    plain = _function(raw)
    name = getattr(plain, "__qualname__", repr(plain)).rpartition("<locals>.")[2]
    watcher = Watcher(
        hook,
        log,
        name,
        plain,
        method=method and not isinstance(raw, (staticmethod, classmethod)),
    )
    return _hooked_form(raw, watcher)  # type: ignore[no-any-return]  # a proxy of the function


def raw_of(target: type | ModuleType, name: str) -> object:
    """What is under a name, unbound."""
    places: Iterable[Any] = target.__mro__ if isinstance(target, type) else (target,)
    for place in places:
        if name in vars(place):
            return vars(place)[name]
    msg = f"{target.__name__} has no {name!r}, so nothing can be attached to it"
    raise HookError(msg)


def _function(raw: Any) -> Any:
    """The plain function behind a descriptor: its kind is the kind of the calls."""
    if isinstance(raw, (staticmethod, classmethod)):
        return _function(raw.__func__)
    if isinstance(raw, property):
        return raw.fget
    if isinstance(raw, _WITH_FUNC):
        return _function(raw.func)
    return raw


def _hooked_form(raw: Any, watcher: _Switchable) -> Any:
    """What is put in the place of something: of its kind, with the function in it hooked."""
    if isinstance(raw, property) and raw.fget is not None:
        return raw.getter(HookedFunction(raw.fget, watcher))
    if isinstance(raw, functools.cached_property):
        return functools.cached_property(HookedFunction(raw.func, watcher))
    descriptor = isinstance(raw, (staticmethod, classmethod, *_WITH_FUNC))
    if not (descriptor or callable(raw)) or isinstance(raw, type):
        msg = f"{raw!r} is no function, so nothing can be attached to it"
        raise HookError(msg)
    return HookedFunction(raw, watcher)  # pyright: ignore[reportArgumentType]  # whatever can be called


def _is_function(raw: Any) -> bool:
    """Whether something can be hooked; a flag of a subclass under a method's name is none."""
    descriptor = isinstance(raw, (property, staticmethod, classmethod, *_WITH_FUNC))
    return descriptor or (callable(raw) and not isinstance(raw, type))


def _is_hooked(raw: Any) -> bool:
    if isinstance(raw, property):
        raw = raw.fget
    elif isinstance(raw, functools.cached_property):
        raw = raw.func
    while type(raw) is HookedFunction:
        if isinstance(raw._self_wrapper, Watcher):  # noqa: SLF001 - for those who derive from it
            return True
        raw = raw.__wrapped__
    return False
