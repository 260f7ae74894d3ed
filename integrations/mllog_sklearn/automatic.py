"""Estimators that nobody made audited: their calls, as `mllog_callbacks.auto` hands them over."""

import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final

from mllog_callbacks import Level, guarded
from mllog_sklearn.calls import Call, enter, within_call
from mllog_sklearn.lineage import SENT, descends
from mllog_sklearn.settings import Settings

__all__ = ["Entered", "entered"]


class Entered:
    """A call that is recorded.

    Args:
        call: What records it.
    """

    def __init__(self, call: Call) -> None:
        self._call = call

    @guarded
    def ended(self, result: object, error: BaseException | None) -> None:
        """Record how it ended."""
        if error is None:
            self._call.end(result)
        else:
            self._call.fail(error)


def entered(
    estimator: Any,
    function: FunctionType,
    name: str,
    arguments: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    sent: bool = False,
) -> Entered | None:
    """Begin to record a call; None where it is a part of another.

    Args:
        estimator: Whose method is called.
        function: The method, or what scikit-learn made of it.
        name: Its name.
        arguments: What it is called with, by the names of its own parameters.
        given: How to log: the arguments of `audited`.
        sent: Whether an audited fit sent it here, to a worker.
    """
    settings = _settings(given)
    if (sent or within_call()) and settings.level > Level.DEBUG:
        return None
    if sent:
        descends(estimator, SENT)
    args, kwargs = _passed(function, arguments)
    call = enter(estimator, function, name, args, kwargs, settings)
    return None if call is None else Entered(call)


def _passed(
    function: FunctionType, arguments: Mapping[str, Any]
) -> tuple[tuple[object, ...], dict[str, object]]:
    """What was passed, without what has its default."""
    args: tuple[object, ...] = ()
    kwargs: dict[str, object] = {}
    for name, parameter in inspect.signature(function, follow_wrapped=False).parameters.items():
        value = arguments.get(name, parameter.default)
        if parameter.kind is parameter.VAR_POSITIONAL:
            args = tuple(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            kwargs |= value
        elif name in arguments and value is not parameter.default:
            kwargs[name] = value
    return args, kwargs


def _settings(given: Mapping[str, Any]) -> Settings:
    known = _made.get(id(given))
    if known is None or known[0] is not given:
        known = _made[id(given)] = given, Settings(**given)
    return known[1]


_made: Final[dict[int, tuple[Mapping[str, Any], Settings]]] = {}
