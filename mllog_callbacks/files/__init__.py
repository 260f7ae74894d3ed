"""The files of a log folder: their names, how they are made in shared folders, and opened.

The drainer loads this package: standard library only, and little of it.
"""

from mllog_callbacks.files._folders import give_group, make_folder, make_folders
from mllog_callbacks.files._names import (
    CHAIN,
    LOGS,
    NAME,
    SIDECARS,
    chain_name,
    day_of,
    is_log,
    is_taken,
    log_name,
    manifest_name,
    session_of,
    session_part,
    with_copy,
)
from mllog_callbacks.files._opening import open_regular, read_regular

__all__ = [
    "CHAIN",
    "LOGS",
    "NAME",
    "SIDECARS",
    "chain_name",
    "day_of",
    "give_group",
    "is_log",
    "is_taken",
    "log_name",
    "make_folder",
    "make_folders",
    "manifest_name",
    "open_regular",
    "read_regular",
    "session_of",
    "session_part",
    "with_copy",
]
