"""What is made at its first use: names of a package, regular expressions."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import cast

__all__ = ["lazily", "pattern"]


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


class _Pattern:
    """A regular expression that is compiled when it is asked for its first method."""

    def __init__(self, text: str, flags: int) -> None:
        self._made_of = text, flags

    def __getattr__(self, name: str) -> object:
        found = getattr(re.compile(*self._made_of), name)
        setattr(self, name, found)
        return found


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """A regular expression that is compiled at its first use; most programs never use most."""
    return cast("re.Pattern[str]", _Pattern(text, flags))
