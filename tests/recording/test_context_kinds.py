"""Helpers keep the kind of a callable, and its context holds across its steps."""

import asyncio
import functools
import inspect
import pickle
import threading
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mllog_callbacks import AuditLog, audit_context, carry_context
from mllog_callbacks.recording import current
from recorded import Entries


def plain(log: AuditLog, more: int = 1) -> int:
    """A function."""
    log.emit("MODEL_SAVED")
    return more


async def later(log: AuditLog, more: int = 1) -> int:
    """A coroutine function."""
    log.emit("MODEL_SAVED")
    await asyncio.sleep(0)
    log.emit("MODEL_SAVED")
    return more


def steps(log: AuditLog, more: int = 1) -> Generator[int, None, int]:
    """A generator function."""
    for each in range(2):
        log.emit("MODEL_SAVED")
        yield each
    log.emit("MODEL_SAVED")
    return more


async def steps_later(log: AuditLog, more: int = 1) -> AsyncIterator[int]:
    """An asynchronous generator function."""
    for each in range(2):
        log.emit("MODEL_SAVED")
        yield each + more


async def collected(items: Any) -> list[Any]:
    """All items."""
    return [each async for each in items]


def run(function: Any, log: AuditLog) -> Any:
    """Call it, to its end, as one calls its kind."""
    made = function(log)
    if inspect.iscoroutine(made):
        return asyncio.run(made)
    if inspect.isasyncgen(made):
        return asyncio.run(collected(made))
    return list(made) if inspect.isgenerator(made) else made


KINDS = [plain, later, steps, steps_later]
ASKED = [
    *(inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction),
    *(inspect.signature, inspect.getdoc, lambda each: each.__name__, lambda each: each.__module__),
]


@pytest.mark.parametrize("function", KINDS)
def test_helpers_keep_the_kind(log: AuditLog, entries: Entries, function: Any) -> None:
    """And names, signature and documentation; the names hold in each step, and nowhere else."""
    with audit_context(dataset="carried"):
        carried = carry_context(function)
    decorated = audit_context(dataset="decorated")(function)
    for each in (carried, decorated):
        assert [ask(each) for ask in ASKED] == [ask(function) for ask in ASKED]
        assert run(each, log) == run(function, log)
        assert current.get() is None
    names = {each.dataset for each in entries()}
    assert names == {"carried", "decorated", None}
    of_each = [sum(each.dataset == name for each in entries()) for name in names]
    assert of_each.count(of_each[0]) >= 1
    assert sum(each.dataset == "carried" for each in entries()) == {
        "plain": 1, "later": 2, "steps": 3, "steps_later": 2,
    }[function.__name__]  # fmt: skip


def test_names_do_not_hold_between_the_steps_of_a_generator(
    log: AuditLog, entries: Entries
) -> None:
    """In who iterates it."""
    with audit_context(dataset="inner"):
        carried = carry_context(steps)
    for _ in carried(log):
        log.emit("MODEL_EVALUATED")
    assert [each.dataset for each in entries() if each.event == "MODEL_EVALUATED"] == [None, None]


def test_a_plain_function_may_return_a_coroutine(log: AuditLog, entries: Entries) -> None:
    """Its body is a part of the call; so in `functools.partial`, and of a bound method."""

    class Service:
        async def work(self) -> None:
            log.emit("MODEL_SAVED")

    with audit_context(dataset="churn"):
        made = [
            carry_context(lambda: later(log)),
            carry_context(functools.partial(later, log)),
            carry_context(Service().work),
        ]
    for each in made:
        asyncio.run(each())
    assert {each.dataset for each in entries()} == {"churn"}


def test_what_is_carried_is_picklable_where_the_function_is() -> None:
    """For pools of processes."""
    for function in (plain, later, steps):
        carried = pickle.loads(pickle.dumps(carry_context(function)))
        assert inspect.iscoroutinefunction(carried) == inspect.iscoroutinefunction(function)


def test_a_decorated_method_stays_one(log: AuditLog, entries: Entries) -> None:
    """Of each kind."""

    class Trainer:
        @audit_context(dataset="churn")
        async def train(self, more: int) -> int:
            log.emit("MODEL_SAVED")
            return more

    assert asyncio.run(Trainer().train(3)) == 3
    assert [each.dataset for each in entries()] == ["churn"]


def test_one_context_may_be_used_again_nested_and_by_threads(
    log: AuditLog, entries: Entries
) -> None:
    """Each block has its own end."""
    context = audit_context(dataset="a")
    barrier = threading.Barrier(2)

    def work() -> None:
        with context:
            barrier.wait(20)
            log.emit("MODEL_SAVED")
        log.emit("MODEL_EVALUATED")

    with context, audit_context(model="m"), context:
        log.emit("MODEL_SAVED")
    log.emit("MODEL_EVALUATED")
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(work) for _ in range(2)]:
            each.result()
    assert {(str(each.event), each.dataset) for each in entries()} == {
        ("MODEL_SAVED", "a"),
        ("MODEL_EVALUATED", None),
    }
