"""What a file's lines say against its checkpoints: whether it was changed, or lost its end."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from mllog_callbacks.files import day_of
from mllog_callbacks.integrity._lines import Blocks
from mllog_callbacks.integrity._verdicts import Problem, Status
from mllog_callbacks.schema import count

__all__ = ["judged", "may_be_lost"]

_KEPT_AFTER: Final = "00:01"
"""Twice the half minute after which Linux has written what a program wrote to a file."""


def may_be_lost(name: str, others: Iterable[str], latest: bytes) -> bool:
    """Whether a power failure may have cost the end of a file that its session has left.

    It may where the session came to its end within a minute of that file's day: what is older the
    disk had. Nothing else distinguishes a lost end from one that somebody cut.

    Args:
        name: The name of the file.
        others: The names of the session's other files.
        latest: The timestamp of the session's latest entry.
    """
    day = day_of(Path(name))
    if not day or any(day_of(Path(each)) == day for each in others):
        return False
    following = date.fromisoformat(day) + timedelta(days=1)
    return latest < f"{following}T{_KEPT_AFTER}".encode()


def judged(blocks: Blocks, *, open_: bool, lost: bool) -> Iterator[Problem]:
    """What is wrong with a file.

    Args:
        blocks: Its lines, read and held against its checkpoints.
        open_: Whether its session may still write to it.
        lost: Whether a power failure may have cost its end.
    """
    name = blocks.path.name
    if blocks.nuls:
        yield _nuls(blocks, lost=lost)
    for damage in blocks.damaged:
        cut = damage.last == blocks.lines and blocks.found - blocks.unfinished < blocks.lines
        if cut and lost:
            reason = "the last lines are missing: cut off, or lost with the machine's power"
            status, aspect = Status.INCOMPLETE, "completeness"
        elif cut:
            reason, status, aspect = "lines were cut off", Status.TAMPERED, "integrity"
        else:
            reason, status, aspect = "lines were changed", Status.TAMPERED, "integrity"
        yield Problem(aspect, status, reason, name, damage.first, damage.last)
    if not blocks.beyond:
        return
    first, last = blocks.lines + 1, blocks.lines + blocks.beyond
    if open_:
        reason = "no checkpoint covers these lines yet"
        yield Problem("completeness", Status.UNSEALED, reason, name, first, last)
    else:
        reason = "lines were added after the file was finished"
        yield Problem("integrity", Status.TAMPERED, reason, name, first, last)


def _nuls(blocks: Blocks, *, lost: bool) -> Problem:
    """NUL bytes at the end count as a cut; a file that the disk had whole has none."""
    reason = f"the file ends in {count(blocks.nuls, 'NUL byte')}"
    if lost:
        reason += ", as file systems leave after a power failure"
        return Problem("completeness", Status.INCOMPLETE, reason, blocks.path.name)
    reason += ", which came after it was finished"
    return Problem("integrity", Status.TAMPERED, reason, blocks.path.name)
