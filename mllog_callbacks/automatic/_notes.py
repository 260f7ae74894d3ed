"""Notes that the processes of a command leave for `mllog run`, which started it.

Each is a line of JSON, appended to one file: what auditing is on in which process.
"""

import os
import sys
from typing import Any, Final, TypeAlias

__all__ = ["VARIABLE", "Note", "note", "read_notes"]

VARIABLE: Final = "MLLOG_RUN_NOTES"
"""The environment variable with the file's name; set by `mllog run`."""

Note: TypeAlias = dict[str, Any]


def note(**facts: object) -> None:
    """Leave a note where somebody wants to read it."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    import json  # noqa: PLC0415 - Python starts with us

    line = json.dumps({"pid": os.getpid(), "python": sys.executable, **facts}) + "\n"
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, line.encode())  # in one piece, as others write too
        finally:
            os.close(file)
    except OSError:  # nobody waits for it any more
        return


def read_notes(path: str) -> list[Note]:
    """The notes in a file, in the order in which they were left."""
    import json  # noqa: PLC0415 - as above

    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:  # cut short, as by a full disk
            continue
    return found
