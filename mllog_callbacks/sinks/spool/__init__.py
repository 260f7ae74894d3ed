"""The spool: memory that outlives the process, and the drainer that writes it to the files.

`SpoolSink` is in `sink`; it is not imported here, for it cannot be on Windows.
"""

from mllog_callbacks.sinks.spool._ancestry import living, note_exit, session_of_process
from mllog_callbacks.sinks.spool._recovery import Recovered, recover

__all__ = ["Recovered", "living", "note_exit", "recover", "session_of_process"]
