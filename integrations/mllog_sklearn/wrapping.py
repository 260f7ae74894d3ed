"""An estimator's own class, with its fitting methods watched.

`audited` makes an instance of a subclass that differs from the estimator's class in nothing but
that: the same name, documentation, signatures and tags, equal to it where tables are looked up by
type, and without any state of ours in its instances. How to log stands on the subclass, so `clone`,
`copy` and `set_params` keep it.

A pickle holds the plain class, so that it loads where this package is missing. Only what is sent
to a worker process stays audited.
"""

import copy
import copyreg
import functools
import inspect
import os
import pickle
import threading
from collections.abc import Callable, Sequence
from types import FunctionType, MethodType
from typing import Any, Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from mllog_callbacks import AuditLog, Detector, DetectorSet, Issue, guarded
from mllog_sklearn.calls import Call, calls_running, enter, within_call
from mllog_sklearn.settings import Settings, feeds_worker

__all__ = ["audited", "plain_class"]

_WATCHED: Final = ("fit", "partial_fit", "fit_transform", "fit_predict", "fit_resample", "score")

_NEW: Final = (copyreg.__newobj__, copyreg.__newobj_ex__)  # type: ignore[attr-defined]  # untyped

_E = TypeVar("_E")


def audited(
    estimator: _E,
    log: AuditLog | None = None,
    *,
    dataset: str | None = None,
    model: str | None = None,
    detectors: DetectorSet | Sequence[Detector | str] | None = None,
    on_issue: Callable[[Issue], object] | None = None,
) -> _E:
    """Return the estimator, audited: what its fits and scores do, and why, is recorded.

    What is returned is an instance of the estimator's own class and behaves as it does, with the
    same parameters and fitted attributes; the estimator given is left as it was. A fit within
    another audited fit, such as a candidate of a search, is told at level DEBUG only.

    Args:
        estimator: Any estimator, also a pipeline or a search; fitted or not.
        log: Where entries go; default `get_log()`, asked for at each call.
        dataset: Name of the training data in the entries; default the log's.
        model: Name of the model in the entries; default the log's, or the estimator's class.
        detectors: What watches the curves that estimators keep: detectors, or names such as
            "overfitting"; default all, ``[]`` for none; or ``DetectorSet(ignore=["MLA003"])``.
        on_issue: Called with each issue that is told; what it raises is reported by `logging`.

    Raises:
        TypeError: It is no estimator, or of a class that cannot be extended.
        ValueError: There is no detector of a name.

    Example:
        >>> model = audited(make_pipeline(StandardScaler(), LogisticRegression()))
        >>> model.fit(X, y)
    """
    if isinstance(estimator, type) or not hasattr(type(estimator), "fit"):
        what = f"the class {estimator.__qualname__}" if isinstance(estimator, type) else estimator
        msg = f"audited() takes an estimator, an instance with a method fit, and got {what!r}"
        raise TypeError(msg)
    settings = Settings(log, dataset, model, detectors, on_issue)
    return _instance(estimator, _subclass(plain_class(type(estimator)), settings, nested=False))


def plain_class(cls: type) -> type:
    """The class that an audited class stands for; any other class is its own."""
    made = cls.__dict__.get("__mllog__")
    return made.base if isinstance(made, _Made) else cls


def _plain(value: object) -> Any:
    return plain_class(value) if isinstance(value, type) else value


class _Made(NamedTuple):
    """What an audited class was made of.

    Attributes:
        base: The estimator's own class.
        settings: How its instances log.
        nested: Whether its instances were cloned within an audited fit.
        process: The process it was made in.
    """

    base: type
    settings: Settings
    nested: bool
    process: int


class _Alike(type):
    """A class equal to the one it was made from, where types are compared or looked up."""

    def __eq__(cls, other: object) -> bool:
        return isinstance(other, type) and plain_class(cls) is plain_class(other)

    def __hash__(cls) -> int:
        return type.__hash__(plain_class(cls))


class _Copying(threading.local):
    """Whether this thread copies an audited estimator; then its class is kept."""

    instance: object = None


_copying = _Copying()


class _KeepsClass:
    """`__copy__` or `__deepcopy__`: the same as without, but for the class.

    The `copy` module asks for the method first and for `__reduce_ex__` next. While it is on its
    way to the second, the first is not there.
    """

    def __init__(self, copier: Callable[..., object]) -> None:
        self._copier = copier

    def __get__(self, instance: object, owner: type) -> Callable[..., object]:
        now = _copying.instance
        if now is not None and (instance is None or instance is now):
            raise AttributeError(self._copier.__name__)
        return self._copy if instance is None else functools.partial(self._copy, instance)

    def _copy(self, instance: object, *memo: object) -> object:
        before, _copying.instance = _copying.instance, instance
        try:
            return self._copier(instance, *memo)
        finally:
            _copying.instance = before


class _Unannounced:
    """Stands before the class while a subclass is made, which its `__init_subclass__` not learns.

    What that does to subclasses was done to the class: wrapping `transform` once more, taking
    another place in a registry.
    """

    def __init_subclass__(cls) -> None:
        pass


@guarded
def _for_worker(made: _Made) -> bytes:
    return pickle.dumps((made.settings.for_worker(), made.nested or calls_running()))


def _received(how: bytes, function: Callable[..., Any], args: tuple[object, ...]) -> object:
    """The audited instance in a worker process; its state is set by the pickle."""
    estimator = function(*args)
    settings, nested = pickle.loads(how)  # noqa: S301 - within a pickle that is being loaded
    return _instance(estimator, _subclass(type(estimator), settings, nested=nested, process=0))


_classes: WeakValueDictionary[object, type] = WeakValueDictionary()
_metaclasses: dict[type, type] = {}


def _subclass(base: type, settings: Settings, *, nested: bool, process: int | None = None) -> type:
    """The one audited class of a class and its settings, while it is in use."""
    made = _Made(base, settings, nested, os.getpid() if process is None else process)
    try:
        known = _classes.get(made)
    except TypeError:  # settings that cannot be hashed
        return _new_class(made)
    if known is None:
        known = _classes[made] = _new_class(made)
    return known


def _new_class(made: _Made) -> type:
    base = made.base
    names: dict[str, object] = {
        "__slots__": (),
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
        "__mllog__": made,
    }
    for name in _WATCHED:
        found = inspect.getattr_static(base, name, None)
        if isinstance(found, FunctionType):
            names[name] = _watched(found, name)
        elif hasattr(found, "__get__") and not isinstance(found, (classmethod, staticmethod)):
            names[name] = _Available(found, name)
    for copier in (copy.copy, copy.deepcopy):
        method = f"__{copier.__name__}__"
        if not hasattr(base, method):
            names[method] = _KeepsClass(copier)
    try:
        cls = _unannounced(base, names)
    except TypeError as error:
        msg = f"audited() cannot extend the class {base.__qualname__}: {error}"
        raise TypeError(msg) from error
    cls.__reduce_ex__ = _reducer(cls, made)  # type: ignore[assignment]  # as the method is called
    if hasattr(base, "__sklearn_clone__"):
        cls.__sklearn_clone__ = _cloner(cls, made)  # type: ignore[attr-defined]  # likewise
    return cls


def _unannounced(base: type, names: dict[str, object]) -> type:
    metaclass = _metaclass(type(base))
    cls: type = metaclass(base.__name__, (_Unannounced, base), names)
    try:
        cls.__bases__ = (base,)  # some read their parameters by way of their bases
    except TypeError:  # the layout of a class with slots
        cls = metaclass(base.__name__, (base,), names)
    return cls


def _reducer(cls: type, made: _Made) -> Callable[..., Any]:
    @functools.wraps(made.base.__reduce_ex__)
    def __reduce_ex__(self: object, protocol: Any) -> Any:  # noqa: N807 - it becomes one
        reduced = super(cls, self).__reduce_ex__(protocol)  # type: ignore[misc]  # self is of cls
        if _copying.instance is self or type(self) is not cls or isinstance(reduced, str):
            return reduced
        return _reduced(made, *reduced)

    return __reduce_ex__


def _reduced(made: _Made, function: Any, args: tuple[Any, ...], *rest: object) -> tuple[Any, ...]:
    """As the plain class; as audited where it is sent to a worker process."""
    function, *given = (_plain(each) for each in (function, *args))
    args = tuple(given)
    if function in _NEW:  # which picklers check against the class of the instance
        function, args = functools.partial(function, made.base), args[1:]
        if not args and made.base.__new__ is object.__new__:
            function, args = copyreg._reconstructor, (made.base, object, None)  # type: ignore[attr-defined]  # noqa: SLF001 - what older protocols write, loaded by all
    how = _for_worker(made) if feeds_worker() else None
    if how is None:
        return function, args, *rest
    return _received, (how, function, args), *rest


def _cloner(cls: type, made: _Made) -> Callable[..., Any]:
    @functools.wraps(made.base.__sklearn_clone__)  # type: ignore[attr-defined]  # it has been seen
    def __sklearn_clone__(self: object) -> Any:  # noqa: N807 - it becomes one
        new = super(cls, self).__sklearn_clone__()  # type: ignore[misc]  # self is of cls
        if within_call() and type(new) is cls and new is not self and not made.nested:
            new.__class__ = _subclass(made.base, made.settings, nested=True)
        return new

    return __sklearn_clone__


def _metaclass(kind: type) -> type:
    if kind not in _metaclasses:
        _metaclasses[kind] = type(kind.__name__, (_Alike, kind), {})
    return _metaclasses[kind]


def _instance(estimator: Any, cls: type) -> Any:
    """The same estimator as an instance of another class; its values are shared, not copied."""
    made = object.__new__(cls)
    for parent in plain_class(cls).__mro__:
        slots = parent.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in {"__dict__", "__weakref__"} and hasattr(estimator, name):
                setattr(made, name, getattr(estimator, name))
    made.__dict__.update(estimator.__dict__)
    return made


def _watched(function: FunctionType, name: str) -> FunctionType:
    """The function, told of; it adds no line to tracebacks and no level to warnings."""

    @functools.wraps(function)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        call: Call | None = None
        try:
            call = _entered(self, function, name, args, kwargs)
            result = function(self, *args, **kwargs)
        except BaseException as error:
            if call is not None:
                call.fail(error)
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            raise
        if call is not None:
            call.end(result)
        return result

    # `warnings` passes over the frames of such files when it counts stack levels
    watched.__code__ = watched.__code__.replace(co_filename=_PASSED_OVER)
    return watched


_PASSED_OVER: Final = "<mllog_sklearn, passed over as importlib._bootstrap is>"


@guarded
def _entered(
    estimator: Any, function: FunctionType, name: str, args: Any, kwargs: Any
) -> Call | None:
    made: _Made = type(estimator).__mllog__
    nested = made.nested and (made.process != os.getpid() or calls_running())
    return enter(estimator, function, name, args, kwargs, made.settings, nested=nested)


class _Available:
    """A method that is there on a condition, by whatever descriptor, with its function told of."""

    def __init__(self, original: Any, name: str) -> None:
        functools.update_wrapper(self, original)
        self._original = original
        self._name = name
        self._functions: dict[object, FunctionType] = {}

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        found = self._original.__get__(instance, owner)
        function = getattr(found, "__func__", found)
        if not isinstance(function, FunctionType):
            return found
        if instance is None:
            return _watched(function, self._name)
        watched = self._functions.get(function)
        if watched is None:
            watched = self._functions[function] = _watched(function, self._name)
        return MethodType(watched, instance)
