"""How a pipeline's transformers changed the data, as they say when they are fitted."""

from collections.abc import Container, Iterator
from typing import Any

import numpy as np

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, interruption
from mllog_sklearn.algorithm import title
from mllog_sklearn.parameters import library, parameters, parts

__all__ = ["preprocessed"]

_LISTED = 10


def preprocessed(
    estimator: Any, loaded: Container[object] = ()
) -> Iterator[tuple[Reason, dict[str, object]]]:
    """What each transformer did: those of a pipeline, or the estimator itself.

    Args:
        estimator: The estimator, fitted.
        loaded: The transformers that were loaded from a cache, and not fitted.
    """
    steps = parts(estimator)
    if not steps:
        if hasattr(estimator, "transform") and not hasattr(estimator, "predict"):
            yield _recorded(estimator, "", cached=False)
        return
    for number, (name, step) in enumerate(steps, 1):
        if hasattr(step, "transform") and not hasattr(step, "predict"):
            place = f"Step {number} of {len(steps)}, {name}: "
            yield _recorded(step, place, cached=step in loaded)


def _recorded(step: Any, place: str, *, cached: bool) -> tuple[Reason, dict[str, object]]:
    taken, given = getattr(step, "n_features_in_", None), _out(step)
    became = ""
    if isinstance(taken, int):
        became = f" of {count(taken, 'feature')}"
        became += f" into {count(given, 'feature')}" if given is not None else ""
    set_by_caller = assigned(parameters(step).given)
    recorded = [
        f"It is of {library(type(step))}, with {set_by_caller}."
        if set_by_caller
        else f"It is of {library(type(step))}, with default hyperparameters.",
        *_columns(step),
    ]
    did = "was loaded from the cache of memory, and not fitted" if cached else "was fitted"
    verb = f"{did}: data{became}" if cached and became else f"{did} to data{became}"
    return (
        Reason(f"{place}{title(step)} {verb if became else did}.", " ".join(recorded)),
        {
            "transformer": title(step),
            "features_in": taken,
            "features_out": given,
            **({"from_cache": True} if cached else {}),
        },
    )


def _out(step: Any) -> int | None:
    """How many features come out, where that is known without a transformation."""
    for name in ("n_components_", "n_output_features_", "n_features_out_", "_n_features_out"):
        many = getattr(step, name, None)
        if isinstance(many, int):
            return many
    try:
        if callable(getattr(step, "get_support", None)):
            return int(step.get_support().sum())
        named = callable(getattr(step, "get_feature_names_out", None))
        return len(step.get_feature_names_out()) if named else None
    except Exception as error:
        if interruption(error) is not None:
            raise
        return None


def _columns(step: Any) -> Iterator[str]:
    """Which columns a ColumnTransformer gives to which of its parts."""
    for each in getattr(step, "transformers_", None) or ():
        name, part, columns = each
        if not isinstance(part, str) or part != "drop":
            yield f"{name}: {title(part)} took {_named(columns)}."
        elif not isinstance(columns, list) or columns:
            yield f"{name} left out {_named(columns)}."


def _named(columns: Any) -> str:
    """Columns as they were given: one or many, by names or positions, a mask or a slice."""
    if isinstance(columns, (str, int)):
        return str(columns)
    if isinstance(columns, slice):
        return f"the columns of {columns}"
    if not hasattr(columns, "__len__"):
        return "some columns"
    listed = list(columns)
    if listed and all(isinstance(each, (bool, np.bool_)) for each in listed):
        listed = [index for index, taken in enumerate(listed) if taken]
    if len(listed) > _LISTED:
        return count(len(listed), "column")
    return ", ".join(map(str, listed)) or "no column"
