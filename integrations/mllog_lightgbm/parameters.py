"""The parameters of a training, by their main names: who gave which, and what is in force."""

import inspect
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

import lightgbm
from lightgbm import Booster

from mllog_callbacks.schema import shown
from mllog_lightgbm.estimator import Estimator

__all__ = [
    "Function",
    "ModelText",
    "Sources",
    "main_names",
    "sources",
    "without_functions",
]

_PARAMETER: Final = re.compile(r"^\[([a-z0-9_]+): (.*)\]$", re.MULTILINE)
_LINE: Final = re.compile(r"^([a-z_]+)=(.*)$", re.MULTILINE)


class Function(str):
    """What a function among the parameters is called.

    The function itself is not kept: it may hold on to anything, an exception and with it the
    frames of the call included.
    """

    __slots__ = ()

    @classmethod
    def named(cls, value: object) -> Self:
        """The name of a function, be it wrapped by the scikit-learn interface."""
        return cls(shown(getattr(value, "func", value)))


def without_functions(given: Mapping[str, object]) -> dict[str, object]:
    """Parameters as they can be kept: functions by their names."""
    return {
        name: Function.named(value) if callable(value) else value for name, value in given.items()
    }


class ModelText:
    """The text that LightGBM writes a model as: where it says what it uses.

    Args:
        booster: The booster of the training; no tree need have been grown.
    """

    def __init__(self, booster: Booster) -> None:
        text = booster.model_to_string(num_iteration=1)
        head, _, rest = text.partition("\n\n")
        section = rest[rest.rfind("\nparameters:") :]
        self.parameters = {name: _literal(value) for name, value in _PARAMETER.findall(section)}
        self.head: dict[str, str] = dict(_LINE.findall(head))


class Sources(NamedTuple):
    """The parameters of a training, by their main names and by who gave them.

    Attributes:
        given: What the caller gave.
        resolved: What is in force, as the booster says; empty where it did not.
        aliases: The caller's name of each parameter given under another name than the main one.
        chosen: What the estimator of the scikit-learn interface passed on of its own.
        estimator: That estimator's class; empty where `lightgbm.train` or `cv` was called.
        on_dask: Whether `lightgbm.dask` gave them, on a worker, in the caller's stead.
        unknown: What the caller gave under names that LightGBM does not have, and ignores.
    """

    given: dict[str, object]
    resolved: dict[str, object]
    aliases: dict[str, str]
    chosen: dict[str, object]
    estimator: str = ""
    on_dask: bool = False
    unknown: Mapping[str, object] = MappingProxyType({})

    @property
    def defaults(self) -> dict[str, object]:
        """What LightGBM chose, the caller having said nothing; empty values left out."""
        return {
            name: value
            for name, value in self.resolved.items()
            if name not in self.given and name not in self.chosen and value != ""
        }

    def get(self, name: str) -> object:
        """The value the training uses; else the one given, else None."""
        return self.resolved.get(name, self.given.get(name, self.chosen.get(name)))


NONE: Final = Sources({}, {}, {}, {})
"""Nothing is known."""


def sources(
    given: Mapping[str, Any],
    resolved: Mapping[str, object] | None = None,
    estimator: Estimator | None = None,
) -> Sources:
    """Separate the caller's parameters from the estimator's and LightGBM's own.

    LightGBM writes its arguments' defaults among the caller's parameters: an objective of None,
    and its default number of iterations. These are not counted as given.

    Args:
        given: The parameters as they reached LightGBM, under any of their aliases.
        resolved: What the training uses, by main names.
        estimator: The estimator that called LightGBM, where one did.
    """
    names = main_names()
    reached = {name: each for name, each in without_functions(given).items() if each is not None}
    if estimator is None and reached.get("num_iterations") == _default_iterations():
        del reached["num_iterations"]
    by_caller = None if estimator is None else {names.get(n, n) for n in estimator.given}
    named: dict[str, object] = {}
    aliases, chosen, unknown = {}, {}, {}
    known = {*names, *names.values(), *(resolved or {})}
    for name, value in reached.items():
        main = names.get(name, name)
        if names and main not in known:
            unknown[name] = value
            continue
        if by_caller is not None and main not in by_caller:
            chosen[main] = value
            continue
        named[main] = value
        if main != name:
            aliases[main] = name
    by, on_dask = ("", False) if estimator is None else (estimator.name, estimator.on_dask)
    return Sources(named, dict(resolved or {}), aliases, chosen, by, on_dask, unknown)


def _default_iterations() -> object:
    # in its own module: around the name that callers use, other tools put functions of their own
    taken = inspect.signature(lightgbm.engine.train).parameters.get("num_boost_round")
    return None if taken is None else taken.default


def main_names() -> dict[str, str]:
    """Each alias and its parameter's main name; empty where LightGBM has no such table."""
    known = getattr(lightgbm.basic, "_ConfigAliases", None)
    if known is None or not hasattr(known, "get"):
        return {}
    known.get("objective")  # loads the table
    table = getattr(known, "aliases", None) or {}
    return {alias: name for name, names in table.items() for alias in names}


def _literal(value: str) -> object:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
