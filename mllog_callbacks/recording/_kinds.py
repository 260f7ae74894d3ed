"""Calls of each kind, run within a scope: functions, coroutines, generators and both at once.

What the caller gets is of the kind it would get otherwise, has the same name and does the same.
The names of the scope hold in the call alone: not in what the caller does between its steps.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from types import AsyncGeneratorType, CoroutineType, GeneratorType, MethodType
from typing import TYPE_CHECKING, Any, Final, Protocol

from mllog_callbacks.recording._current import current, leave

if TYPE_CHECKING:
    from mllog_callbacks.recording._context import Scope

__all__ = ["Begin", "Unwatched", "Watched", "carried", "followed", "in_scope", "runner"]


class Watched(Protocol):
    """A call under way; each is over by exactly one of these methods."""

    @property
    def scope(self) -> "Scope | None":
        """What holds in its steps."""

    def returned(self, result: object, /) -> None:
        """It returned, or was exhausted."""

    def raised(self, error: BaseException, /) -> None:
        """It raised; the exception passes."""

    def yielded(self, item: object, /) -> None:
        """It yielded an item, and is not over."""

    def abandoned(self) -> None:
        """Its caller closed the generator, or never awaited the coroutine."""


Begin = Callable[[], Watched | None]
"""Begins a call; None where nothing is to be known of it."""


class Unwatched:
    """A call that runs in a scope, and of which nothing is recorded."""

    __slots__ = ("scope",)

    def __init__(self, scope: "Scope | None") -> None:
        self.scope = scope

    def returned(self, result: object, /) -> None:
        """Nothing."""

    def raised(self, error: BaseException, /) -> None:
        """Nothing."""

    def yielded(self, item: object, /) -> None:
        """Nothing."""

    def abandoned(self) -> None:
        """Nothing."""


_Args = tuple[Any, ...]
_Runner = Callable[[Begin, Any, _Args, dict[str, Any]], Any]


def runner(function: Any) -> _Runner:  # noqa: ANN401 - whatever can be called
    """How a call of this function is run, by its kind."""
    for each in (function, getattr(function, "__call__", None)):  # noqa: B004 - of what kind it is
        if inspect.iscoroutinefunction(each):
            return _call_async
        if inspect.isasyncgenfunction(each):
            return _iterate_async
        if inspect.isgeneratorfunction(each):
            return _iterate
    return _call


def _call(start: Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """A plain call. A coroutine or generator that it returns is the rest of the call."""
    watched = start()
    if watched is None:
        return wrapped(*args, **kwargs)
    token = current.set(watched.scope)
    try:
        result = wrapped(*args, **kwargs)
    except BaseException as error:
        leave(token)
        watched.raised(error)
        raise
    leave(token)
    follow = _LATER.get(type(result))
    if follow is not None:
        return follow(lambda: watched, result)
    watched.returned(result)
    return result


class _Held:
    """A coroutine that is closed, without the warning, where nobody awaits its wrapper."""

    __slots__ = ("coroutine", "unused")

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], unused: Callable[[], None] | None = None
    ) -> None:
        self.coroutine = coroutine
        self.unused = unused

    def __del__(self) -> None:
        self.coroutine.close()
        if self.unused is not None:
            self.unused()


def _call_async(start: Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """A call that is awaited: it begins with its first step."""
    coroutine = wrapped(*args, **kwargs)
    if not isinstance(coroutine, CoroutineType):
        return coroutine
    return _named_as(coroutine, _awaiting(start, _Held(coroutine)))


def followed(watched: Watched, result: object) -> object | None:
    """What is to be returned in the place of a coroutine or generator, so that its end is seen.

    Returns:
        It; None where the result is neither.
    """
    follow = _LATER.get(type(result))
    return None if follow is None else follow(lambda: watched, result)


def _later(start: Begin, coroutine: Any) -> Any:  # noqa: ANN401
    watched = start()
    unused = None if watched is None else watched.abandoned
    return _named_as(coroutine, _awaiting(start, _Held(coroutine, unused)))


async def _awaiting(start: Begin, held: _Held) -> Any:  # noqa: ANN401
    held.unused = None
    watched = start()
    if watched is None:
        return await held.coroutine
    token = current.set(watched.scope)
    try:
        result = await held.coroutine
    except BaseException as error:
        leave(token)
        watched.raised(error)
        raise
    leave(token)
    watched.returned(result)
    return result


def _iterate(start: Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    return _later_generator(start, wrapped(*args, **kwargs))


def _later_generator(start: Begin, generator: Any) -> Any:  # noqa: ANN401
    return _named_as(generator, _iterating(start, generator))


def _iterating(start: Begin, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """As ``yield from``, but that the names of the call hold in the generator alone."""
    watched = start()
    if watched is None:
        return (yield from generator)
    step: Callable[[Any], Any] = generator.send
    given: Any = None
    while True:
        token = current.set(watched.scope)
        try:
            item = step(given)
        except StopIteration as stop:
            leave(token)
            watched.returned(stop.value)
            return stop.value
        except BaseException as error:
            leave(token)
            watched.raised(error)
            raise
        leave(token)
        watched.yielded(item)
        try:
            given, step = (yield item), generator.send
        except GeneratorExit:
            _close(watched, generator)
            raise
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            given, step = error, generator.throw


def _close(watched: Watched, generator: Generator[Any, Any, Any]) -> None:
    try:
        generator.close()
    except BaseException as error:
        watched.raised(error)
        raise
    watched.abandoned()


def _iterate_async(start: Begin, wrapped: Any, args: _Args, kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    return _later_async_generator(start, wrapped(*args, **kwargs))


def _later_async_generator(start: Begin, generator: Any) -> Any:  # noqa: ANN401
    return _named_as(generator, _in_async_generator(start, lambda: generator)())


def _in_async_generator(start: Begin, function: Callable[..., Any]) -> Callable[..., Any]:
    """As `_iterating`; the language has no ``yield from`` here.

    Returns:
        A function that is an asynchronous generator function itself.
    """

    async def generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401
        inner = function(*args, **kwargs)
        watched = start() or Unwatched(current.get())
        step: Callable[[Any], Awaitable[Any]] = inner.asend
        given: Any = None
        while True:
            token = current.set(watched.scope)
            try:
                item = await step(given)
            except StopAsyncIteration:
                leave(token)
                watched.returned(None)
                return
            except BaseException as error:
                leave(token)
                watched.raised(error)
                raise
            leave(token)
            watched.yielded(item)
            try:
                given, step = (yield item), inner.asend
            except GeneratorExit:
                await inner.aclose()
                watched.abandoned()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
                given, step = error, inner.athrow

    return generator


def _named_as(one: Any, other: Any) -> Any:  # noqa: ANN401
    """The other, under the name of the one."""
    other.__name__, other.__qualname__ = one.__name__, one.__qualname__
    return other


def in_scope(function: Any, start: Begin) -> Any:  # noqa: ANN401 - a function of its kind
    """A function of the same kind, named and described as this one, whose calls are watched."""
    run = runner(function)
    if run is _iterate_async:
        return functools.wraps(function)(_in_async_generator(start, function))
    if run is _iterate:

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401
            return (yield from _iterating(start, function(*args, **kwargs)))

        return generator
    if run is _call_async:

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            return await _awaiting(start, _Held(function(*args, **kwargs)))

        return coroutine

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return _call(start, function, args, kwargs)

    return plain


class _Carried(functools.partial[Any]):
    """A function whose calls are watched, which is picklable where the function is.

    `inspect` looks through partials, so that callers who ask whether to await a function, as web
    frameworks do, get the right answer.
    """

    def __get__(self, instance: object, owner: type | None = None) -> Any:  # noqa: ANN401
        return self if instance is None else MethodType(self, instance)


def carried(function: Any, start: Begin) -> Any:  # noqa: ANN401 - a function of its kind
    """As `in_scope`, of a function that may go to another process; as `start` must, too."""
    run = runner(function)
    if run is _iterate_async:  # no pool runs one
        return in_scope(function, start)
    kinds: dict[_Runner, Callable[..., Any]] = {_iterate: _generator, _call_async: _coroutine}
    made = _Carried(kinds.get(run, _plain), start, function)
    functools.update_wrapper(made, function)
    return made


def _plain(start: Begin, function: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    return _call(start, function, args, kwargs)


async def _coroutine(start: Begin, function: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    return await _awaiting(start, _Held(function(*args, **kwargs)))


def _generator(start: Begin, function: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    return (yield from _iterating(start, function(*args, **kwargs)))


_LATER: Final[dict[type, Callable[[Begin, Any], Any]]] = {
    CoroutineType: _later,
    GeneratorType: _later_generator,
    AsyncGeneratorType: _later_async_generator,
}
