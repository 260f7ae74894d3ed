"""Which sink a session gets: the spool where there is one, else a queue in the process."""

import logging
import os
import sys
from pathlib import Path

from mllog_callbacks.sinks._base import Sink
from mllog_callbacks.sinks._files import LogFiles

__all__ = ["open_sink"]

_logger = logging.getLogger("mllog_callbacks")


def open_sink(
    directory: Path,
    session: str,
    manifest: dict[str, object],
    *,
    sync_ms: int = 0,
    claim: bool = True,
) -> Sink:
    """Open a session.

    Args:
        directory: Where its files are made.
        session: Its name.
        manifest: What its sidecar says.
        sync_ms: Milliseconds between two confirmations by the disk; 0 leaves it to the kernel.
        claim: Whether the name may be taken and is claimed now, on the disk.

    Raises:
        LogDirectoryError: The directory cannot be created or written.
    """
    files = LogFiles(directory, session, manifest, claim=claim)
    if sys.platform == "linux":
        from mllog_callbacks.sinks.spool._sink import SpoolSink  # noqa: PLC0415 - not on Windows

        try:
            return SpoolSink(files, sync_ms=sync_ms)
        except OSError as error:
            if spool := os.environ.get("MLLOG_SPOOL"):
                text = "MLLOG_SPOOL=%s cannot be used: %s; entries wait in the process's memory"
                _logger.warning(text, spool, error)
            else:
                _logger.info("entries wait in the process's own memory: %s", error)
    if not claim:
        files.claim()
    from mllog_callbacks.sinks._queued import QueuedSink  # noqa: PLC0415 - most have a spool

    return QueuedSink(files, sync_ms=sync_ms)
