"""Attaching and detaching hooks, what they record once, and the names that hold within calls."""

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

import hookables
from hookables import METHODS, SHOWN, Corner, Kiosk, Shop, shown
from mllog_callbacks import AuditLog, HookError, audit_context, get_log
from mllog_callbacks.platform import Call, Hook, Rule, adapt, attach, carry_through
from recorded import Entries


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


def test_attaching_twice_records_once(log: AuditLog, entries: Entries) -> None:
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


def test_an_overridden_method_records_once_with_its_super(log: AuditLog, entries: Entries) -> None:
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
    """It is reported; the other rules are recorded."""
    with attach(Shop, {"static": hook}, log):
        assert Shop.static(1) == 1
    assert [each.decision for each in entries()] == ["Shop.static"]
    assert all("Shop.static" in each for each in caplog.messages)


@pytest.mark.production_guards
def test_a_log_that_cannot_be_opened_reaches_nobody(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is recorded once."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "file"))
    monkeypatch.setattr("mllog_callbacks.recording._log._default", None)
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
    assert sorted(found[6:]) == [("DETECTED", "d3"), ("SAVED", "d2")]  # one was given up


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


def test_an_adapter_on_a_function_is_no_hook(log: AuditLog, entries: Entries) -> None:
    """So that it can be hooked as well; both come off."""

    class Framework:
        def fit(self, callbacks: list[str] | None = None) -> list[str]:
            return callbacks or []

    before = vars(Framework)["fit"]
    with adapt(Framework, "fit", callbacks=lambda: "added"):
        for _ in range(2):
            with attach(Framework, {"fit": SHOWN}, log):
                assert Framework().fit() == ["added"]
    assert vars(Framework)["fit"] is before
    both = attach(Framework, {"fit": SHOWN}, log) + adapt(
        Framework, "fit", result=lambda found: [*found, "passed"]
    )
    assert Framework().fit() == ["passed"]
    both.detach()
    assert vars(Framework)["fit"] is before
    assert len(entries()) == 3


def test_a_coroutine_may_be_resumed_in_another_context(log: AuditLog, entries: Entries) -> None:
    """As some frameworks do; nobody's names are left behind."""

    class Steps:
        async def act(self) -> int:
            await asyncio.sleep(0)
            return 1

    with attach(Steps, {"act": SHOWN}, log):
        coroutine = Steps().act()
        contextvars.Context().run(coroutine.send, None)
        with pytest.raises(StopIteration) as stop:
            contextvars.Context().run(coroutine.send, None)
    assert stop.value.value == 1
    assert len(entries()) == 1
