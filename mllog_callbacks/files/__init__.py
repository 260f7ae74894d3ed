"""The files of a log folder: their names, how they are made in shared folders, opened, replaced.

The drainer loads this package: standard library only, and little of it.
"""

from mllog_callbacks.files._digests import digest_of, digest_over, digests_in, size_of
from mllog_callbacks.files._extent import last_data
from mllog_callbacks.files._folders import give_group, make_folder, make_folders
from mllog_callbacks.files._names import (
    CHAIN,
    LARGEST_ORIGIN,
    LOGS,
    NAME,
    ORIGIN,
    SIDECARS,
    chain_name,
    day_of,
    file_order,
    is_log,
    is_taken,
    log_name,
    manifest_name,
    origin_name,
    session_of,
    session_part,
    with_copy,
)
from mllog_callbacks.files._opening import (
    Folder,
    UnsafeFileError,
    is_regular,
    open_given,
    open_regular,
    open_stream,
    read_regular,
    unsafe_kind,
)
from mllog_callbacks.files._replacing import replace_file
from mllog_callbacks.files._walking import walk

__all__ = [
    "CHAIN",
    "LARGEST_ORIGIN",
    "LOGS",
    "NAME",
    "ORIGIN",
    "SIDECARS",
    "Folder",
    "UnsafeFileError",
    "chain_name",
    "day_of",
    "digest_of",
    "digest_over",
    "digests_in",
    "file_order",
    "give_group",
    "is_log",
    "is_regular",
    "is_taken",
    "last_data",
    "log_name",
    "make_folder",
    "make_folders",
    "manifest_name",
    "open_given",
    "open_regular",
    "open_stream",
    "origin_name",
    "read_regular",
    "replace_file",
    "session_of",
    "session_part",
    "size_of",
    "unsafe_kind",
    "walk",
    "with_copy",
]
