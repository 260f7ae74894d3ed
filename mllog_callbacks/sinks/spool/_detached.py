"""Starting a process that is nobody's child here: no `wait` returns it, and it sends no SIGCHLD.

The process is started by another one, which ends at once and leaves it to whoever adopts orphans.
That one in between is made by `clone` without a signal at its end: Linux shows such a child only
to who waits for it with ``__WCLONE``. It shares this process's memory, as that of `posix_spawn`
does, while the calling thread is suspended, so that it costs the same however large a training is.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

__all__ = ["run_detached"]

_SHARING: Final = 0x100 | 0x4000  # CLONE_VM and CLONE_VFORK
_CLONED: Final = -0x80000000  # __WCLONE
_STACK: Final = 512 * 1024
_FUNCTION: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


def run_detached(start: Callable[[], object]) -> None:
    """Call a function that starts a process, in a child that ends with it.

    Args:
        start: It does little: this thread is suspended meanwhile.

    Raises:
        OSError: It failed, or there can be no such child here.
    """
    # From 3.14 on, Python takes another stack than its thread's for an overflow
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 14):
        raise OSError(38, "no clone for this Python")
    failure: list[BaseException] = []

    def child(_: object) -> int:
        try:
            start()
        except BaseException as error:  # noqa: BLE001 - nothing may unwind beyond this stack
            failure.append(error)
        return 0

    # `PyDLL` keeps the interpreter's lock: in the child, it is this thread that holds it
    libc = ctypes.PyDLL(None, use_errno=True)
    stack = ctypes.create_string_buffer(_STACK)
    top = ctypes.c_void_p((ctypes.addressof(stack) + _STACK) & ~15)
    function, status = _FUNCTION(child), ctypes.c_int()
    blocked = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        pid = libc.clone(function, top, _SHARING, None)
        number = ctypes.get_errno()
        if pid > 0:
            libc.waitpid(pid, ctypes.byref(status), _CLONED)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    if pid < 0:
        raise OSError(number, os.strerror(number))
    if failure or status.value:
        raise OSError(5, "a process could not be started") from (failure[0] if failure else None)
