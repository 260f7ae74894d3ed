"""Hooks leave every kind of callable as it is, and tell of each call once."""

import asyncio
import copy
import functools
import inspect
import pickle
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

import hookables
from hookables import Corner, Kiosk, Shop
from mllog_callbacks import AuditLog, HookError, LogEntry, audit_context, get_log
from mllog_callbacks.context import current
from mllog_callbacks.platform import Attachment, Call, Hook, Rule, Told, attach, carry_through

Entries = Callable[[], list[LogEntry]]
METHODS = [name for name, each in vars(Shop).items() if not name.startswith("_") and each]


def shown(call: Call) -> Told:
    """What a call was given, and what came of it."""
    return Told(call.name, repr(call.result), {"given": sorted(call.given)})


SHOWN = Hook(Rule("MODEL_SAVED", shown))


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
    assert {each.event for each in found} == {"MODEL_SAVED"}
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
    """As without hooks; and no entry tells of what never began."""
    del attached
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Kiosk().asynchronous(1)  # type: ignore[unused-coroutine]  # on purpose
        Kiosk().generator(1)
    assert [str(each.message) for each in told] == [
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


def test_detaching_restores_exactly(log: AuditLog) -> None:
    """The same objects in the same order; what was inherited is inherited again."""
    before = {kind: list(vars(kind).items()) for kind in (Shop, Kiosk)}
    first = attach(Shop, dict.fromkeys(METHODS, SHOWN), log)
    again = attach(Shop, dict.fromkeys(METHODS, SHOWN), log)
    kiosk = attach(Kiosk, {"left_open": SHOWN}, log)
    assert again.names == ()
    again.detach()
    assert vars(Shop)["plain"] is not dict(before[Shop])["plain"]
    kiosk.detach()
    first.detach()
    first.detach()
    for kind, items in before.items():
        assert [name for name, _ in items] == list(vars(kind))
        assert all(vars(kind)[name] is value for name, value in items)


def test_what_somebody_put_over_a_hook_stays(log: AuditLog, entries: Entries) -> None:
    """Detached, the hook below is silent."""

    class Owned:
        def act(self) -> int:
            return 1

    attachment = attach(Owned, {"act": SHOWN}, log)
    below = Owned.act
    Owned.act = lambda self: below(self) + 1  # type: ignore[method-assign]
    attachment.detach()
    assert Owned().act() == 2
    assert entries() == []


def test_attaching_twice_tells_once(log: AuditLog, entries: Entries) -> None:
    """It is harmless."""
    with attach(Shop, {"static": SHOWN}, log), attach(Shop, {"static": SHOWN}, log):
        Shop.static(1)
    assert len(entries()) == 1


@pytest.mark.parametrize(
    ("target", "name", "message"),
    [
        (Shop, "nothing", "Shop has no 'nothing'"),
        (Shop, "__module__", "'hookables' is no function"),
        (hookables, "Shop", "is no function"),
        (dict, "get", "dict.get cannot be hooked"),
        (Kiosk(), "plain", "attach to its type"),
    ],
)
def test_what_cannot_be_hooked_is_a_clear_error(target: Any, name: str, message: str) -> None:
    """And nothing is attached then."""
    with pytest.raises(HookError, match=message):
        attach(target, {"plain" if target is Shop else name: SHOWN, name: SHOWN})
    assert not hasattr(vars(Shop)["plain"], "__wrapped__")


def test_an_overridden_method_tells_once_with_its_super(log: AuditLog, entries: Entries) -> None:
    """By the outermost, which is what was called."""
    with attach(Shop, {"plain": SHOWN}, log), attach(Corner, {"plain": SHOWN}, log):
        Kiosk().plain(1)
        Shop.plain(Kiosk(), 1)
    assert [each.decision for each in entries()] == ["Corner.plain", "Shop.plain"]


def _failing(call: Call) -> Any:
    raise ZeroDivisionError(call.name)


@pytest.mark.production_guards
@pytest.mark.parametrize(
    "hook",
    [
        Hook(Rule("MODEL_SAVED", _failing), Rule("MODEL_SAVED", shown)),
        Hook(Rule("MODEL_SAVED", _failing, "call"), Rule("MODEL_SAVED", shown)),
        Hook(Rule("MODEL_SAVED", shown), dataset=_failing),
    ],
)
def test_what_a_failing_rule_does_reaches_nobody(
    log: AuditLog, entries: Entries, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    """It is reported; the other rules are told."""
    with attach(Shop, {"static": hook}, log):
        assert Shop.static(1) == 1
    assert [each.decision for each in entries()] == ["Shop.static"]
    assert all("Shop.static" in each for each in caplog.messages)


@pytest.mark.production_guards
def test_a_log_that_cannot_be_opened_reaches_nobody(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "file"))
    monkeypatch.setattr("mllog_callbacks.log._default", None)
    with pytest.raises(OSError, match="file"):
        get_log()
    with attach(Shop, {"static": SHOWN}):
        assert [Shop.static(1), Shop.static(2)] == [1, 2]
    assert len(caplog.messages) == 1


def test_names_hold_in_nested_calls_and_between_the_steps_of_a_generator(
    log: AuditLog, entries: Entries
) -> None:
    """In the generator alone, not in who iterates."""
    named = Hook(Rule("MODEL_SAVED", shown), dataset=lambda call: f"d{call.given['first']}")

    class Nested:
        def items(self, first: int) -> Iterator[int]:
            for number in range(first):
                log.emit("TRAINING_PROGRESS")
                yield number

    with attach(Nested, {"items": named}, log):
        for _ in zip(Nested().items(2), Nested().items(3), strict=False):
            log.emit("MODEL_EVALUATED")
    found = [(each.event.partition("_")[2], each.dataset) for each in entries()]
    assert found[:6] == [
        ("PROGRESS", "d2"),
        ("PROGRESS", "d3"),
        ("EVALUATED", None),
        ("PROGRESS", "d2"),
        ("PROGRESS", "d3"),
        ("EVALUATED", None),
    ]
    assert sorted(found[6:]) == [("SAVED", "d2"), ("SAVED", "d3")]


@pytest.mark.parametrize("attach_twice", [False, True])
def test_an_executor_carries_the_names_of_who_submits(
    log: AuditLog, entries: Entries, *, attach_twice: bool
) -> None:
    """This executor alone, until detached; its results and exceptions are its own."""
    with ThreadPoolExecutor(1) as pool:
        before = dict(vars(pool))
        attachment = carry_through(pool)
        if attach_twice:
            carry_through(pool)
        with audit_context(dataset="a"):
            assert isinstance(pool.submit(log.emit, "MODEL_SAVED"), Future)
            list(pool.map(log.emit, ["MODEL_SAVED"]))
            asyncio.run(_in_executor(pool, log))
        pool.submit(log.emit, "MODEL_SAVED")
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        attachment.detach()
        assert vars(pool) == before
    assert [each.dataset for each in entries()] == ["a", "a", "a", None]


async def _in_executor(pool: Executor, log: AuditLog) -> None:
    await asyncio.get_running_loop().run_in_executor(pool, log.emit, "MODEL_SAVED")


def test_calls_in_many_threads_keep_their_own_names(log: AuditLog, entries: Entries) -> None:
    """Whatever runs beside them."""
    named = Hook(Rule("MODEL_SAVED", shown), dataset=lambda call: str(call.given["first"]))
    barrier = threading.Barrier(8)

    def many(first: int) -> None:
        barrier.wait()
        for _ in range(50):
            assert hookables.function(first) == first + 2

    with attach(hookables, {"function": named}, log):
        threads = [threading.Thread(target=many, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = entries()
    assert len(found) == 400
    assert all(each.reasoning == str(int(str(each.dataset)) + 2) for each in found)
