"""Framework adapters in code one does not own: callbacks added to calls, results passed on."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from mllog_callbacks.platform._call import Parameters
from mllog_callbacks.platform._hooks import Attachment, Place, raw_of, take
from mllog_callbacks.recording import guarded

__all__ = ["adapt"]


def adapt(
    target: type | ModuleType,
    name: str,
    *,
    callbacks: Callable[[], object] | None = None,
    result: Callable[[Any], object] | None = None,
    parameter: str = "callbacks",
) -> Attachment:
    """Give an adapter to a framework that a platform calls, from outside.

    Unlike `attach` it does change calls: by what the adapter adds, and nothing else.

    Args:
        target: The class or module.
        name: Its function, such as ``"train"`` of `lightgbm`, or ``"__init__"`` of a Trainer.
        callbacks: Makes a callback to add to each call, where none of its type is among them.
        result: What each result is passed through, such as `mllog_sklearn.audited`.
        parameter: The name of the parameter that takes callbacks.

    Returns:
        What takes it off again.

    Raises:
        HookError: The target has no such name, or something else than a function there.

    Example:
        >>> adapt(lightgbm, "train", callbacks=MLAuditCallback)
        >>> adapt(platform.models, "make_estimator", result=audited)
    """
    raw = raw_of(target, name)
    adapting = _Adapting(callbacks, result, parameter)
    return take({f"{target.__name__}.{name}": Place(target, name, raw, adapting)})


class _Adapting:
    """What wrapt calls in the place of an adapted function."""

    def __init__(
        self,
        callbacks: Callable[[], object] | None,
        result: Callable[[Any], object] | None,
        parameter: str,
    ) -> None:
        self.on = True
        self._callbacks = callbacks
        self._result = result
        self._parameter = parameter

    def __call__(
        self, wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call the function with one callback more, and pass its result on."""
        if not self.on:
            return wrapped(*args, **kwargs)
        if self._callbacks is not None:
            made = guarded(self._callbacks)()
            args, kwargs = self._with(made, wrapped, args, kwargs) or (args, kwargs)
        found = wrapped(*args, **kwargs)
        if self._result is None:
            return found
        passed = guarded(self._result)(found)
        return found if passed is None else passed

    @guarded
    def _with(
        self, added: Any, wrapped: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        names = Parameters.of(wrapped).positional
        place = names.index(self._parameter) if self._parameter in names else len(args)
        given = args[place] if place < len(args) else kwargs.get(self._parameter)
        several = _several(given)
        if added is None or any(type(each) is type(added) for each in several):
            return args, kwargs
        if place < len(args):
            return (*args[:place], [*several, added], *args[place + 1 :]), kwargs
        return args, {**kwargs, self._parameter: [*several, added]}


def _several(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple, set)) else [given]
