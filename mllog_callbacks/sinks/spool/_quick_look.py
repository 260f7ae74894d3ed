"""Whether a session that ended in order may have runs without an end: seen without reading JSON.

Loaded by the drainer: standard library only, and little of it. Most sessions need no witness.
"""

import os

from mllog_callbacks.files import session_part
from mllog_callbacks.sinks.spool._about import About

__all__ = ["all_runs_ended"]

_EVENT = 52  # where a line's event is
_START = b"TRAINING_STARTED"
_ENDS = (b"TRAINING_COMPLETED", b"TRAINING_STOPPED", b"TRAINING_FAILED")
_RUN = b'"metrics_snapshot":{"run":'  # as adapters number their entries


def all_runs_ended(about: About) -> bool:
    """Whether each start in the files of a session has a number, and an end of that number.

    Where it is not, somebody has to read the files closely.
    """
    begun, ended = set(), set()
    directory = os.fsdecode(about.directory)
    try:
        for name in sorted(os.listdir(directory)):
            if not session_part(name).startswith(about.session):
                continue
            with open(f"{directory}/{name}", "rb") as stream:
                for line in stream:
                    event = line[_EVENT : line.find(b'"', _EVENT)]
                    if event == _START:
                        begun.add(_number(line))
                    elif event in _ENDS:
                        ended.add(_number(line))
    except OSError:  # whoever reads closely says what it means
        return False
    return begun <= ended - {b""}


def _number(line: bytes) -> bytes:
    """The number of a line's run; empty where it has none, or not at the usual place."""
    text = line.partition(_RUN)[2][:20]
    return text[: len(text) - len(text.lstrip(b"0123456789"))]
