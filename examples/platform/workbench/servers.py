"""The servers that share a store: which of them is alive, by a file that each keeps locked."""

import fcntl
import os
import uuid
import weakref
from pathlib import Path

__all__ = ["Server"]


class Server:
    """This server, as the others see it: the lock goes with its process, however that ends.

    Args:
        folder: Where the store is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "servers"
        self._folder.mkdir(parents=True, exist_ok=True)
        self.id = uuid.uuid4().hex
        lock = os.open(self._path(self.id), os.O_CREAT | os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        weakref.finalize(self, os.close, lock)

    def is_alive(self, server: str | None) -> bool:
        """Whether a server still runs, this one or another."""
        if server == self.id:
            return True
        if server is None or not self._path(server).exists():
            return False
        with self._path(server).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _path(self, server: str) -> Path:
        return self._folder / f"{server}.lock"
