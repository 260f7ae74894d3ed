"""Who set which hyperparameter: the caller or the defaults of classes, also of nested parts."""

import functools
import inspect
import math
import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import numpy as np

from mllog_callbacks.schema import interruption, shown

__all__ = [
    "NONE",
    "Parameters",
    "defaults",
    "described",
    "fitted_parts",
    "is_frozen",
    "last_step",
    "library",
    "parameters",
    "parts",
    "subestimators",
    "trained",
]

_LISTED: Final = 50
"""Items of a collection that a reader would take in."""

_FITTED: Final = ("best_estimator_", "regressor_")
"""Where estimators keep the one part that did their work."""

_PLAIN: Final = (str, int, float, bool, bytes, type(None))


class Parameters(NamedTuple):
    """The hyperparameters of an estimator and of its parts.

    Attributes:
        given: Those that differ from the default of their class, or have none.
        defaults: The others.
        libraries: Where the defaults come from, as in "scikit-learn 1.9.1".
    """

    given: dict[str, object]
    defaults: dict[str, object]
    libraries: tuple[str, ...]

    def as_snapshot(self) -> dict[str, object]:
        """The same as an entry holds it."""
        found: dict[str, object] = {"given": self.given, "defaults": self.defaults}
        return {**found, "framework": " and ".join(self.libraries)} if self.libraries else found


NONE: Final = Parameters({}, {}, ())
"""Of what cannot list its hyperparameters."""


def parameters(estimator: Any) -> Parameters:
    """Separate the caller's hyperparameters from defaults; parts have the prefix of their name."""
    if not hasattr(estimator, "get_params"):
        return Parameters({}, {}, ())
    # a part may be named by a number, which scikit-learn refuses when it fits
    found = {str(name): value for name, value in _values(estimator).items()}
    owners = {name: each for name, each in found.items() if hasattr(each, "get_params")}
    given: dict[str, object] = {}
    left: dict[str, object] = {}
    libraries: dict[str, None] = {}
    for name, value in sorted(found.items()):
        prefix, _, own = name.rpartition("__")
        owner = owners.get(prefix) if prefix else estimator
        known = defaults(type(owner))
        if owner is None or (own not in known and name in owners):
            continue  # a part, which is recorded by its own hyperparameters
        if own in known and _same(value, known[own]):
            left[name] = described(value)
            libraries[library(type(owner))] = None
        else:
            given[name] = described(value)
    return Parameters(given, left, tuple(libraries))


def _values(estimator: Any) -> Mapping[Any, Any]:
    """All hyperparameters by name; of the estimator alone where its parts cannot list theirs."""
    try:
        return cast("Mapping[Any, Any]", estimator.get_params(deep=True))
    except Exception as error:
        if interruption(error) is not None:
            raise
        return cast("Mapping[Any, Any]", estimator.get_params(deep=False))


def defaults(cls: type) -> Mapping[str, object]:
    """The defaults in the signature of a class; of its parents too where it passes more on."""
    return _defaults(cast("Hashable", cls))


@functools.lru_cache(maxsize=512)
def _defaults(cls: Any) -> Mapping[str, object]:
    known: dict[str, object] = {}
    for parent in cls.__mro__:
        if "__init__" not in parent.__dict__ or parent is object:
            continue
        try:
            taken = inspect.signature(parent.__init__).parameters.values()
        except (TypeError, ValueError):
            break
        known = {each.name: each.default for each in taken} | known
        if all(each.kind is not each.VAR_KEYWORD for each in taken):
            break
    return known


def _same(value: object, default: object) -> bool:
    value = value.item() if isinstance(value, np.generic) else value
    if value is default:
        return True
    if type(value) is not type(default):
        return False
    if isinstance(value, tuple) and isinstance(default, tuple):
        pairs = zip(value, default, strict=False)
        return len(value) == len(default) and all(_same(*pair) for pair in pairs)
    if value != value:  # noqa: PLR0124 - NaN, as for missing values
        return isinstance(value, float) and default != default  # noqa: PLR0124 - likewise
    return isinstance(value, _PLAIN) and value == default


def described(value: object) -> object:
    """A hyperparameter's value: plain as it is, parts by their class, arrays by their shape."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (*_PLAIN, type)):
        return shown(value) if isinstance(value, type) else value
    if hasattr(value, "get_params"):
        return type(value).__name__
    if isinstance(value, (list, tuple)) and 0 < len(value) <= _LISTED:
        return _listed(value)
    if isinstance(value, Mapping) and len(value) <= _LISTED:
        return {str(name): described(each) for name, each in value.items()}
    if isinstance(getattr(value, "args", None), tuple) and hasattr(value, "rvs"):
        return _drawn_from(value)
    shape = getattr(value, "shape", ())
    if shape != () and hasattr(value, "dtype"):
        return f"{type(value).__name__} of shape {shape}"
    return shown(value)


def _listed(values: Sequence[Any]) -> object:
    """Named parts by their names; other items as they are, where all are of one plain type."""
    named = [each for each in values if isinstance(each, tuple) and len(each) > 1]
    if len(named) == len(values) and any(_is_part(each[1]) for each in named):
        return ", ".join(f"{each[0]}: {described(each[1])}" for each in named)
    items = [described(each) for each in values]
    kinds = {float if type(each) is int else type(each) for each in items if each is not None}
    # readers of logs have one type for all items of a list, and none for mappings
    return items if len(kinds) <= 1 and not kinds & {dict, list} else str(items)


def _drawn_from(value: Any) -> str:
    """A distribution of scipy with its arguments, as in "loguniform(0.1, 10)"."""
    given = [*map(str, value.args), *(f"{name}={each}" for name, each in value.kwds.items())]
    return f"{value.dist.name}({', '.join(given)})"


def _is_part(value: object) -> bool:
    return isinstance(value, str) or hasattr(value, "get_params")


def library(cls: type) -> str:
    """The library of a class with its version, as in "scikit-learn 1.9.1"."""
    top = cls.__module__.partition(".")[0]
    version = getattr(sys.modules.get(top), "__version__", None)
    name = "scikit-learn" if top == "sklearn" else top
    return f"{name} {version}" if isinstance(version, str) else name


def is_frozen(estimator: object) -> bool:
    """Whether it is one of which `fit` does nothing; it answers as the one that it holds."""
    return type(estimator).__module__ == "sklearn.frozen._frozen"


def parts(estimator: object) -> list[tuple[str, object]]:
    """The steps of a pipeline, by name; empty for what has none."""
    steps = getattr(estimator, "steps", None)
    if not isinstance(steps, list) or is_frozen(estimator):
        return []
    return [(str(each[0]), each[1]) for each in steps if isinstance(each, tuple) and len(each) > 1]


def last_step(estimator: object) -> object:
    """What a pipeline ends with, which its fit fits in place; any other estimator itself."""
    while steps := parts(estimator):
        estimator = steps[-1][1]
    return estimator


def subestimators(estimator: object) -> Iterator[tuple[str, object]]:
    """The estimator, and the fitted parts that did its work, each with a name for it."""
    yield "", estimator
    found = [(f"step {name}", step) for name, step in parts(estimator)]
    found += [(name, getattr(estimator, name, None)) for name in _FITTED]
    for place, part in found:
        if hasattr(part, "get_params"):
            for name, each in subestimators(part):
                yield f"{place}{', ' + name if name else ''}", each


_PARTS: Final = 50
"""Parts of an ensemble that are looked at, at most."""


def fitted_parts(estimator: object) -> Iterator[tuple[str, Any]]:
    """The estimator, and every fitted part of it, each with its place, in order of depth."""
    waiting: list[tuple[str, Any]] = [("", estimator)]
    seen = {id(estimator)}
    for place, part in waiting:
        yield place, part
        for name, each in _parts_within(part):
            if id(each) not in seen and hasattr(each, "get_params"):
                seen.add(id(each))
                waiting.append((f"{place}, {name}" if place else name, each))


def _parts_within(estimator: Any) -> Iterator[tuple[str, object]]:
    """Fitted parts, as attributes with a trailing underscore hold them; a pipeline's steps."""
    if is_frozen(estimator):
        return
    for name, step in parts(estimator):
        yield f"step {name}", step
    held = vars(estimator) if hasattr(estimator, "__dict__") else {}
    named = held.get("named_estimators_")
    if isinstance(named, Mapping):
        yield from ((str(name), each) for name, each in named.items())
    for name, value in held.items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        if isinstance(value, list) and len(value) <= _PARTS and hasattr(estimator, "predict"):
            yield from _listed_parts(name, value)
        elif hasattr(value, "fit"):
            yield name, value


def _listed_parts(name: str, values: Sequence[Any]) -> Iterator[tuple[str, object]]:
    for index, each in enumerate(values, 1):
        # a calibrated classifier holds the one that it calibrates
        yield f"{name} {index}", each if hasattr(each, "fit") else getattr(each, "estimator", None)


def trained(estimator: object) -> tuple[Any, str]:
    """The part that learned last, and its place: a pipeline's last step, a search's best."""
    *_, (where, part) = subestimators(estimator)
    return part, where
