"""Being called when a module was imported, whenever and however that happens.

A finder in front of the others lets them find a module, and has its loader's `exec_module` call
back, once, through an attribute of that one loader. Afterwards the loader is as it was. A module
that is there already is no different, and one that is loaded again calls again.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, TypeAlias

__all__ = ["forget", "when_imported"]

Hook: TypeAlias = Callable[[ModuleType], object]
"""Takes a module that was imported. It must not raise."""


def when_imported(name: str, hook: Hook) -> None:
    """Call a hook with a module: now where it is there, and each time that it is loaded.

    Args:
        name: The module's full name.
        hook: What is called; in place of one that was there before.
    """
    _hooks[name] = hook
    if not any(each is _finder for each in sys.meta_path):
        sys.meta_path.insert(0, _finder)
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    if module is not None and not getattr(spec, "_initializing", False):
        hook(module)


def forget(name: str) -> None:
    """Call no hook of a module any more."""
    _hooks.pop(name, None)
    if not _hooks and _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


class _Finder:
    """Finds nothing itself."""

    def __init__(self) -> None:
        self._searching = threading.local()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders find, set to call back where somebody wants to know."""
        if name not in _hooks or getattr(self._searching, "now", False):
            return None
        self._searching.now = True
        try:
            spec = next(filter(None, _found(name, path, target)), None)
        finally:
            self._searching.now = False
        if spec is not None and spec.loader is not None:
            _call_back(spec.loader, name)
        return spec


def _found(name: str, path: Sequence[str] | None, target: ModuleType | None) -> Any:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        if find is not None and finder is not _finder:
            yield find(name, path, target)


def _call_back(loader: Any, name: str) -> None:
    try:
        own = loader.exec_module
    except AttributeError:  # of the kind before Python 3.4: the module is not hooked
        return

    def exec_module(module: ModuleType) -> None:
        vars(loader).pop("exec_module", None)
        own(module)
        hook = _hooks.get(name)
        if hook is not None:
            hook(module)

    try:
        loader.exec_module = exec_module
    except (AttributeError, TypeError):  # of slots alone, or a class: likewise
        return


_hooks: Final[dict[str, Hook]] = {}
_finder: Final[Any] = _Finder()
