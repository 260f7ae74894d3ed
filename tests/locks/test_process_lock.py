"""A lock of the process: held by another thread at a fork, it is free in the child."""

import os
import threading

import pytest

from mllog_callbacks.locks import ProcessLock


def test_a_thread_may_take_it_twice() -> None:
    """As a finaliser does, in a thread that holds it."""
    lock = ProcessLock()

    with lock, lock:
        pass
    with lock:
        pass


def test_it_keeps_other_threads_out() -> None:
    """Until it is released."""
    lock, order = ProcessLock(), list[str]()

    def other() -> None:
        with lock:
            order.append("other")

    with lock:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()

    assert order == ["first", "other"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_while_another_thread_holds_it_can_take_it() -> None:
    """The thread that would release it does not exist there."""
    lock, held, done = ProcessLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        threading.Timer(10, os._exit, (1,)).start()
        with lock:
            os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    done.set()
    thread.join()

    assert status == 0
