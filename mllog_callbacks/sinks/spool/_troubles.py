"""What a session warns of while it goes on: a disk that fails, a file taken away, no signature."""

import logging
import os
from pathlib import Path
from time import monotonic_ns
from typing import Final

from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._overflow import in_thread

__all__ = ["Troubles"]

_HUNG_NS: Final = 5_000_000_000  # a call to the disk that takes longer is reported

_logger = logging.getLogger("mllog_callbacks")


class Troubles:
    """The troubles of one session; each is a warning once, a disk's once each time it begins."""

    def __init__(self) -> None:
        self._disk = self._unsigned = self._failed = False
        self._copy = 1

    def look(self, path: Path, control: Control) -> None:
        """See what the drainer says.

        Args:
            path: The session's file.
            control: The counters of its spool.
        """
        error, busy = control.error, control.busy
        failing = bool(error or (busy and monotonic_ns() - busy > _HUNG_NS))
        if failing and not self._disk:
            reason = os.strerror(error) if error else "the disk does not answer"
            text = "cannot write %s: %s; entries wait in memory and the training goes on"
            _warn(text, path, reason)
        self._disk = failing
        if control.copy > self._copy:
            self._copy = control.copy
            _warn("somebody else's file, or changes, in the log's place: it goes on in %s", path)
        if control.unsigned and not self._unsigned:
            self._unsigned = True
            _warn("%s is not signed: the drainer could not use MLLOG_SIGNING_KEY", path)

    def failed(self, error: Exception) -> None:
        """Note what failed while the drainer was looked after; no line was lost by it."""
        if not self._failed:
            self._failed = True
            _warn("looking after the log's drainer failed: %s: %s", type(error).__name__, error)


def _warn(text: str, *values: object) -> None:
    """Warn in a thread: what the user made of logging may write to the same disk."""
    in_thread(_logger.warning, text, *values)
