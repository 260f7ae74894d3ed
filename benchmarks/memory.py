"""How much memory a process and all it started have, watched from outside (Linux)."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["MemoryWatch"]

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
_EVERY_S = 0.2


class MemoryWatch(threading.Thread):
    """Looks five times a second, until it is stopped.

    Args:
        pid: The process.

    Attributes:
        most: The most resident memory that it and all it started had at one time, in MB. What
            several of them share counts for each.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self._over = threading.Event()
        self._pid = pid

    def run(self) -> None:
        """Watch."""
        while not self._over.wait(_EVERY_S):
            self.most = max(self.most, sum(map(_resident, _family(self._pid))))

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()
        self.join()


def _family(pid: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdecimal() and (status := _read(each / "stat")):
            parent = int(status.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(each.name))
    found = [pid]
    for member in found:
        yield member
        found += children.get(member, [])


def _resident(pid: int) -> float:
    pages = _read(Path(f"/proc/{pid}/statm")).split()
    return int(pages[1]) * _PAGE_MB if pages else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:  # it has just ended
        return ""
