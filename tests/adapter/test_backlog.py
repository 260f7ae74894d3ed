"""A backlog takes up each item once and in order, beside the caller or at once."""

import gc
import os
import threading
import time
import weakref
from typing import Any

import pytest

from mllog_callbacks import Backlog


def wait_for(found: list[Any], count: int) -> None:
    """Wait until as many were taken up."""
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        time.sleep(0.005)


def test_items_are_taken_up_in_order_by_one_thread_beside() -> None:
    """Once each, none by the thread that adds."""
    taken: list[tuple[int, str]] = []
    backlog = Backlog[int](
        lambda items: taken.extend((item, threading.current_thread().name) for item in items)
    )
    for item in range(1_000):
        backlog.add(item)
        if item % 300 == 0:
            time.sleep(0.05)
    wait_for(taken, 1_000)
    assert [item for item, _ in taken] == list(range(1_000))
    assert {name for _, name in taken} == {"mllog-backlog"}


def test_clear_takes_up_all_that_waits_now() -> None:
    """And waits for what the other thread is at: nothing is left, nothing out of order."""
    taken: list[int] = []

    def slow(items: list[int]) -> None:
        time.sleep(0.002 * len(items))
        taken.extend(items)

    backlog = Backlog[int](slow)
    for item in range(60):
        backlog.add(item)
        if item == 20:
            time.sleep(0.05)  # let the thread begin
    backlog.clear()
    assert taken == list(range(60))


def test_items_added_by_an_item_are_taken_up_after_it() -> None:
    """Also where it asks for all to be taken up: what it is at comes first."""
    taken: list[str] = []

    def take(items: list[str]) -> None:
        if "first" in items:
            backlog.add("from within")
            backlog.clear()
        taken.extend(items)

    backlog = Backlog[str](take)
    backlog.add("first")
    backlog.add("second")
    backlog.clear()
    assert taken == ["first", "second", "from within"]


def test_many_backlogs_at_once_each_keep_their_order() -> None:
    """From many threads; each is served."""
    taken: dict[int, list[int]] = {}

    def work(number: int) -> None:
        mine = taken[number] = []
        backlog = Backlog[int](mine.extend)
        for item in range(2_000):
            backlog.add(item)
        if number % 2:
            backlog.clear()
        else:
            wait_for(mine, 2_000)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == list(range(2_000)) for mine in taken.values())


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the items are taken up by the thread that adds."""
    monkeypatch.setattr("mllog_callbacks.adapter._deferred._PAUSE_S", 0.5)
    monkeypatch.setattr("mllog_callbacks.adapter._deferred._MOST", 10)
    taken: list[int] = []
    backlog = Backlog[int](taken.extend)
    for item in range(25):
        backlog.add(item)
    assert len(taken) >= 14
    backlog.clear()
    assert taken == list(range(25))


def test_without_a_thread_items_are_taken_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the limit of threads, or while the interpreter shuts down."""

    def refuse(_thread: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    monkeypatch.setattr("mllog_callbacks.adapter._deferred._thread", None)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    taken: list[int] = []
    backlog = Backlog[int](taken.extend)
    for item in range(5):
        backlog.add(item)
    backlog.clear()
    assert taken == list(range(5))


def test_nothing_keeps_a_backlog_alive_once_it_is_empty() -> None:
    """Nor what its items were."""

    class Item:
        """Something heavy."""

    backlog = Backlog[Item](lambda _item: None)
    item = Item()
    alive: list[weakref.ref[Any]] = [weakref.ref(backlog), weakref.ref(item)]
    backlog.add(item)
    del item
    backlog.clear()
    del backlog
    deadline = time.monotonic() + 20
    while any(each() is not None for each in alive) and time.monotonic() < deadline:
        time.sleep(0.01)
        gc.collect()
    assert [each() for each in alive] == [None, None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process")  # Python's warning about threads at a fork
def test_a_forked_child_begins_anew() -> None:
    """What waited is the parent's to take up; what the child adds is its own."""
    taken: list[int] = []
    backlog = Backlog[int](taken.extend)
    backlog.add(1)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        before = len(taken)
        backlog.add(2)
        wait_for(taken, before + 1)
        os.write(write, repr(taken[before:]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"[2]"
    backlog.clear()
    assert taken == [1]
    os.close(read)
    os.close(write)
