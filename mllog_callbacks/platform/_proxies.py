"""What stands in the place of a hooked function: wrapt's proxies, and what these leave open."""

import copy
import pickle
import pkgutil
from typing import Any, Self

import wrapt

__all__ = ["BoundHook", "HookedFunction"]


class _Copied:
    """What proxies leave open: they are shown, copied and pickled as what they stand for.

    Nothing is annotated here: it would stand among the annotations of every hooked function.
    """

    def __repr__(self: Any) -> str:
        return repr(self.__wrapped__)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> object:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return self.__reduce_ex__(4)

    def __reduce_ex__(self: Any, protocol: object) -> tuple[object, ...]:
        """By name: what stands there in the process that unpickles."""
        place = f"{self.__wrapped__.__module__}:{self.__wrapped__.__qualname__}"
        try:
            found = pkgutil.resolve_name(place)
        except (ImportError, AttributeError, ValueError):
            found = None
        if found != self.__wrapped__:
            msg = f"Can't pickle {self.__wrapped__!r}: it's not found as {place}"
            raise pickle.PicklingError(msg)
        return pkgutil.resolve_name, (place,)


class BoundHook(_Copied, wrapt.BoundFunctionWrapper):  # type: ignore[type-arg]  # any function's
    """A hooked method of an object or a class."""

    def __deepcopy__(self, memo: dict[int, object]) -> object:
        owner = getattr(self.__wrapped__, "__self__", None)
        if owner is None:
            return self
        return getattr(copy.deepcopy(owner, memo), self.__wrapped__.__name__)

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        owner = getattr(self.__wrapped__, "__self__", None)
        if owner is None:
            return super().__reduce_ex__(protocol)
        return getattr, (owner, self.__wrapped__.__name__)


class HookedFunction(_Copied, wrapt.FunctionWrapper):  # type: ignore[type-arg]  # any function's
    """A hooked function, in the place where the function stood."""

    __bound_function_wrapper__ = BoundHook

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """As functions: the same object each time where it is asked of the class."""
        if instance is None and self._self_binding == "function":
            return self
        return super().__get__(instance, owner)
