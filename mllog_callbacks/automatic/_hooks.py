"""Giving one more callback to every training of a framework, whoever begins it.

A function that trains stays the same object: its argument is changed from within its own frame. So
whoever has imported it before, or pickles it, or looks at it, sees no difference.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, Final

from mllog_callbacks.automatic._estimators import hook_base, hook_parallel
from mllog_callbacks.automatic._failing import fail, failures, lacks
from mllog_callbacks.automatic._frameworks import SKLEARN, Framework, Place
from mllog_callbacks.automatic._imports import when_imported
from mllog_callbacks.automatic._notes import note
from mllog_callbacks.automatic._parts import is_part
from mllog_callbacks.automatic._saves import hook_saves
from mllog_callbacks.automatic._state import given_for
from mllog_callbacks.automatic._versions import too_old

__all__ = ["hook", "hooked", "new_callback"]

hooked: Final[dict[str, list[str]]] = {}
"""The functions that get a callback, by the framework's name."""


def hook(framework: Framework) -> None:
    """Hook a framework, now where it is imported already, else when it is."""
    hooks = _OF_SKLEARN if framework is SKLEARN else dict.fromkeys(framework.places, _hook_module)
    for module, install in hooks.items():
        when_imported(module, partial(_installed, install, framework))


def _installed(
    install: Callable[[Framework, ModuleType], None], framework: Framework, module: ModuleType
) -> None:
    try:
        install(framework, module)
    except Exception as error:  # noqa: BLE001 - it is somebody's import that we are in
        fail(framework, error)


_OF_SKLEARN: Final = {"sklearn.base": hook_base, "sklearn.utils.parallel": hook_parallel}


def _hook_module(framework: Framework, module: ModuleType) -> None:
    from mllog_callbacks.frames import Changed  # noqa: PLC0415 - needs the compiler's modules

    for place in framework.places[module.__name__]:
        name = f"{module.__name__}.{place.name}"
        try:
            function = _plain(_found(module, place.name))
            Changed(function, place.parameter, partial(_changed, framework, place))
        except TypeError as error:
            lacks(framework, f"{name}: {error}")
        else:
            known = hooked.setdefault(framework.name, [])
            known += [] if name in known else [name]
            note(framework=framework.name, hooked=name)


def _found(module: ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _plain(found: Any) -> FunctionType:
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    if not isinstance(found, FunctionType):
        msg = f"{found!r} is no function in Python"
        raise TypeError(msg)
    return found


def _changed(framework: Framework, place: Place, given: Any) -> Any:
    """The argument with one callback more; as it was where the framework is off."""
    callback = new_callback(framework)
    if callback is None:
        return given
    if place.parameter == "callbacks":
        return _one_more(given, callback)
    return {**given, "callbacks": _one_more(given.get("callbacks"), callback)}


def _one_more(given: Any, callback: object) -> Any:
    """The callbacks, with one before them where none of its kind is among them."""
    if given is None:
        return [callback]
    if not isinstance(given, Iterable):
        return given  # the framework refuses it
    if not isinstance(given, Collection):
        return _lazily(given, callback)
    return given if _has(given, callback) else [callback, *given]


def _lazily(given: Iterable[object], callback: object) -> Iterator[object]:
    listed = [*given]
    if not _has(listed, callback):
        yield callback
    yield from listed


def _has(given: Iterable[object], callback: object) -> bool:
    return any(isinstance(each, type(callback)) for each in given)


def new_callback(framework: Framework) -> Any:
    """A callback for a training that begins now; None where it is not to be audited."""
    given = given_for(framework.name)
    if given is None or framework.name in failures or is_part():
        return None
    try:
        return _maker(framework)(**given)
    except Exception as error:  # noqa: BLE001 - nothing of ours may reach the training
        fail(framework, error)
        return None


def _maker(framework: Framework) -> Callable[..., Any]:
    found = _makers.get(framework.name)
    if found is None:
        why = too_old(framework)
        if why is not None:
            msg = f"{framework.name} is not audited: {why}"
            raise RuntimeError(msg)
        found = _makers[framework.name] = import_module(framework.adapter).MLAuditCallback
        hook_saves()
    return found


_makers: Final[dict[str, Callable[..., Any]]] = {}
