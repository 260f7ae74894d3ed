"""What arguments and results say of themselves, whatever their types; nothing is computed."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any, Final

from mllog_callbacks.platform._call import Call
from mllog_callbacks.platform._naming import name_of
from mllog_callbacks.schema import assigned, is_secret, masked, number, shown

__all__ = ["arguments", "called_with", "facts", "first", "is_model", "listed", "measured", "parts"]

_KEPT: Final = 40  # facts of one object
_LISTED: Final = 5  # items of a list that a sentence names
_RESERVED: Final = frozenset(
    [
        "run",
        "part",
        "seconds",
        "context",
        "parameters",
        "data",
        "progress",
        "results",
        "curve",
        "stop",
        "kept",
        "saved",
        "error",
        "issue",
        "checks",
        "candidates",
        "plan",
        "choices",
        "deviations",
        "best",
        "rules",
        "changed",
        "consequence",
        "continues",
        "called_by",
        "machines",
        "folds",
        "importance",
        "id",
        "code",
        "name",
        "severity",
        "state",
        "subject",
        "since",
        "evidence",
        "cause",
    ]
)
"""Names that mean something else in a snapshot: a result's own parts have a prefix there."""

_TEXT: Final = 200  # characters; longer texts are content, not a fact about it


def parts(value: object) -> Mapping[str, Any]:
    """The named parts of an object: of mappings, data classes, named tuples and plain objects."""
    if isinstance(value, Mapping):
        return {str(name): part for name, part in islice(value.items(), _KEPT)}
    if isinstance(value, type) or callable(value) or isinstance(value, Enum):
        return {}
    if dataclasses.is_dataclass(value):
        return {each.name: getattr(value, each.name, None) for each in dataclasses.fields(value)}
    as_mapping = getattr(value, "_asdict", None)
    if isinstance(value, tuple) and as_mapping is not None:
        return dict(as_mapping())
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                found.setdefault(name, getattr(value, name))
    public = ((name, part) for name, part in found.items() if not name.startswith("_"))
    return dict(islice(public, _KEPT))


def is_model(value: object) -> bool:
    """Whether an object is a model or estimator: its attributes are no results."""
    kind = type(value)
    return any(callable(getattr(kind, name, None)) for name in ("predict", "forward", "state_dict"))


def first(value: object, *names: str) -> Any:
    """The first of these parts that is there and not None; else None."""
    found = parts(value)
    return next((found[name] for name in names if found.get(name) is not None), None)


def facts(value: object) -> dict[str, object]:
    """What can stand in a snapshot: its numbers and short texts, and how large it is."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": len(value)}
    if _plain(value):
        return {} if value is None else {"result": value}
    if isinstance(value, Enum):
        return {"result": value.value if _plain(value.value) else value.name}
    if is_model(value):
        return {"model_type": type(value).__name__}
    size = _size(value)
    if size or (isinstance(value, Sequence) and not hasattr(value, "_asdict")):
        return size or {"items": len(value)}  # type: ignore[arg-type]  # it is a sequence then
    kept: dict[str, object] = {}
    for own, part in islice(parts(value).items(), _KEPT):
        name = f"returned_{own}" if own in _RESERVED else own
        if is_secret(name) or _plain(part):
            kept[name] = masked(part, name)
        elif isinstance(part, Mapping):
            kept[name] = {
                key: masked(each, str(key))
                for key, each in islice(part.items(), _KEPT)
                if _plain(each) or is_secret(str(key))
            }
        else:
            kept.update({f"{name}_{key}": each for key, each in _size(part).items()})
    return kept


def measured(value: object) -> str:
    """The numbers of a result, as in "accuracy 0.93, f1 0.91"; empty where it has none."""
    found = {**facts(value), **facts(first(value, "metrics", "scores"))}
    numbers = {
        name: float(each)  # type: ignore[arg-type]  # it is a number
        for name, each in found.items()
        if (isinstance(each, (int, float)) and not isinstance(each, bool)) or _is_number(each)
    }
    return ", ".join(f"{name} {number(each)}" for name, each in numbers.items())


def arguments(call: Call) -> str:
    """The caller's arguments, as in "dataset=credit.v3, folds=5": settings, not data."""
    return assigned({name: _setting(name, value) for name, value in call.given.items()})


def _setting(name: str, value: object) -> object:
    """What can be shown of an argument."""
    if is_secret(name):
        return masked(value, name)
    if isinstance(value, Mapping):
        return {key: _setting(str(key), each) for key, each in value.items()}
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    if _plain(value):
        return value
    kind = type(value).__name__
    if isinstance(value, (str, bytes)):
        return f"{kind} of {len(value):,} characters" if isinstance(value, str) else kind
    inner = {} if is_model(value) or _size(value) else _inner(value)
    if inner:
        return f"{kind}({assigned(inner)})"
    return name_of(value) or kind


def _inner(value: object) -> dict[str, object]:
    """The short parts of a request or configuration."""
    found = {name: part for name, part in parts(value).items() if _plain(part) or is_secret(name)}
    return {name: masked(part, name) for name, part in islice(found.items(), _LISTED)}


def called_with(recorded: str) -> str:
    """As in " with folds=5"; empty where nothing is recorded."""
    return f" with {recorded}" if recorded else ""


def listed(values: Iterable[object]) -> str:
    """Some names or sentences, the first few of them; empty where there are none."""
    items = list(values)
    recorded = "; ".join(shown(name_of(each) or each) for each in items[:_LISTED])
    return f"{recorded}; and {len(items) - _LISTED} more" if len(items) > _LISTED else recorded


def _size(value: object) -> dict[str, object]:
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(each, int) for each in shape):
        return {}
    return dict(zip(("rows", "columns"), shape, strict=False))


def _plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _TEXT and "\n" not in value.strip()
    return value is None or isinstance(value, (bool, int, float)) or _is_number(value)


def _is_number(value: object) -> bool:
    """A scalar of numpy or torch."""
    return getattr(value, "shape", None) == () and hasattr(value, "__float__")
