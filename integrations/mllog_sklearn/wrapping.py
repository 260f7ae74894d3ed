"""An estimator's own class, with its fitting methods watched.

`audited` makes an instance of a subclass that differs from the estimator's class in nothing but
that: the same name, documentation, signatures and tags, equal to it where tables are looked up by
type, and without any state of ours in its instances. How to log stands on the subclass, so `clone`,
`copy` and `set_params` keep it.
"""

import copy
import functools
import inspect
import os
import pickle
from abc import ABCMeta
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, Final, NamedTuple, TypeVar, cast
from weakref import WeakValueDictionary

from mllog_callbacks import AuditLog, Detector, DetectorSet, Issue, guarded
from mllog_callbacks.detectors import Mode
from mllog_sklearn.calls import Call, enter, innermost, within_call
from mllog_sklearn.copies import KeepsClass, is_copying, plainly
from mllog_sklearn.hashing import hash_as_plain
from mllog_sklearn.lineage import SENT, belongs_to, descends, inherits
from mllog_sklearn.methods import Available, watched
from mllog_sklearn.settings import Settings, feeds_worker

__all__ = ["audited", "plain_class"]

_WATCHED: Final = ("fit", "partial_fit", "fit_transform", "fit_predict", "fit_resample", "score")

_E = TypeVar("_E")


def audited(
    estimator: _E,
    log: AuditLog | str | os.PathLike[str] | None = None,
    *,
    dataset: str | None = None,
    model: str | None = None,
    detectors: DetectorSet | Detector | str | Sequence[Detector | str] | None = None,
    on_issue: Callable[[Issue], object] | None = None,
    directions: Mapping[str, Mode] | None = None,
) -> _E:
    """Return the estimator, audited: what its fits and scores do, and why, is recorded.

    What is returned is an instance of the estimator's own class and behaves as it does, with the
    same parameters and fitted attributes; the estimator given is left as it was. A fit within
    another audited fit, such as a candidate of a search, is recorded at level DEBUG only.

    A pickle of it holds the plain class, and loads where this package is missing; worker processes
    of joblib, concurrent.futures and multiprocessing get it audited.

    Args:
        estimator: Any estimator, also a pipeline or a search; fitted or not.
        log: Where entries go; default `get_log()`, asked for at each call.
        dataset: Name of the training data in the entries; default the log's.
        model: Name of the model in the entries; default the log's, or the estimator's class.
        detectors: What watches the curves that estimators keep: detectors, or names such as
            "overfitting"; default all, ``[]`` for none; or ``DetectorSet(ignore=["MLA003"])``.
        on_issue: Called with each issue that is recorded; what it raises is reported by `logging`.
        directions: Which values of a metric are better, as in ``{"my_score": "max"}``.

    Raises:
        TypeError: It is no estimator, or of a class that cannot be extended.
        ValueError: There is no detector of a name, or a direction is neither "max" nor "min".

    Example:
        >>> model = audited(make_pipeline(StandardScaler(), LogisticRegression()))
        >>> model.fit(X, y)
    """
    if isinstance(estimator, type) or not hasattr(type(estimator), "fit"):
        what = f"the class {estimator.__qualname__}" if isinstance(estimator, type) else estimator
        msg = f"audited() takes an estimator, an instance with a method fit, and got {what!r}"
        raise TypeError(msg)
    settings = Settings(
        log,
        dataset=dataset,
        model=model,
        detectors=detectors,
        on_issue=on_issue,
        directions=directions,
    )
    cls = _subclass(plain_class(type(estimator)), settings)
    return cast("_E", _instance(estimator, cls))


class _Made(NamedTuple):
    """What an audited class was made of.

    Attributes:
        base: The estimator's own class.
        settings: How its instances log.
    """

    base: type
    settings: Settings


def plain_class(cls: type) -> type:
    """The class that an audited class stands for; any other class is its own."""
    made = cls.__dict__.get("__mllog__")
    return made.base if isinstance(made, _Made) else cls


class _Alike(type):
    """A class equal to the one it was made from, where types are compared or looked up."""

    def __eq__(cls, other: object) -> bool:
        return isinstance(other, type) and plain_class(cls) is plain_class(other)

    def __hash__(cls) -> int:
        return type.__hash__(plain_class(cls))

    def __instancecheck__(cls, instance: object) -> bool:
        plain = plain_class(cls)
        return super().__instancecheck__(instance) if plain is cls else isinstance(instance, plain)


class _Unannounced:
    """Stands before the class while a subclass is made, of which its `__init_subclass__` hears not.

    What that does to subclasses was done to the class: wrapping `transform` once more, taking
    another place in a registry.
    """

    def __init_subclass__(cls) -> None:
        pass


_classes: WeakValueDictionary[object, type] = WeakValueDictionary()
_metaclasses: dict[type, type] = {}


def _subclass(base: type, settings: Settings) -> type:
    """The one audited class of a class and its settings, while it is in use."""
    made = _Made(base, settings)
    try:
        known = _classes.get(made)
    except TypeError:  # settings that cannot be hashed
        return _new_class(made)
    if known is None:
        known = _classes[made] = _new_class(made)
    return known


def _new_class(made: _Made) -> type:
    base = made.base
    names = (
        _methods(base)
        | _comparison(base)
        | {
            "__slots__": (),
            "__module__": base.__module__,
            "__qualname__": base.__qualname__,
            "__doc__": base.__doc__,
            "__mllog__": made,
        }
    )
    try:
        cls = _unannounced(base, names)
    except TypeError as error:
        msg = f"audited() cannot extend the class {base.__qualname__}: {error}"
        raise TypeError(msg) from error
    cls.__reduce_ex__ = _reducer(cls, made)  # type: ignore[method-assign]  # one that knows its class
    hash_as_plain(base, _plain)
    if hasattr(base, "__sklearn_clone__"):
        cls.__sklearn_clone__ = _cloner(cls, made)  # type: ignore[attr-defined]  # likewise
    return cls


def _methods(base: type) -> dict[str, object]:
    """What differs: the methods that are watched, and how instances are copied."""
    names: dict[str, object] = {}
    for name in _WATCHED:
        found = inspect.getattr_static(base, name, None)
        if isinstance(found, FunctionType):
            names[name] = watched(found, name, _entered)
        elif hasattr(found, "__get__") and not isinstance(found, (classmethod, staticmethod)):
            names[name] = Available(found, name, _entered)
    for copier in (copy.copy, copy.deepcopy):
        method = f"__{copier.__name__}__"
        if not hasattr(base, method):
            names[method] = KeepsClass(copier, _copied)
    return names


def _comparison(base: type) -> dict[str, object]:
    """How instances are compared, where the class says how: as plain ones, from either side."""
    own: Any = base.__eq__
    if own is object.__eq__:
        return {}

    @functools.wraps(own)
    def __eq__(self: object, other: object) -> Any:  # noqa: N807 - it becomes one
        return own(_plain(self), _plain(other))

    return {"__eq__": __eq__, "__hash__": base.__hash__}


def _plain(estimator: Any) -> Any:
    """The same as an instance of the plain class; itself where it is one, or no estimator."""
    cls = plain_class(type(estimator))
    return estimator if cls is type(estimator) else _instance(estimator, cls)


def _unannounced(base: type, names: dict[str, object]) -> type:
    metaclass: Any = _metaclass(type(base))
    # a metaclass of the user's, such as a registry, is not called either: what it makes of a class
    # is inherited
    make = ABCMeta.__new__ if issubclass(metaclass, ABCMeta) else type.__new__
    if not base.__dictoffset__:  # its instances have slots only, and so must ours
        return cast("type", make(metaclass, base.__name__, (base,), names))
    cls: type = make(metaclass, base.__name__, (_Unannounced, base), names)
    cls.__bases__ = (base,)  # some estimators read their parameters by way of their bases
    return cls


def _metaclass(kind: type) -> type:
    if kind not in _metaclasses:
        _metaclasses[kind] = type(kind.__name__, (_Alike, kind), {})
    return _metaclasses[kind]


def _instance(estimator: Any, cls: type) -> Any:
    """The same estimator as an instance of another class; its values are shared, not copied."""
    made: Any = object.__new__(cls)
    for parent in plain_class(cls).__mro__:
        slots = parent.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in {"__dict__", "__weakref__"} and hasattr(estimator, name):
                setattr(made, name, getattr(estimator, name))
    if hasattr(estimator, "__dict__"):
        made.__dict__.update(estimator.__dict__)
    return made


@guarded
def _entered(
    estimator: Any, function: FunctionType, name: str, args: Any, kwargs: Any
) -> Call | None:
    made: _Made = estimator.__mllog__
    return enter(estimator, function, name, args, kwargs, made.settings)


@guarded
def _copied(made: object, source: object) -> None:
    inherits(made, source, innermost())


def _cloner(cls: Any, made: _Made) -> Callable[..., Any]:
    base: Any = made.base

    @functools.wraps(base.__sklearn_clone__)
    def __sklearn_clone__(self: object) -> Any:  # noqa: N807 - it becomes one
        new = super(cls, self).__sklearn_clone__()
        _copied(new, self)
        return new

    return __sklearn_clone__


def _reducer(cls: Any, made: _Made) -> Callable[..., Any]:
    @functools.wraps(made.base.__reduce_ex__)
    def __reduce_ex__(self: object, protocol: Any) -> Any:  # noqa: N807 - it becomes one
        reduced = super(cls, self).__reduce_ex__(protocol)
        if is_copying(self) or type(self) is not cls or isinstance(reduced, str):
            return reduced
        function, args, rest = plainly(cls, made.base, reduced)
        how = _for_worker(self, made) if feeds_worker() else None
        if how is None:
            return function, args, *rest
        return _received, (how, function, args), *rest

    return __reduce_ex__


@guarded
def _for_worker(estimator: object, made: _Made) -> bytes:
    """How to log there, and whether it is a part of a call: its own, or the one that sends it."""
    part = belongs_to(estimator) is not None or within_call()
    return pickle.dumps((made.settings.for_worker(), part))


def _received(how: bytes, function: Callable[..., Any], args: tuple[object, ...]) -> object:
    """The audited instance in a worker process; its state is set by the pickle."""
    estimator = function(*args)
    settings, part = pickle.loads(how)  # noqa: S301 - within a pickle that is being loaded
    made = _instance(estimator, _subclass(type(estimator), settings))
    if part:
        descends(made, SENT)
    return made
