"""The files that models are saved to: their size, hash and format, for whoever holds one later.

A small file is hashed at once. A large one is hashed by a thread beside the training, and another
entry completes the one that its saving made.
"""

import atexit
import os
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

from mllog_callbacks.files import digest_of, size_of
from mllog_callbacks.recording import guarded

__all__ = ["SMALL", "hash_later", "hashing", "turn", "with_file"]

SMALL: Final = 1 << 20
"""Bytes that are hashed in less than a millisecond."""

_EXIT_S: Final = 1.0
"""Seconds that the exit of the process waits at most for what is being hashed."""

_PENDING: Final = "it is being computed; another entry completes this one"
_ENDED: Final = "the process ended before it was computed"
_CHANGED: Final = "the file was changed or replaced before it was computed"
_GONE: Final = "the file was deleted before it was computed"

_FORMATS: Final = (
    (b"tree\n", "LightGBM text"),
    (b"CBM1", "CatBoost binary"),
    (b'{"learner"', "XGBoost JSON"),
    (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "XGBoost UBJSON"),
    (b"PK\x03\x04", "zip archive"),
    (b"\x89HDF", "HDF5"),
)
"""How files of known formats begin."""

_PICKLE: Final = b"\x80"
_SAFETENSORS: Final = slice(8, 10)

hashing: set[threading.Thread] = set()
"""The threads that hash a file, or wait for their turn."""

turn = threading.Lock()
"""Held by the one that hashes."""

_over = threading.Event()


def with_file(saved: Mapping[str, Any]) -> tuple[dict[str, object], bool]:
    """What is known of a saved file, with its size, hash and format.

    Args:
        saved: The facts that an adapter has, ``path`` among them.

    Returns:
        The facts, and whether `hash_later` is to complete them.
    """
    facts = {name: each for name, each in saved.items() if each is not None}
    if "not_known" in facts:
        return facts, False
    path = str(facts.get("path"))
    try:
        size = size_of(path)
        if size is None:
            return facts, False
        facts = {"bytes": size, **facts, "format": facts.get("format") or _format(path)}
        facts = {name: each for name, each in facts.items() if each is not None}
        if size <= SMALL:
            return {**facts, "sha256": digest_of(path)}, False
    except OSError as error:
        return {**facts, "not_known": {"sha256": error.strerror or str(error)}}, False
    return {**facts, "not_known": {"sha256": _PENDING}}, True


def hash_later(
    facts: Mapping[str, object], complete: Callable[[dict[str, object]], object]
) -> None:
    """Have a thread hash a file.

    Args:
        facts: What `with_file` returned.
        complete: Called with all facts, once the hash is known or it is known why it is not.
    """
    path = os.path.abspath(str(facts["path"]))  # noqa: PTH100 - a text
    known = {name: each for name, each in facts.items() if name != "not_known"}
    try:
        before = _state(path)
    except OSError:
        before = None

    def work() -> None:
        try:
            guarded(complete)({**known, **_hashed(path, before)})
        finally:
            hashing.discard(threading.current_thread())

    thread = threading.Thread(target=work, name="mllog-hash", daemon=True)
    try:
        hashing.add(thread)
        thread.start()
    except RuntimeError:  # no more threads, or the interpreter shuts down
        hashing.discard(thread)
        complete({**known, "not_known": {"sha256": _ENDED}})


def _hashed(path: str, before: object) -> dict[str, object]:
    try:
        with turn:
            if _over.is_set():
                return {"not_known": {"sha256": _ENDED}}
            digest = digest_of(path)
        if _state(path) != before:
            return {"not_known": {"sha256": _CHANGED}}
    except FileNotFoundError:
        return {"not_known": {"sha256": _GONE}}
    except OSError as error:
        return {"not_known": {"sha256": error.strerror or str(error)}}
    return {"sha256": digest}


def _state(path: str) -> object:
    """What is another as soon as a file or a folder is written anew."""
    status = os.stat(path)  # noqa: PTH116 - a text
    return status.st_ino, status.st_mtime_ns, size_of(path)


def _format(path: str) -> str | None:
    """The format of a file, by how it begins."""
    if os.path.isdir(path):  # noqa: PTH112 - a text
        return "folder"
    with open(path, "rb") as stream:  # noqa: PTH123 - a text
        begin = stream.read(32)
    if begin[:1] == _PICKLE and 2 <= begin[1] <= 5:  # noqa: PLR2004 - its protocols
        return f"pickle, protocol {begin[1]}"
    if begin[_SAFETENSORS] == b'{"':
        return "safetensors"
    return next((name for mark, name in _FORMATS if begin.startswith(mark)), None)


@atexit.register
def _finish() -> None:
    """Give what is being hashed a moment; nothing begins to be hashed after that."""
    deadline = monotonic() + _EXIT_S
    for thread in list(hashing):
        thread.join(max(0.0, deadline - monotonic()))
    _over.set()


def _forget() -> None:
    global turn  # noqa: PLW0603 - another thread may have held it at the fork
    turn = threading.Lock()
    hashing.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
