"""The lines of a session, held against its chain and against the rules of runs."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from mllog_callbacks.chain import OPEN
from mllog_callbacks.integrity._chains import Checkpoint
from mllog_callbacks.integrity._checked import Checked
from mllog_callbacks.integrity._endings import judged, may_be_lost
from mllog_callbacks.integrity._lifecycle import LifeCycle
from mllog_callbacks.integrity._lines import Blocks
from mllog_callbacks.integrity._sessions import Session
from mllog_callbacks.integrity._verdicts import Status
from mllog_callbacks.schema import Level

__all__ = ["Progress", "check_content"]

Progress: TypeAlias = Callable[[Session, int], None]
"""Called now and then with a session and how many of its lines were read."""


def check_content(checked: Checked, progress: Progress | None) -> None:
    """Read all files of a session, and check them."""
    facts = checked.session.facts()
    cycle = LifeCycle(alone=facts.get("parent") is None)
    by_file: dict[str, list[Checkpoint]] = {}
    for record in checked.chain.checkpoints if checked.chain else ():
        if record.file:
            by_file.setdefault(record.file, []).append(record)
    there = {each.name: each for each in checked.session.files}
    read = []
    for name in [*by_file, *(each for each in there if each not in by_file)]:
        path = there.get(name) or checked.made_since(name)
        records = by_file.get(name, ())
        blocks = _read_file(checked, path, records, cycle, progress) if path else None
        if blocks is not None:
            read.append(blocks)
        elif path is None or not os.path.lexists(path):
            checked.add("completeness", Status.INCOMPLETE, "the file is missing", name)
    if checked.chain is not None:
        _judge(checked, read, [*by_file], cycle.latest)
        _check_tree(checked)
    ended = checked.verdict.state not in {"", OPEN}
    has_starts = facts.get("level") != Level.ERROR.name
    checked.verdict.problems += [
        each for each in cycle.end(ended=ended) if has_starts or each.aspect != "life cycle"
    ]
    checked.verdict.entries, checked.formed = checked.entries, cycle.entries
    checked.verdict.killed = cycle.killed


def _read_file(
    checked: Checked,
    path: Path,
    records: Sequence[Checkpoint],
    cycle: LifeCycle,
    progress: Progress | None,
) -> Blocks | None:
    """Read a file; None where it cannot be read."""
    blocks = Blocks(path, records)

    def take(first: int, lines: list[bytes]) -> None:
        checked.entries += len(lines)
        cycle.take(path.name, first, lines)
        if progress is not None:
            progress(checked.session, checked.entries)

    try:
        blocks.read(take, checked.tree.grow)
    except FileNotFoundError:  # it is pruned just now
        return None
    except OSError as error:
        checked.cannot_read(path, error)
        return None
    checked.verdict.files.append(path.name)
    return blocks


def _judge(checked: Checked, read: Sequence[Blocks], named: Sequence[str], latest: bytes) -> None:
    """What each file shows; of a session that is open the end of its last one may be missing."""
    open_ = checked.verdict.state == OPEN
    others = {*named, *(each.path.name for each in read)}
    whole = len(others) == len(read)  # a file that is missing no power failure takes
    for blocks in read:
        name = blocks.path.name
        last = open_ and (name not in named or name == named[-1])
        lost = last or (open_ and whole and may_be_lost(name, others - {name}, latest))
        checked.verdict.problems += judged(blocks, open_=last, lost=lost)


def _check_tree(checked: Checked) -> None:
    """The tree over all lines, where all of them are as they were written."""
    last = checked.chain.last if checked.chain is not None else None
    if last is None or last.entries != checked.tree.size:
        return
    if checked.tree.root().hex() != last.root:
        reason = "the lines do not make the tree of its chain"
        checked.add("integrity", Status.TAMPERED, reason)
