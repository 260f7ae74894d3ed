"""Where a session comes from: its code, its environment and its machine, collected beside it.

The drainer loads this package: standard library only, and little of it.
"""

from mllog_callbacks.origin._machine import boot, machine_id, started
from mllog_callbacks.origin._request import Request
from mllog_callbacks.origin._writing import with_end

__all__ = ["Request", "boot", "machine_id", "started", "with_end"]
