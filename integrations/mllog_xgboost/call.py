"""One call of XGBoost, as its local variables and those of its callers show it."""

import inspect
import os
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, Final, NamedTuple

from xgboost import DMatrix, collective

from mllog_callbacks import RawData, guarded
from mllog_xgboost.raw import raw_data

__all__ = ["Call", "Metric", "read_call"]

_BETWEEN: Final = ("xgboost.", "mllog_")
_NO_HYPERPARAMETERS: Final = frozenset({"callbacks", "verbosity", "verbose"})


class Metric(NamedTuple):
    """The caller's own metric.

    Attributes:
        name: What its function is called.
        module: The module that defines it.
    """

    name: str
    module: str


class Call(NamedTuple):
    """A call of `xgboost.train` or `xgboost.cv`, for as long as the training begins.

    Attributes:
        planned: Iterations planned.
        params: The parameters as they reached XGBoost, each `eval_metric` among them.
        sets: The data sets by name, the training data first.
        maximize: What the caller gave as `maximize`.
        metric: The caller's own metric; None where there is none.
        folds: Folds of a cross-validation; None for a training.
        continues: Whether a model is continued.
        continued_path: The file that model is loaded from; None where it is an object.
        estimator: The class of the scikit-learn estimator that called; empty where none did.
        settings: What the caller of that estimator set.
        workers: How many train together.
        raw: The data as the caller gave it, by the names of the sets.
    """

    planned: int
    params: Mapping[str, object]
    sets: Mapping[str, DMatrix]
    maximize: bool | None
    metric: Metric | None
    folds: int | None
    continues: bool
    continued_path: str | None
    estimator: str
    settings: Mapping[str, object]
    workers: int
    raw: Mapping[str, RawData]


def read_call(container: FrameType, model: Any) -> Call:  # noqa: ANN401 - a booster or a pack of them
    """Read a call that is under way.

    Args:
        container: The frame of the container of callbacks, which XGBoost's function calls.
        model: What is trained: a booster, or the pack of a cross-validation.
    """
    frames = [*_callers(container)]
    given = frames[0].f_locals
    estimator = next(filter(None, map(_estimator, frames[1:])), None)
    folds = getattr(model, "cvfolds", None)
    before = given.get("xgb_model")
    return Call(
        planned=given["num_boost_round"],
        params=_params(given),
        sets={
            "training": given["dtrain"],
            **{name: data for data, name in given.get("evals") or ()},
        },
        maximize=given.get("maximize"),
        metric=_metric(given.get("custom_metric"), estimator),
        folds=None if folds is None else len(folds),
        continues=before is not None,
        continued_path=os.fspath(before) if isinstance(before, str | os.PathLike) else None,
        estimator="" if estimator is None else type(estimator).__name__,
        settings={} if estimator is None else _settings(estimator),
        workers=collective.get_world_size(),
        raw=guarded(raw_data)(given, next(filter(_estimator, frames[1:]), None)) or {},
    )


def _callers(container: FrameType) -> Iterator[FrameType]:
    """The frames of XGBoost's functions, from the one that trains outwards."""
    frame = container.f_back
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(_BETWEEN):
        if "num_boost_round" in frame.f_locals or frame.f_code.co_name == "fit":
            yield frame
        frame = frame.f_back


def _estimator(frame: FrameType) -> Any:  # noqa: ANN401 - an estimator of XGBoost's
    found = frame.f_locals.get("self")
    return found if hasattr(found, "get_xgb_params") else None


def _params(given: Mapping[str, Any]) -> dict[str, object]:
    """The parameters by name; of pairs XGBoost uses each `eval_metric`, of `cv` its `metrics`."""
    found: dict[str, object] = {}
    params = given["params"]
    for name, value in params.items() if isinstance(params, Mapping) else params or ():
        if name == "eval_metric" and name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), value]
        elif value is not None:
            found[name] = value
    if metrics := given.get("metrics"):
        found["eval_metric"] = [*metrics]
    if callable(objective := given.get("obj")):
        found["obj"] = objective
    return found


def _metric(function: Any, estimator: Any) -> Metric | None:  # noqa: ANN401 - the caller's
    if not callable(function):
        return None
    own = getattr(estimator, "eval_metric", None)  # XGBoost wraps an estimator's metric
    function = own if callable(own) else function
    return Metric(getattr(function, "__name__", type(function).__name__), function.__module__)


def _settings(estimator: Any) -> dict[str, object]:  # noqa: ANN401 - an estimator of XGBoost's
    """What the caller of an estimator set: all that differs from its class's signature."""
    defaults = {
        name: each.default
        for cls in reversed(type(estimator).__mro__)
        for name, each in inspect.signature(cls).parameters.items()
        if cls is not object
    }
    return {
        name: value
        for name, value in estimator.get_params().items()
        if name not in _NO_HYPERPARAMETERS
        and value is not None
        and not _is_default(value, defaults.get(name))
    }


def _is_default(value: object, default: object) -> bool:
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN, `missing`'s default
        return True
    return value is default or (isinstance(value, str | int | float) and value == default)
