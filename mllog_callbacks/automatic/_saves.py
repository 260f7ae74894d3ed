"""Saves of models that audited runs trained, by functions that no framework knows of."""

from types import ModuleType
from typing import Final

from mllog_callbacks.automatic._imports import when_imported
from mllog_callbacks.automatic._notes import note
from mllog_callbacks.automatic._state import is_on

__all__ = ["hook_saves"]

_MODULES: Final = ("joblib.numpy_pickle", "cloudpickle.cloudpickle", "skops.io._persist")
"""Where they are: functions in Python, which stay the same objects; `pickle.dump` is none."""


def hook_saves() -> None:
    """Have them heard, where they are imported and when they are."""
    for name in _MODULES:
        when_imported(name, _hear)


def _hear(module: ModuleType) -> None:
    from mllog_callbacks.adapter import hear_saves  # noqa: PLC0415 - slow; a training has begun

    try:
        hear_saves(module.__name__, is_on)
    except Exception as error:  # noqa: BLE001 - it is somebody's import that we are in
        note(hooked=module.__name__, why=repr(error))
