"""Giving one more callback to every training of a framework, whoever begins it."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def injected(
    framework: ModuleType, names: tuple[str, ...], callback: Callable[[], object]
) -> Iterator[None]:
    """Let every call of some functions have a new callback, before the caller's own.

    Args:
        framework: The package they are from; they are replaced in its modules.
        names: The functions, which take `callbacks`.
        callback: Makes the callback of a call.
    """
    within = f"{framework.__name__}."
    modules = [each for name, each in sys.modules.items() if f"{name}.".startswith(within)]
    originals = {name: getattr(framework, name) for name in names}
    replaced = [
        (module, name)
        for module in modules
        for name in names
        if vars(module).get(name) is originals[name]
    ]
    for module, name in replaced:
        setattr(module, name, _with_callback(originals[name], callback))
    try:
        yield
    finally:
        for module, name in replaced:
            setattr(module, name, originals[name])


def _with_callback(
    original: Callable[..., Any], callback: Callable[[], object]
) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, callbacks: Any = None, **kwargs: Any) -> Any:
        return original(*args, callbacks=[callback(), *(callbacks or ())], **kwargs)

    return call
