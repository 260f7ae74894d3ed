"""Locks of a whole process that a fork leaves usable."""

from mllog_callbacks.locks._process_lock import ProcessLock

__all__ = ["ProcessLock"]
