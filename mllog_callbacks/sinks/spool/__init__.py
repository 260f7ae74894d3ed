"""The spool: memory that outlives the process, and the drainer that writes it to the files.

`SpoolSink` is in `sink`; it is not imported here, for it cannot be on Windows.
"""

from mllog_callbacks.sinks.spool._ancestry import session_of_process
from mllog_callbacks.sinks.spool._recovery import Recovered, recover

__all__ = ["Recovered", "recover", "session_of_process"]
