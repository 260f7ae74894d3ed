"""Methods of an estimator, recorded: nothing else about them differs."""

import functools
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, Final, cast

from mllog_sklearn.calls import Call

__all__ = ["Available", "Enter", "watched"]

Enter = Callable[[Any, FunctionType, str, Any, Any], Call | None]
"""Called with the estimator, the method, its name and its arguments, when it is called."""

_PASSED_OVER: Final = "<mllog_sklearn, passed over as importlib._bootstrap is>"


def watched(function: FunctionType, name: str, enter: Enter) -> FunctionType:
    """The function, recorded; it adds no line to tracebacks and no level to warnings."""

    @functools.wraps(function)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        call: Call | None = None
        try:
            call = enter(self, function, name, args, kwargs)
            result = function(self, *args, **kwargs)
        except BaseException as error:
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            if call is not None:
                call.fail(error)
            raise
        if call is not None:
            call.end(result)
        return result

    made = cast("FunctionType", method)
    # `warnings` passes over the frames of such files when it counts stack levels
    made.__code__ = made.__code__.replace(co_filename=_PASSED_OVER)
    return made


class Available:
    """A method that is there on a condition, by whatever descriptor; its function is recorded.

    Args:
        original: The descriptor, such as that of scikit-learn's `available_if`.
        name: The method's name.
        enter: Called when it is called.
    """

    def __init__(self, original: Any, name: str, enter: Enter) -> None:
        functools.update_wrapper(cast("Any", self), original)
        self._original = original
        self._name = name
        self._enter = enter
        self._functions: dict[FunctionType, FunctionType] = {}

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        found = self._original.__get__(instance, owner)  # raises where it is not available
        function = getattr(found, "__func__", found)
        if not isinstance(function, FunctionType):
            return found
        if instance is None:
            return watched(function, self._name, self._enter)
        recorded = self._functions.get(function)
        if recorded is None:
            recorded = self._functions[function] = watched(function, self._name, self._enter)
        return MethodType(recorded, instance)
