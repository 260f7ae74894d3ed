"""Runs a hooked function as it is: plain, coroutine, generator or asynchronous generator.

What the caller gets is of the same kind, has the same name and does the same; between its steps
the names of the call hold.
"""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Mapping
from types import CoroutineType
from typing import Any, Final

from mllog_callbacks.platform._action import Action, begin
from mllog_callbacks.platform._call import Call, Hook, Parameters
from mllog_callbacks.recording import AuditLog, current, leave

__all__ = ["Watcher"]

_Args = tuple[Any, ...]
_Begin = Callable[[], Action | None]


class Watcher:
    """What wrapt calls in the place of a hooked function.

    Args:
        hook: What to tell of its calls.
        log: Where entries go; default `get_log()`, asked for at each call.
        name: The function with its class, as in ``ModelTrainer.train``.
        function: The function itself: it decides whether calls are awaited or iterated.
        method: Whether calls have an object or class as their first argument.

    Attributes:
        on: Whether calls are told; once off, calls pass.
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
        self._run = _runner(function)

    def __call__(self, wrapped: Any, instance: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
        """Call the function, and tell of it."""
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


def _runner(function: Any) -> Callable[[_Begin, Any, _Args, dict[str, Any]], Any]:
    if inspect.iscoroutinefunction(function):
        return _await
    if inspect.isasyncgenfunction(function):
        return _iterate_async
    if inspect.isgeneratorfunction(function):
        return _iterate
    return _call


def _call(start: _Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
    action = start()
    if action is None:
        return wrapped(*args, **kwargs)
    token = current.set(action.scope)
    try:
        result = wrapped(*args, **kwargs)
    except BaseException as error:
        leave(token)
        action.raised(error)
        raise
    leave(token)
    action.returned(result)
    return result


class _Held:
    """A coroutine that is closed, without the warning, where nobody awaits its wrapper."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __del__(self) -> None:
        self.coroutine.close()


def _await(start: _Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
    coroutine = wrapped(*args, **kwargs)
    if not isinstance(coroutine, CoroutineType):
        return coroutine
    return _named_as(coroutine, _awaiting(start, _Held(coroutine)))


async def _awaiting(start: _Begin, held: _Held) -> Any:
    action = start()
    if action is None:
        return await held.coroutine
    token = current.set(action.scope)
    try:
        result = await held.coroutine
    except BaseException as error:
        leave(token)
        action.raised(error)
        raise
    leave(token)
    action.returned(result)
    return result


def _iterate(start: _Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
    generator = wrapped(*args, **kwargs)
    return _named_as(generator, _iterating(start, generator))


def _iterating(start: _Begin, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """As ``yield from``, but that the names of the call hold in the generator alone."""
    action = start()
    if action is None:
        return (yield from generator)
    step: Callable[[Any], Any] = generator.send
    given: Any = None
    while True:
        token = current.set(action.scope)
        try:
            item = step(given)
        except StopIteration as stop:
            leave(token)
            action.returned(stop.value)
            return stop.value
        except BaseException as error:
            leave(token)
            action.raised(error)
            raise
        leave(token)
        try:
            given, step = (yield item), generator.send
        except GeneratorExit:
            generator.close()
            action.returned(None)
            raise
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            given, step = error, generator.throw


def _iterate_async(start: _Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
    generator = wrapped(*args, **kwargs)
    return _named_as(generator, _iterating_async(start, generator))


async def _iterating_async(
    start: _Begin, generator: AsyncGenerator[Any, Any]
) -> AsyncGenerator[Any, Any]:
    """As `_iterating`; the language has no ``yield from`` here."""
    action = start()
    step: Callable[[Any], Awaitable[Any]] = generator.asend
    given: Any = None
    scope = current.get() if action is None else action.scope
    while True:
        token = current.set(scope)
        try:
            item = await step(given)
        except StopAsyncIteration:
            leave(token)
            if action is not None:
                action.returned(None)
            return
        except BaseException as error:
            leave(token)
            if action is not None:
                action.raised(error)
            raise
        leave(token)
        try:
            given, step = (yield item), generator.asend
        except GeneratorExit:
            await generator.aclose()
            if action is not None:
                action.returned(None)
            raise
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            given, step = error, generator.athrow


def _named_as(one: Any, other: Any) -> Any:
    """The other, under the name of the one."""
    other.__name__, other.__qualname__ = one.__name__, one.__qualname__
    return other
