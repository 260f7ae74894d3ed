"""The estimator of LightGBM's scikit-learn interface that called a training, where one did.

It passes on all its parameters, its own defaults among them. What its caller set is seen where the
estimator is: in the frame of `fit`, which called `lightgbm.train`.
"""

import inspect
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Final, NamedTuple

import lightgbm

from mllog_callbacks.schema import shown

__all__ = ["CLASSES_LISTED", "Estimator", "calling_estimator"]

CLASSES_LISTED: Final = 20
"""The most classes that are listed one by one."""

_MISSING: Final = object()
_WRAPPERS: Final = 10


class Estimator(NamedTuple):
    """What is known of an estimator; the estimator itself is not kept.

    Attributes:
        name: Its class.
        given: The parameters that differ from its defaults, and `metric` where `fit` was given one.
        class_weight: Its weights of classes, which it turns into weights of rows; None without.
        classes: Its caller's classes in the order of the codes that it gives them; empty where
            they cannot be shown, None where it gives no codes.
        on_dask: Whether `lightgbm.dask` called it, on a worker, in the user's stead.
    """

    name: str
    given: frozenset[str]
    class_weight: object = None
    classes: Sequence[str] | None = None
    on_dask: bool = False


def calling_estimator(frame: FrameType) -> Estimator | None:
    """Read the estimator whose `fit` called this frame, be it through somebody's wrapper.

    Args:
        frame: The frame of `lightgbm.train`.

    Returns:
        What is known of it; None where the caller is another.
    """
    caller = _fit(frame.f_back)
    if caller is None:
        return None
    known = caller.f_locals
    estimator, data = known.get("self"), known.get("train_set")
    if data is not frame.f_locals.get("train_set") or not hasattr(estimator, "get_params"):
        return None  # a training within that one
    given = _given(estimator) | _given_to_fit(known, caller.f_back)
    weight = getattr(estimator, "class_weight", None)
    on_dask = _called_by_dask(caller.f_back)
    name, classes = type(estimator).__qualname__, _encoded_classes(estimator)
    return Estimator(name, frozenset(given), weight, classes, on_dask)


def _called_by_dask(frame: FrameType | None) -> bool:
    while frame is not None and _is_of_lightgbm(frame):
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") == "lightgbm.dask"


def _fit(frame: FrameType | None) -> FrameType | None:
    for _ in range(_WRAPPERS):
        if frame is None or (frame.f_code.co_name == "fit" and _is_of_lightgbm(frame)):
            return frame
        frame = frame.f_back
    return None


def _is_of_lightgbm(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") == "lightgbm.sklearn"


def _encoded_classes(estimator: object) -> Sequence[str] | None:
    if not isinstance(estimator, lightgbm.LGBMClassifier):
        return None
    classes = getattr(estimator, "_classes", None)  # `classes_` is there after the fit only
    if classes is None or len(classes) > CLASSES_LISTED:
        return ()
    names = [shown(each) for each in classes]
    return names if len(set(names)) == len(names) else ()


def _given(estimator: Any) -> set[str]:  # noqa: ANN401 - any of LightGBM's
    defaults = _defaults(type(estimator))
    values = estimator.get_params(deep=False)
    return {
        name for name, value in values.items() if not _same(value, defaults.get(name, _MISSING))
    }


def _given_to_fit(arguments: Mapping[str, object], caller: FrameType | None) -> set[str]:
    given = {"metric"} if arguments.get("eval_metric") else set()  # `[]` is what they make of None
    # `LGBMRanker.fit` takes `eval_at` and calls the `fit` of all estimators
    if caller is not None and caller.f_code.co_name == "fit" and "eval_at" in caller.f_locals:
        default = _defaults(lightgbm.LGBMRanker, "fit").get("eval_at")
        if not _same(caller.f_locals["eval_at"], default):
            given.add("eval_at")
    return given


def _defaults(kind: type, method: str = "__init__") -> dict[str, object]:
    """The defaults of a class's method and of those of its bases, by parameter."""
    defaults: dict[str, object] = {}
    for each in reversed(kind.__mro__):
        if method in vars(each):
            for name, parameter in inspect.signature(vars(each)[method]).parameters.items():
                if parameter.default is not parameter.empty:
                    defaults[name] = parameter.default
    return defaults


def _same(value: object, default: object) -> bool:
    if value is default:
        return True
    # of plain values only: others may compare to anything
    return isinstance(value, (str, int, float, bool, tuple)) and value == default
