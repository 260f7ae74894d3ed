"""A newcomer's walk: the modules on the way from a framework's callback to the file, in order.

Real calls are recorded: the stack when the line of an entry of progress reaches the sink, whose
memory another process writes to the file. A module that is left and entered again would be one that
has two jobs.
"""

import inspect
import re
from importlib import import_module
from itertools import groupby
from types import FrameType
from typing import Any, Final

import pytest

import paths
from mllog_callbacks import AuditLog
from mllog_callbacks.contract import Way

MOST: Final = 9
PASSED_OVER: Final = {"mllog_callbacks.recording._guards", "mllog_callbacks.frames._in_frame"}
"""What is around functions everywhere, and is no step of the way: decorators and hooks."""

WALKS: Final = re.compile(r"^\| walk of (\w+) \|(.*)\|$", re.MULTILINE)


def walk(case: Any, log: AuditLog, patch: pytest.MonkeyPatch) -> list[str]:
    """The modules on the way of each entry of progress, from the callback on."""
    found: list[list[str]] = []
    sink = type(log._session.sink)  # noqa: SLF001 - our own
    own = sink.put

    def put(self: Any, line: bytes) -> None:
        if b"TRAINING_PROGRESS" in line:
            found.append([*_stack(inspect.currentframe()), "mllog_callbacks.sinks"])
        own(self, line)

    with patch.context() as patched:
        patched.setattr(sink, "put", put)
        case.audited(log, Way.COMPLETED)
    assert found
    assert all(each == found[0] for each in found)  # whichever iteration it is
    return found[0]


def _stack(frame: FrameType | None) -> list[str]:
    """Our own modules on a stack, the outermost first; those that follow each other once."""
    names = []
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name.startswith("mllog_") and name not in PASSED_OVER and ".contract" not in name:
            names.append(name)
        frame = frame.f_back
    return [name for name, _ in groupby(reversed(names))]


@pytest.mark.parametrize("framework", ["lightgbm", "xgboost", "lightning", "sklearn"])
def test_the_way_is_short_and_enters_no_module_twice(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch, framework: str
) -> None:
    """And is the one that CONTRIBUTING lists."""
    case = import_module(f"{framework}_case").CASE
    modules = walk(case, log, monkeypatch)
    assert len(modules) <= MOST, modules
    assert len(set(modules)) == len(modules), modules
    text = (paths.ROOT / "CONTRIBUTING.md").read_text("utf-8")
    listed = {name: re.findall(r"`([\w.]+)`", way) for name, way in WALKS.findall(text)}
    assert listed[framework] == modules
