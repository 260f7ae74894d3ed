"""Names of a package that are loaded at their first use."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Return a package's `__getattr__`, which loads a name from its module at first use.

    Args:
        package: The package's name.
        homes: The names of each module, by the module's name within the package.
    """
    home = {name: module for module, names in homes.items() for name in names}

    def __getattr__(name: str) -> object:  # noqa: N807 - it becomes the package's
        if name not in home:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        found = getattr(import_module(f"{package}.{home[name]}"), name)
        return vars(sys.modules[package]).setdefault(name, found)

    return __getattr__
