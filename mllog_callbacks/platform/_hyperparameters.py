"""Who set which hyperparameter: the caller with this call or one before, or nobody."""

import dataclasses
import weakref
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, NamedTuple

from mllog_callbacks.platform._call import Call
from mllog_callbacks.platform._naming import DATASETS, MODELS
from mllog_callbacks.platform._reading import parts
from mllog_callbacks.schema import interruption

__all__ = ["Settings", "settings_of"]

_before: Final[MutableMapping[Any, dict[str | None, dict[str, object]]]] = (
    weakref.WeakKeyDictionary()
)
"""What callers have set, by object and model."""

_NAMING: Final = frozenset({*MODELS, *DATASETS, "user", "user_id"})


class Settings(NamedTuple):
    """Hyperparameters by who set them.

    Attributes:
        now: By the caller of this call.
        before: By callers of earlier calls; their values still hold.
        defaults: By nobody: as the call returned them, or as the class of its argument has them.
        source: The class whose defaults they are; None where the call returned them.
    """

    now: dict[str, object]
    before: dict[str, object]
    defaults: dict[str, object]
    source: str | None = None


def settings_of(call: Call) -> Settings:
    """Read a call that sets hyperparameters, and remember it for those after it."""
    given: dict[str, object] = {}
    defaults: dict[str, object] = {}
    source: str | None = None
    for name, value in call.given.items():
        if name in _NAMING and (isinstance(value, (str, int)) or value is None):
            continue
        set_, left = _fields(value)
        if set_ is None:
            given[name] = value
        else:
            given.update(set_)
            defaults.update(left)
            source = type(value).__name__ if left else source
    used = parts(call.result) if isinstance(call.result, Mapping) else {}
    if used:
        given = {name: value for name, value in given.items() if name in used} or given
    earlier = _remembered(call)
    before = {
        name: value
        for name, value in earlier.items()
        if name not in given and (not used or (name in used and _same(used[name], value)))
    }
    known = {*given, *before}
    if used:
        source = None
        defaults = {name: value for name, value in used.items() if name not in known}
    else:
        defaults = {name: value for name, value in defaults.items() if name not in known}
    earlier.update(given)
    return Settings(given, before, defaults, source)


def _same(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception as error:
        if interruption(error) is not None:
            raise
        return False


def _remembered(call: Call) -> dict[str, object]:
    """What was set before on the same object for the same model; empty where nothing was."""
    try:
        return _before.setdefault(call.instance, {}).setdefault(call.model, {})
    except TypeError:  # it cannot be referred to weakly, or is not hashable
        return {}


def _fields(value: object) -> tuple[dict[str, object] | None, dict[str, object]]:
    """The hyperparameters in an argument, those set and those left; None where it is one itself."""
    if isinstance(value, Mapping):
        return dict(parts(value)), {}
    set_by_caller = getattr(value, "model_fields_set", None)
    if isinstance(set_by_caller, (set, frozenset)):  # pydantic knows
        fields = parts(value)
        left = {name: each for name, each in fields.items() if name not in set_by_caller}
        return {name: each for name, each in fields.items() if name in set_by_caller}, left
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _of_dataclass(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(parts(value)), {}
    return None, {}


def _of_dataclass(value: Any) -> tuple[dict[str, object], dict[str, object]]:
    """A field that has its default's value counts as left: which of both is not known."""
    set_: dict[str, object] = {}
    left: dict[str, object] = {}
    for each in dataclasses.fields(value):
        found = getattr(value, each.name, None)
        default = each.default
        if default is dataclasses.MISSING and each.default_factory is not dataclasses.MISSING:
            default = each.default_factory()
        (left if _same(found, default) else set_)[each.name] = found
    return set_, left
