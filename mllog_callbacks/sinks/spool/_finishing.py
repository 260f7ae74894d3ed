"""Finishing what killed sessions left: whoever comes next writes the rest of their lines."""

import os
from time import time

from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._drainer import Drainer
from mllog_callbacks.sinks.spool._locks import lock
from mllog_callbacks.sinks.spool._spools import alive, remove, spools

__all__ = ["finish", "finish_dead"]

_STALE_S = 60.0  # the age of a spool that nobody finished making


def finish(folder: str, by: str) -> tuple[int, int] | None:
    """Write the rest of a dead session's lines, and the ends of its runs, and remove its spool.

    Args:
        folder: The session's spool.
        by: Who does, for the ends that are recorded.

    Returns:
        How many of its entries were written, and of how many runs the end was recorded; None where
        the session lives or is being finished.

    Raises:
        OSError: The disk does not take them; they are kept.
    """
    try:
        held = lock(folder, "drain", create=True)
    except FileNotFoundError:
        return None
    if held is None:
        return None
    try:
        if alive(folder):
            return None
        try:
            drainer = Drainer(folder, counting=True)
        except FileNotFoundError:
            return None
        try:
            if not drainer.control.done:
                drainer.end(by)
        finally:
            drainer.close()
        remove(folder)
        return drainer.entries, drainer.ends
    finally:
        os.close(held)


def finish_dead(directory: bytes, by: str) -> None:
    """Finish what killed sessions left for this directory; what fails is left for the next.

    Args:
        directory: The log directory.
        by: Who does, for the ends that are recorded.
    """
    for folder in spools(directory):
        name = os.path.basename(folder)
        try:
            if name.startswith("."):
                _remove_stale(folder)
            elif About.read(folder).here(directory) and not alive(folder):
                finish(folder, by)
        except (OSError, ValueError):
            continue


def _remove_stale(folder: str) -> None:
    if time() - os.stat(folder).st_mtime > _STALE_S and not alive(folder):
        remove(folder)
