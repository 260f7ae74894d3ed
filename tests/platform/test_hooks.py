"""Hooks leave every kind of callable as it is, and record each call once."""

import asyncio
import copy
import functools
import inspect
import pickle
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import hookables
from hookables import METHODS, SHOWN, Corner, Kiosk, Shop
from mllog_callbacks import AuditLog
from mllog_callbacks.platform import Attachment, attach
from mllog_callbacks.recording import current
from recorded import Entries


@pytest.fixture
def attached(log: AuditLog) -> Iterator[Attachment]:
    """Hooks on all methods of `Shop`, and on the function."""
    shop = attach(Shop, dict.fromkeys(METHODS, SHOWN), log)
    with shop + attach(hookables, {"function": SHOWN}, log) as both:
        yield both
    assert not hasattr(vars(Shop)["plain"], "__wrapped__")


async def listed(items: Any) -> list[Any]:
    """The items of an asynchronous iterator."""
    return [each async for each in items]


def delegated(shop: Shop) -> Iterator[Any]:
    """What a generator yields, and returns."""
    yield (yield from shop.generator(2))


def closed_early(shop: Shop) -> list[Any]:
    """What is left of a generator that was closed."""
    generator = shop.generator(3)
    began = next(generator)
    generator.close()
    return [began, *generator]


def talked(generator: Any) -> list[Any]:
    """A conversation with a generator: send, throw, and the value it returns."""
    said = [next(generator), generator.send(7), next(generator), generator.throw(KeyError("x"))]
    with pytest.raises(StopIteration) as stop:
        next(generator)
    return [*said, stop.value.value]


async def talked_later(generator: Any) -> list[Any]:
    """The same with an asynchronous one."""
    said = [await anext(generator), await generator.asend(7), await anext(generator)]
    return [*said, await generator.athrow(KeyError("x")), [each async for each in generator]]


USES: dict[str, Callable[[Shop], Any]] = {
    "positions": lambda shop: shop.plain(1, 2, 3, 4, third=5, more=6),
    "defaults": lambda shop: shop.plain(1),
    "by class": lambda shop: type(shop).plain(shop, 1, second=4),
    "static": lambda shop: (shop.static(1), type(shop).static(first=2)),
    "class": lambda shop: (shop.of_class(1), type(shop).of_class(2)),
    "property": lambda shop: [shop.computed, vars(shop).update(name="new"), shop.computed],
    "cached property": lambda shop: shop.once is shop.once,
    "coroutine": lambda shop: asyncio.run(shop.asynchronous(3)),
    "generator": lambda shop: list(shop.generator(3)),
    "conversation": lambda shop: talked(shop.generator(3)),
    "yield from": lambda shop: list(delegated(shop)),
    "closed": closed_early,
    "async generator": lambda shop: asyncio.run(listed(shop.async_generator(3))),
    "async conversation": lambda shop: asyncio.run(talked_later(shop.async_generator(3))),
    "partial": lambda shop: (shop.partial(), shop.partial(1)),
    "dispatched": lambda shop: (shop.dispatched(1), shop.dispatched("a")),
    "super": lambda shop: shop.left_open(1),
    "function": lambda _: (hookables.function(1), hookables.function(first=1, second=3)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("kind", [Corner, Kiosk])
def test_results_are_the_same(
    log: AuditLog, entries: Entries, kind: Callable[[str], Shop], use: Callable[[Shop], Any]
) -> None:
    """Of each kind of callable, in each way of calling it, also in subclasses."""
    bare = use(kind("a"))
    with (
        attach(Shop, dict.fromkeys(METHODS, SHOWN), log),
        attach(hookables, {"function": SHOWN}, log),
    ):
        assert use(kind("a")) == bare
    found = entries()
    assert found
    given_up = {"ISSUE_DETECTED"} if use is closed_early else set()  # it was not exhausted
    assert {each.event for each in found} == (given_up or {"MODEL_SAVED"})
    assert current.get() is None


RAISING: dict[str, Callable[[Shop], Any]] = {
    "its own": lambda shop: shop.plain(-1),
    "too few arguments": lambda shop: shop.plain(),  # type: ignore[call-arg]
    "unknown argument": lambda shop: shop.static(second=1),  # type: ignore[call-arg]
    "coroutine": lambda shop: asyncio.run(shop.asynchronous(-1)),
    "coroutine's arguments": lambda shop: shop.asynchronous(),  # type: ignore[call-arg]
    "generator's arguments": lambda shop: shop.generator(),  # type: ignore[call-arg]
    "within a generator": lambda shop: list(shop.generator("x")),  # type: ignore[arg-type]
    "thrown": lambda shop: next(shop.generator(3)) or shop.generator(3).throw(OSError("x")),
    "async generator": lambda shop: asyncio.run(listed(shop.async_generator("x"))),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("use", RAISING.values(), ids=RAISING)
def test_exceptions_are_the_same(log: AuditLog, use: Callable[[Shop], Any]) -> None:
    """At the same moment, with the same type, message and context."""
    with pytest.raises(Exception) as bare:  # noqa: PT011 - whichever it is
        use(Kiosk())
    with (
        attach(Shop, dict.fromkeys(METHODS, SHOWN), log),
        pytest.raises(bare.type) as hooked,
    ):
        use(Kiosk())
    assert str(hooked.value) == str(bare.value)
    assert type(hooked.value.__context__) is type(bare.value.__context__)
    assert hooked.value.__cause__ is bare.value.__cause__


def _described(name: str) -> list[object]:
    """How a method describes itself, asked of the class and of an object."""
    static = inspect.getattr_static(Shop, name)
    found: list[object] = [isinstance(static, kind) for kind in (staticmethod, classmethod)]
    found += [isinstance(static, property), isinstance(static, functools.cached_property)]
    for each in (getattr(Shop, name), None if found[3] else getattr(Kiosk(), name)):
        found += [getattr(each, part, None) for part in ("__name__", "__qualname__", "__doc__")]
        found += [getattr(each, part, None) for part in ("__module__", "__defaults__")]
        found += [getattr(each, part, None) for part in ("__annotations__", "__kwdefaults__")]
        found += [inspect.isroutine(each), inspect.ismethod(each), inspect.isfunction(each)]
        found += [inspect.iscoroutinefunction(each), inspect.isgeneratorfunction(each)]
        found += [inspect.isasyncgenfunction(each), getattr(each, "__isabstractmethod__", False)]
        if callable(each):
            found.append(str(inspect.signature(each)))
        if inspect.isfunction(each) or inspect.ismethod(each):
            found.append(inspect.getsource(each))
    return found


# wrapt's proxies have a __get__, by which `inspect.isroutine` takes a partial for a routine
@pytest.mark.parametrize("name", sorted({*METHODS} - {"dispatched", "partial"}))
def test_descriptions_are_the_same(log: AuditLog, name: str) -> None:
    """Name, documentation, signature, source and kind."""
    bare = _described(name)
    with attach(Shop, {name: SHOWN}, log):
        assert _described(name) == bare


def test_what_calls_return_is_of_its_kind(attached: Attachment) -> None:
    """Real generators and coroutines, under the names of the functions."""
    del attached
    shop = Kiosk()
    generator, later = shop.generator(1), shop.async_generator(1)
    coroutine = shop.asynchronous(1)
    assert type(generator) is types.GeneratorType
    assert type(later) is types.AsyncGeneratorType
    assert type(coroutine) is types.CoroutineType
    assert generator.__qualname__ == "Shop.generator"
    assert inspect.getgeneratorstate(generator) == "GEN_CREATED"
    coroutine.close()


def test_what_nobody_awaits_is_warned_of_once(attached: Attachment, entries: Entries) -> None:
    """As without hooks; and no entry records what never began."""
    del attached
    with warnings.catch_warnings(record=True) as recorded:
        warnings.simplefilter("always")
        Kiosk().asynchronous(1)  # type: ignore[unused-coroutine]  # on purpose
        Kiosk().generator(1)
    assert [str(each.message) for each in recorded] == [
        "coroutine 'Shop.asynchronous' was never awaited"
    ]
    assert entries() == []


@pytest.mark.parametrize(
    "get",
    [
        lambda shop: shop.plain,
        lambda shop: shop.static,
        lambda shop: shop.of_class,
        lambda _: Shop.plain,
        lambda _: Shop.of_class,
        lambda _: hookables.function,
        lambda shop: shop,
    ],
)
def test_copies_and_pickles_are_those_of_functions(
    attached: Attachment, get: Callable[[Shop], Any]
) -> None:
    """Where they are loaded, what stands under the name there is what they are."""
    taken = get(Kiosk("a"))
    pickled = pickle.dumps(taken)
    copies = [copy.copy(taken), copy.deepcopy(taken), pickle.loads(pickled)]
    assert b"mllog" not in pickled
    attached.detach()
    for again in (*copies, pickle.loads(pickled)):
        assert _identity(again) == _identity(taken)
    assert pickle.loads(pickle.dumps(get(Kiosk("a")))) is not None


def _identity(taken: Any) -> tuple[object, ...]:
    """What a function is, and of what; bound methods of equal objects are not equal."""
    if isinstance(taken, Shop):
        return (taken,)
    return taken.__module__, taken.__qualname__, getattr(taken, "__self__", None)


def test_a_function_that_is_not_found_cannot_be_pickled(log: AuditLog) -> None:
    """As without hooks."""
    place = types.ModuleType("place")
    place.inner = lambda: 1  # type: ignore[attr-defined]
    with (
        attach(place, {"inner": SHOWN}, log),
        pytest.raises(pickle.PicklingError, match="not found"),
    ):
        pickle.dumps(place.inner)


def test_methods_asked_of_the_class_are_the_same_object(attached: Attachment) -> None:
    """So that whether a subclass overrides one can be asked as ever."""
    del attached
    assert Shop.plain is Shop.plain
    assert Kiosk.generator is Shop.generator
    assert Corner.plain is not Shop.plain
