"""Names: of data sets, models and jobs, as arguments, requests and objects carry them."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from os import PathLike, fspath
from pathlib import PurePath, PureWindowsPath
from typing import Final

from mllog_callbacks.platform._call import Call
from mllog_callbacks.schema import interruption

__all__ = [
    "DATASETS",
    "JOBS",
    "MODELS",
    "argument",
    "either",
    "labels",
    "name_of",
    "named_in",
    "of_object",
    "of_requests",
    "part",
]

DATASETS: Final = ("dataset", "dataset_name", "dataset_id", "data_name", "data_id")
"""What a data set's name is called, as an argument, or as a part of a request, job or result."""

JOBS: Final = ("job", "job_id", "run_id", "task_id", "training_id", "experiment_id")
"""What a training's own name is called."""

MODELS: Final = ("model", "model_name", "model_id", *JOBS)
"""What a model's name is called; where it has none, the training's."""

_OF_ITSELF: Final = ("name", "filename", "id")
_NAME_CHARS: Final = 200  # a longer text is content


def name_of(value: object) -> str | None:
    """The name a value carries: a short text, a path's last part, a ``name``; else an ``id``.

    Content is no name: texts of several lines, the name of a column, the number of an open file.
    """
    try:
        return _name_of(value)
    except Exception as error:
        if interruption(error) is not None:
            raise
        return None


def _name_of(value: object) -> str | None:
    if isinstance(value, str):
        return _of_text(value.value if isinstance(value, Enum) else value)
    if isinstance(value, Enum):
        return _name_of(value.value)
    if isinstance(value, int):
        return None if isinstance(value, bool) else str(value)
    if isinstance(value, PathLike):
        return PurePath(fspath(value)).name or None
    if hasattr(value, "dtype") or isinstance(value, type):
        return None  # the name of a Series is its column's
    for each in _OF_ITSELF:
        found = value.get(each) if isinstance(value, Mapping) else getattr(value, each, None)
        if isinstance(found, str):
            return _of_text(found)
        if each == "id" and isinstance(found, int) and not isinstance(found, bool):
            return str(found)
    return None


def _of_text(text: str) -> str | None:
    """A name in a text; of an absolute path, its last part."""
    if not text.strip() or "\n" in text or len(text) > _NAME_CHARS:
        return None
    if text.startswith("/"):
        return PurePath(text).name or None
    windows = PureWindowsPath(text)
    return (windows.name or None) if windows.is_absolute() else text


def part(value: object, name: str) -> object:
    """A named part of a request or job: a key, an attribute; None where it has none."""
    if value is None or isinstance(value, (str, bytes, int, float, list, tuple, set, type)):
        return getattr(value, name, None) if hasattr(value, "_fields") else None
    try:
        if isinstance(value, Mapping):
            return value.get(name)
        if hasattr(value, "dtype") or hasattr(value, "iloc"):
            return None  # columns of a table
        found = getattr(value, name, None)
    except Exception as error:
        if interruption(error) is not None:
            raise
        return None
    return None if callable(found) and not hasattr(found, "name") else found


def named_in(value: object, names: Iterable[str]) -> str | None:
    """The first name found under these in a request, job or result."""
    found = (name_of(part(value, name)) for name in names)
    return next((each for each in found if each is not None), None)


def argument(*names: str) -> Callable[[Call], str | None]:
    """A namer: the name that the first of these arguments carries, if one does.

    Args:
        names: Names of parameters, in the order in which they are asked.
    """

    def named(call: Call) -> str | None:
        found = (name_of(call.arguments.get(name)) for name in names)
        return next((each for each in found if each is not None), None)

    return named


def of_requests(*names: str) -> Callable[[Call], str | None]:
    """A namer: what an argument, such as a request or job, has under one of these names."""

    def named(call: Call) -> str | None:
        found = (named_in(value, names) for value in call.given.values())
        return next((each for each in found if each is not None), None)

    return named


def of_object(*names: str) -> Callable[[Call], str | None]:
    """A namer: an attribute of the object itself, as it says of itself; of a class, its name."""

    def named(call: Call) -> str | None:
        found = named_in(call.instance, names)
        kinds = (getattr(call.instance, name, None) for name in names)
        of_class = (each.__name__ for each in kinds if isinstance(each, type))
        return found or next(of_class, None)

    return named


def either(*namers: Callable[[Call], str | None]) -> Callable[[Call], str | None]:
    """A namer: the first that knows a name."""

    def named(call: Call) -> str | None:
        return next((found for each in namers if (found := each(call)) is not None), None)

    return named


_LABELS: Final = (*MODELS, *DATASETS)


def labels(*values: object) -> set[str]:
    """What requests, jobs or results may be called by: their names and those of their parts."""
    found: set[str | None] = set()
    for value in values:
        found.add(name_of(value))
        if not isinstance(value, (str, int, float, type(None))):
            found.update(name_of(part(value, name)) for name in (*_LABELS, "id", "name"))
    return {each for each in found if each}
