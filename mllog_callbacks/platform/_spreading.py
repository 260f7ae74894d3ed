"""A hook's way to classes beside the one it was attached to: subclasses and implementations."""

import builtins
from collections.abc import Callable, Iterator
from typing import Any, Final

from mllog_callbacks.recording import guarded

__all__ = ["Spreading"]


class Spreading:
    """Calls a function with each class that overrides or implements what was hooked, also later.

    Args:
        target: The class; where it is a `typing.Protocol`, classes of the same package that have
            its members implement it, as type checkers see it.
        names: The names of the methods.
        spread: Called with each class.
    """

    def __init__(
        self, target: type, names: tuple[str, ...], spread: Callable[[type], None]
    ) -> None:
        self._target = target
        self._names = names
        self._spread = spread
        self._on = True
        self._restore: list[Callable[[], None]] = []
        self._members = _members(target) if getattr(target, "_is_protocol", False) else None

    def begin(self) -> None:
        """Reach the classes that exist, and wait for those to come.

        Raises:
            HookError: One of them cannot be hooked.
        """
        self._watch(self._target)
        for kind in list(_subclasses(self._target)):
            self._spread(kind)
            if "__init_subclass__" in vars(kind):
                self._watch(kind)  # it need not call its super's
        if self._members is not None:
            for kind in list(_subclasses(object)):
                if self._implements(kind):
                    self._spread(kind)
            _watched_builds.append(self)
            _watch_builds()

    def end(self) -> None:
        """Reach no class any more."""
        self._on = False
        if self in _watched_builds:
            _watched_builds.remove(self)
        _watch_builds()
        while self._restore:
            self._restore.pop()()

    @guarded
    def built(self, kind: object) -> None:
        """A class was defined."""
        if isinstance(kind, type) and self._implements(kind):
            self._spread(kind)

    def _implements(self, kind: type) -> bool:
        """Whether it has the protocol's members, and is of the same package."""
        if not self._on or kind is self._target or self._target in kind.__mro__:
            return False
        same = _package(kind) == _package(self._target)
        members = self._members or frozenset()
        return same and bool(members) and all(_has(kind, each) for each in members)

    def _watch(self, kind: type) -> None:
        """Let a class say when it gets a subclass."""
        before = vars(kind).get("__init_subclass__")

        def __init_subclass__(cls: type, /, **kwargs: Any) -> None:  # noqa: N807 - it takes its place
            if before is not None:
                before.__get__(None, cls)(**kwargs)
            else:
                super(kind, cls).__init_subclass__(**kwargs)  # type: ignore[arg-type]  # a subclass
            if self._on:
                self._defined(cls)

        now: Any = classmethod(__init_subclass__)
        try:
            kind.__init_subclass__ = now  # type: ignore[method-assign]  # a class method
        except (TypeError, AttributeError):  # a built-in class has no subclasses of a platform
            return

        def restore() -> None:
            if vars(kind).get("__init_subclass__") is not now:
                return
            if before is None:
                del kind.__init_subclass__
            else:
                kind.__init_subclass__ = before  # type: ignore[method-assign]  # likewise

        self._restore.append(restore)

    @guarded
    def _defined(self, kind: type) -> None:
        if "__init_subclass__" in vars(kind):
            self._watch(kind)
        self._spread(kind)


def _members(protocol: type) -> frozenset[str]:
    found = getattr(protocol, "__protocol_attrs__", None)
    return frozenset(found or {each for each in vars(protocol) if not each.startswith("_")})


def _has(kind: type, name: str) -> bool:
    return any(name in vars(each) for each in kind.__mro__[:-1])


def _package(kind: type) -> str:
    module: object = kind.__module__  # a property on some metaclasses
    return module.partition(".")[0] if isinstance(module, str) else ""


def _subclasses(kind: type) -> Iterator[type]:
    seen: set[type] = set()
    waiting = [kind]
    while waiting:
        direct: list[type] = type.__subclasses__(waiting.pop())
        for each in direct:
            if each not in seen:
                seen.add(each)
                yield each
                waiting.append(each)


_watched_builds: Final[list[Spreading]] = []
_build: Final[list[Callable[..., Any]]] = []


def _watch_builds() -> None:
    """See each class statement while a protocol is hooked: what implements it need not say so."""
    if _watched_builds and not _build:
        build = builtins.__build_class__
        _build.append(build)

        def build_class(*args: Any, **kwargs: Any) -> Any:
            made = build(*args, **kwargs)
            for each in tuple(_watched_builds):
                each.built(made)
            return made

        _build.append(build_class)
        builtins.__build_class__ = build_class
    elif not _watched_builds and _build:
        if builtins.__build_class__ is _build[1]:
            builtins.__build_class__ = _build[0]
        _build.clear()
