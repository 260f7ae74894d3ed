"""Waking the drainer: by a call that keeps the interpreter's lock, or as a socket does it."""

import socket
import sys

import pytest

from mllog_callbacks.sinks.spool import _helper as helper

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a spool needs Linux")


@pytest.mark.parametrize("with_ctypes", [True, False])
def test_a_byte_arrives_and_a_full_socket_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, *, with_ctypes: bool
) -> None:
    """Some builds of Python have no ctypes."""
    if not with_ctypes:
        monkeypatch.setitem(sys.modules, "ctypes", None)
    send = helper._send.__wrapped__()  # noqa: SLF001 - not the one that this process uses
    ours, theirs = socket.socketpair()
    flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
    with theirs:
        with ours:
            send(ours, b"\0", 1, flags)
            assert theirs.recv(10) == b"\0"
            for _ in range(100_000):  # more than it holds
                try:
                    if send(ours, b"\0", 1, flags) != 1:
                        break
                except BlockingIOError:
                    break
            else:
                pytest.fail("it took all")
        try:
            assert send(ours, b"\0", 1, flags) == -1  # it is closed
        except OSError:
            assert not with_ctypes
