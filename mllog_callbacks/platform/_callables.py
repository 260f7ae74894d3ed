"""What is called in the place of a hooked function, and records its calls."""

from collections.abc import Mapping
from typing import Any, Final

from mllog_callbacks.platform._action import Action, begin
from mllog_callbacks.platform._call import Call, Hook, Parameters
from mllog_callbacks.recording import AuditLog, runner

__all__ = ["Watcher"]

_Args = tuple[Any, ...]


class Watcher:
    """What wrapt calls in the place of a hooked function.

    Args:
        hook: What to record of its calls.
        log: Where entries go; default `get_log()`, asked for at each call.
        name: The function with its class, as in ``ModelTrainer.train``.
        function: The function itself: it decides whether calls are awaited or iterated.
        method: Whether calls have an object or class as their first argument.

    Attributes:
        on: Whether calls are recorded; once off, calls pass.
    """

    def __init__(
        self, hook: Hook, log: AuditLog | None, name: str, function: Any, *, method: bool
    ) -> None:
        self.on = True
        self.hook: Final = hook
        self._log = log
        self._name = name
        self._plain_name = name.rpartition(".")[2]
        self._method = method
        self._parameters: Parameters | None = None
        self._run = runner(function)

    def __call__(self, wrapped: Any, instance: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
        """Call the function, and record it."""
        if not self.on:
            return wrapped(*args, **kwargs)

        def start() -> Action | None:
            return self._begin(wrapped, instance, args, kwargs)

        return self._run(start, wrapped, args, kwargs)

    def _begin(
        self, wrapped: Any, instance: Any, args: _Args, kwargs: Mapping[str, Any]
    ) -> Action | None:
        unbound = self._method and instance is None and bool(args)
        if unbound:
            instance, args = args[0], args[1:]
        parameters = self._parameters
        if parameters is None:
            parameters = self._parameters = Parameters.of(wrapped, skip=int(unbound))
        given = parameters.given(args, kwargs)
        call = Call(self._name, instance, given, parameters.defaults)
        key = self if instance is None else (self._plain_name, id(instance))
        return begin(self.hook, self._log, call, key)
