"""Exceptions by which other frameworks stop a training on purpose: no failure, but a rule.

They are known by module and name, so that none of these frameworks is imported.
"""

from collections.abc import Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any, Final

from mllog_callbacks.facts._rule import Rule
from mllog_callbacks.schema import message_of

__all__ = ["rule_behind"]

_PRUNED: Final = frozenset(
    {("optuna.exceptions", "TrialPruned"), ("optuna.structs", "TrialPruned")}
)
_RAY: Final = ("ray.train.", "ray.tune.", "ray.air.")
"""Where Ray ends the thread of a trial that its scheduler or a stopping criterion has stopped."""

_FRAMES: Final = 6


def rule_behind(error: BaseException) -> Rule | None:
    """The rule by which another framework stopped the training; None where it is no such thing.

    Args:
        error: What was raised; it is read, and not kept.
    """
    if not _PRUNED.isdisjoint((each.__module__, each.__qualname__) for each in type(error).__mro__):
        trial = next((each for each in _values(error) if _is_trial(each)), None)
        facts = {"name": "optuna pruner", "message": message_of(error) or None, **_of(trial)}
        return Rule(**facts)
    if isinstance(error, SystemExit):
        frame = next(_frames(error.__traceback__), None)
        if frame is not None and str(frame.f_globals.get("__name__")).startswith(_RAY):
            return Rule(name="ray.tune")
    return None


def _of(trial: Any) -> dict[str, Any]:  # noqa: ANN401 - of optuna
    """Number of the trial and its last value, as the trial itself has them: no storage is read."""
    if trial is None:
        return {}
    pruner = type(getattr(getattr(trial, "study", None), "pruner", None)).__name__
    found: dict[str, Any] = {"name": f"optuna {pruner}"} if pruner != "NoneType" else {}
    number = getattr(trial, "number", None)
    cached = getattr(trial, "_cached_frozen_trial", None)
    values = getattr(cached, "intermediate_values", None)
    if isinstance(number, int):
        found["trial"] = number
    if isinstance(values, Mapping) and values:
        found["step"] = max(values)
        found["value"] = float(values[found["step"]])
    return found


def _is_trial(value: object) -> bool:
    kind = type(value)
    return kind.__module__.startswith("optuna.trial.") and kind.__qualname__.endswith("Trial")


def _values(error: BaseException) -> Iterator[object]:
    """What the functions that raised it worked with, the innermost first."""
    for frame in _frames(error.__traceback__):
        known = frame.f_locals
        yield from known.values()
        yield from getattr(known.get("self"), "__dict__", {}).values()


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    frames: list[FrameType] = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    yield from frames[: -_FRAMES - 1 : -1]
