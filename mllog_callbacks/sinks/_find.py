"""Log files: which ones a path means."""

import errno
import logging
import os
from pathlib import Path

from mllog_callbacks.files import SIDECARS, file_order, walk
from mllog_callbacks.schema import plain
from mllog_callbacks.sinks.spool._recovery import recover

__all__ = ["find_logs"]

_logger = logging.getLogger("mllog_callbacks")


def find_logs(path: str | os.PathLike[str], *, complete: bool = True) -> list[Path]:
    """The log files a path means: the file itself, or all below a directory, sidecars left out.

    A link or a special file of such a name is among them: whoever opens it refuses, and says why.

    Args:
        path: A file or a directory.
        complete: Whether what killed sessions left is written to the directory's files first.

    Raises:
        FileNotFoundError: There is no such path.
    """
    root = Path(path)
    if root.is_dir():
        if complete:
            for each in recover(root):
                if each.error:
                    _logger.warning("%s: %s", plain(each.session), plain(each.error))
        logs = []
        for directory, folders, others in walk(root):
            if SIDECARS in folders:
                folders.remove(SIDECARS)
            logs += [Path(directory, each) for each in others if each.endswith(".jsonl")]
        return sorted(logs, key=file_order)
    if not root.exists():
        raise FileNotFoundError(errno.ENOENT, "no such file or directory", str(root))
    return [root]
