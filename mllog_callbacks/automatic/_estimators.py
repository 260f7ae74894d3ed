"""scikit-learn's estimators: every class's own fitting methods, watched as they are.

A class is looked at when it is made, through the one method that all of them call then. What is
called within an audited fit is a part of it, also in the workers that the fit hands tasks to: a
task carries a mark there.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, Final

from mllog_callbacks.automatic._failing import fail
from mllog_callbacks.automatic._frameworks import SKLEARN, Framework
from mllog_callbacks.automatic._notes import note
from mllog_callbacks.automatic._parts import Within, is_part, parts
from mllog_callbacks.automatic._saves import hook_saves
from mllog_callbacks.automatic._state import given_for
from mllog_callbacks.automatic._versions import too_old

__all__ = ["METHODS", "hook_base", "hook_parallel"]

METHODS: Final = ("fit", "partial_fit", "fit_transform", "fit_predict", "fit_resample")
_ALWAYS: Final = frozenset({"fit", "partial_fit"})
_DECORATED: Final = "_fit_context.<locals>.decorator.<locals>.wrapper"
"""What scikit-learn makes of its own fitting methods: one code for all, so watching is cheap."""

_DEBUG: Final = 10
_PART: Final = "_mllog_part"

_seen: Final[set[int]] = set()


def hook_base(framework: Framework, module: ModuleType) -> None:
    """Have the methods of all estimators watched, those that exist and those to come."""
    from mllog_callbacks.frames import Watched  # noqa: PLC0415 - needs the compiler's modules

    maker = next(
        vars(each)["__init_subclass__"]
        for each in module.BaseEstimator.__mro__
        if "__init_subclass__" in vars(each)
    )
    Watched(maker.__func__, lambda made, _: _Made(made))
    for cls in _subclasses(module.BaseEstimator):
        _watch(cls)
    note(framework=framework.name, hooked=f"{module.__name__}.BaseEstimator")


def hook_parallel(_framework: Framework, module: ModuleType) -> None:
    """Let tasks that an audited fit hands to workers carry a mark there."""
    from mllog_callbacks.frames import Changed, Watched  # noqa: PLC0415 - as above

    Changed(module.Parallel.__call__, "iterable", _marked)
    Watched(module._FuncWrapper.__call__, _task)  # noqa: SLF001 - what scikit-learn runs tasks with


class _Made:
    """A class that is being made."""

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def ended(self, _result: object, error: BaseException | None) -> None:
        """Watch its methods, where it was made."""
        if error is None:
            _watch(self._cls)


def _subclasses(cls: type) -> Iterator[type]:
    found: list[type] = cls.__subclasses__()
    for below in found:
        yield below
        yield from _subclasses(below)


def _watch(cls: type) -> None:
    from mllog_callbacks.frames import Watched  # noqa: PLC0415 - as above

    for name in METHODS:
        function = _own(vars(cls).get(name), name)
        if function is None or id(function) in _seen or hasattr(cls, "__mllog__"):
            continue
        try:
            Watched(function, partial(_begin, function, name))
        except TypeError as error:
            note(framework=SKLEARN.name, why=str(error))
        else:
            _seen.add(id(function))


def _own(found: Any, name: str) -> FunctionType | None:
    """The function to watch: that which scikit-learn decorated, else `fit` itself."""
    found = getattr(found, "fn", found)  # one that is there on a condition
    plain = found
    while plain is not None:
        if isinstance(plain, FunctionType) and plain.__code__.co_qualname == _DECORATED:
            return plain
        last, plain = plain, getattr(plain, "__wrapped__", None)
        if plain is None and name in _ALWAYS and isinstance(last, FunctionType):
            return last
    return None


def _begin(function: FunctionType, name: str, estimator: Any, arguments: Mapping[str, Any]) -> Any:
    """What records a call; None where it is a part of another, or not to be audited."""
    given = given_for(SKLEARN.name)
    if given is None or parts.others or (parts.tasks and not _at_debug(given)):
        return None
    if _by_its_own(function):
        return Within("others")
    try:
        call = partial(_adapter().entered, estimator, function, name, arguments, given)
        return call(sent=parts.tasks > 0)
    except Exception as error:  # noqa: BLE001 - nothing of ours may reach the training
        fail(SKLEARN, error)
        return None


def _at_debug(given: Mapping[str, Any]) -> bool:
    """Whether parts of fits are recorded; no log is opened only to know that."""
    log = given.get("log")
    if log is not None:
        return bool(log.level <= _DEBUG)
    return os.environ.get("MLLOG_LEVEL", "").strip().upper() in {"DEBUG", str(_DEBUG)}


def _by_its_own(function: FunctionType) -> bool:
    """Whether the adapter of another framework records what this method trains."""
    top = str(function.__module__).partition(".")[0]
    return top in {"lightgbm", "xgboost"} and given_for(top) is not None


def _adapter() -> Any:
    if not _adapters:
        why = too_old(SKLEARN)
        if why is not None:
            msg = f"scikit-learn is not audited: {why}"
            raise RuntimeError(msg)
        _adapters.append(import_module("mllog_sklearn.automatic"))
        hook_saves()
    return _adapters[0]


_adapters: Final[list[Any]] = []


def _marked(iterable: Iterable[Any]) -> Iterable[Any]:
    """Tasks with a mark, where who hands them out is in an audited fit, or not to be audited."""
    if not is_part() and given_for(SKLEARN.name) is not None:
        return iterable
    return _marking(iterable)


def _marking(iterable: Iterable[Any]) -> Iterator[Any]:
    for task in iterable:
        if isinstance(task, tuple) and hasattr(task[0], "__dict__"):
            task[0].__dict__[_PART] = True
        yield task


def _task(wrapper: Any, _arguments: Mapping[str, Any]) -> Within | None:
    return Within("tasks") if _PART in vars(wrapper) else None
