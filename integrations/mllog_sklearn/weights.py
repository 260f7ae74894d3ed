"""What a fit was given to weigh its rows or classes by: named, with nothing concluded from it."""

from collections.abc import Mapping
from typing import Any, Final

from mllog_callbacks.schema import assigned
from mllog_sklearn.parameters import described, parts

__all__ = ["weights_given", "weights_said"]

_ARGUMENT: Final = "sample_weight"
_PARAMETERS: Final = frozenset({"class_weight", "is_unbalance", "scale_pos_weight"})
_RESAMPLING: Final = "resampling"


def weights_given(
    estimator: object, arguments: Mapping[str, Any], given: Mapping[str, object]
) -> dict[str, object]:
    """The weights that a fit was given, by name.

    Args:
        estimator: What is fitted.
        arguments: What its method was called with.
        given: The hyperparameters that differ from their defaults.
    """
    found = {
        name: described(value)
        for name, value in arguments.items()
        if name.rpartition("__")[2] == _ARGUMENT and value is not None
    }
    found |= {
        name: value for name, value in given.items() if name.rpartition("__")[2] in _PARAMETERS
    }
    samplers = [
        f"{name}: {type(step).__name__}"
        for name, step in parts(estimator)
        if hasattr(step, "fit_resample")
    ]
    return found | ({_RESAMPLING: ", ".join(samplers)} if samplers else {})


def weights_said(weights: Mapping[str, object]) -> str:
    """The same in words; empty where nothing was given."""
    named = assigned({name: value for name, value in weights.items() if name != _RESAMPLING})
    recorded = [f"Given to the fit: {named}."] if named else []
    if _RESAMPLING in weights:
        recorded.append(f"Rows are resampled by {weights[_RESAMPLING]}.")
    return " ".join(recorded)
