"""Roles: which methods each of a platform's classes has, and which of a class's own those are."""

import inspect
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import ModuleType
from typing import Any, Final

from mllog_callbacks.exceptions import HookError
from mllog_callbacks.platform._call import Hook

__all__ = ["ROLES", "check_names", "has", "missing_of", "table_of"]

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "datasets": ("upload", "validate", "preprocess"),
    "trainer": (
        *("select_algorithm", "set_hyperparameters", "train", "report_progress", "status", "stop"),
        *("save", "download"),
    ),
    "metrics": ("evaluate", "compare"),
}
"""The methods of each role: those of other roles mean something else on the same class."""

_MAY_BE_MISSING: Final = frozenset({"report_progress", "status"})

_FOREIGN: Final = frozenset({"torch", "pydantic", "builtins", "typing", "abc", "enum", "unittest"})
"""Packages whose own methods of these names mean something else: ``nn.Module.train`` is a mode."""


def table_of(
    role: str, target: type | ModuleType, names: Mapping[str, str], hooks: Mapping[str, Hook]
) -> dict[str, Hook]:
    """The hooks of a role's own methods that a class has, by the names it has for them.

    A hook for a method of no role, as a platform's own table may have it, is for each class.
    """
    of_others = {each for methods in ROLES.values() for each in methods} - set(ROLES[role])
    own = {method: names.get(method, method) for method in hooks if method not in of_others}
    return {name: hooks[method] for method, name in own.items() if has(target, name)}


def has(target: type | ModuleType, name: str) -> bool:
    """Whether a class has a method of this name that is its own, or its platform's."""
    if not isinstance(target, type):
        return hasattr(target, name)
    owner = next((each for each in target.__mro__ if name in vars(each)), None)
    if owner is None:
        return False
    if owner is target:
        return not _is_mode(owner, name)
    return _package(owner) not in _FOREIGN and not _is_mode(owner, name)


def _is_mode(owner: type, name: str) -> bool:
    """Whether it overrides the switch between training and evaluation of a torch module."""
    if name != "train" or not any(_package(each) == "torch" for each in owner.__mro__):
        return False
    try:
        parameters: Any = inspect.signature(vars(owner)[name]).parameters
    except (TypeError, ValueError):
        return False
    return "mode" in parameters


def _package(kind: type) -> str:
    module: object = kind.__module__  # a property on some metaclasses
    return module.partition(".")[0] if isinstance(module, str) else ""


def check_names(
    names: Mapping[str, str], targets: Mapping[str, type | ModuleType], hooks: Mapping[str, Hook]
) -> None:
    """Refuse names of what is no method of a role, or of what no class has.

    Raises:
        HookError: One of them is; the message names it.
    """
    for method, name in names.items():
        if method not in hooks:
            near = get_close_matches(method, list(hooks), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(hooks)
            msg = f"names={{{method!r}: ...}}: there is no such method.{hint} They are: {known}"
            raise HookError(msg)
        meant = [target for role, target in targets.items() if method in ROLES[role]]
        if meant and not any(hasattr(each, name) for each in meant):
            msg = (
                f"{meant[0].__name__} has no {name!r}, which names={{{method!r}: ...}} says it has"
            )
            raise HookError(msg)


def missing_of(
    targets: Mapping[str, type | ModuleType], names: Mapping[str, str]
) -> dict[str, list[str]]:
    """The methods that each class lacks, by its name, under the names it should have them."""
    missing: dict[str, list[str]] = {}
    for role, target in targets.items():
        lacking = list(_lacking(role, target, names))
        if lacking:
            missing.setdefault(target.__name__, []).extend(lacking)
    return missing


def _lacking(role: str, target: type | ModuleType, names: Mapping[str, str]) -> Iterator[str]:
    for method in ROLES[role]:
        name = names.get(method, method)
        if method not in _MAY_BE_MISSING and not has(target, name):
            yield name
