"""Verifying sessions: their lines against their chains, and their chains against each other."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from mllog_callbacks.chain import OPEN, UNSEALED, Tree
from mllog_callbacks.integrity._anchors import Anchor
from mllog_callbacks.integrity._chains import Chain, Checkpoint, Opening, read_chain
from mllog_callbacks.integrity._endings import judged, may_be_lost
from mllog_callbacks.integrity._keys import is_signed_by
from mllog_callbacks.integrity._lifecycle import LifeCycle
from mllog_callbacks.integrity._lines import Blocks
from mllog_callbacks.integrity._retention import Pruned, read_pruned
from mllog_callbacks.integrity._sessions import Session, find_sessions
from mllog_callbacks.integrity._verdicts import Problem, Status, Verdict
from mllog_callbacks.schema import Level

__all__ = ["verify"]


@dataclass
class _Checked:
    """A session, its chain and what is said of it."""

    session: Session
    chain: Chain | None
    verdict: Verdict
    entries: int = 0
    tree: Tree = field(default_factory=Tree)

    def add(self, aspect: str, status: Status, reason: str, file: str = "", *lines: int) -> None:
        self.verdict.problems.append(Problem(aspect, status, reason, file, *lines))


def verify(
    paths: Iterable[str | os.PathLike[str]],
    *,
    key: str | None = None,
    anchors: Sequence[Anchor] = (),
    tell: Callable[[Session, int], None] | None = None,
) -> list[Verdict]:
    """Say of each session whether it is as it was written, all there, and signed.

    Args:
        paths: Folders, with all below them, or files; of a file, its session as a whole.
        key: The public key that must have signed, as hex; default whichever the session names.
        anchors: Heads that were kept elsewhere; each must still be there.
        tell: Called now and then with a session and how many of its lines were read.

    Raises:
        FileNotFoundError: There is no such path.
        OSError: A file cannot be read.
        ImportError: A session is signed, and `cryptography` is not installed.
    """
    given = [Path(each) for each in paths]
    checked = [_check(each, key, tell) for each in find_sessions(given)]
    folders = {each.resolve() for each in given if each.is_dir()}
    by_folder = groupby(checked, key=lambda each: each.session.directory)
    missing: list[Verdict] = []
    for folder, group in by_folder:
        together = {each.session.name: each for each in group}
        whole = any(folder.resolve().is_relative_to(each) for each in folders)
        missing += _check_heads(folder, together, whole=whole, key=key)
    missing += _check_anchors(checked, anchors, key)
    return [*(each.verdict for each in checked), *missing]


def _check(
    session: Session, key: str | None, tell: Callable[[Session, int], None] | None
) -> _Checked:
    verdict = Verdict(session.name, str(session.directory))
    chain = read_chain(session.chain) if session.chain.exists() else None
    checked = _Checked(session, chain, verdict)
    if chain is not None:
        verdict.head, verdict.state = chain.head, chain.state
        _check_chain(checked, chain)
        _check_signatures(checked, chain, key)
    else:
        _tell_no_chain(checked)
    _check_lines(checked, chain, tell)
    return checked


def _tell_no_chain(checked: _Checked) -> None:
    begun = checked.session.manifest.exists()
    empty = not any(each.stat().st_size for each in checked.session.files)
    if begun and empty:
        checked.add("completeness", Status.UNSEALED, "has no entries yet")
        return
    reason = "has no chain: there is nothing to hold it against"
    for aspect in "integrity", "completeness":
        checked.add(aspect, Status.NOT_CHECKABLE, reason)


def _check_chain(checked: _Checked, chain: Chain) -> None:
    """The chain in itself, the manifest, and how the session ended."""
    for number, reason in chain.broken:
        name = chain.path.name
        checked.add("integrity", Status.TAMPERED, f"the record {reason}", name, number, number)
    if chain.opening is None:
        if not chain.broken:
            checked.add("completeness", Status.UNSEALED, "its chain was not begun")
    elif chain.opening.session != checked.session.name:
        reason = f"its chain is that of the session {chain.opening.session}"
        checked.add("integrity", Status.TAMPERED, reason)
    elif not checked.session.manifest.exists():
        checked.add("completeness", Status.INCOMPLETE, "its manifest is missing")
    elif _hash(checked.session.manifest) != chain.opening.manifest:
        name = checked.session.manifest.name
        checked.add("integrity", Status.TAMPERED, "is not the manifest that was written", name)
    if chain.unfinished or chain.state == OPEN:
        reason = "is not sealed: it is still open, or its process was killed"
        checked.add("completeness", Status.UNSEALED, reason)
    elif chain.state == UNSEALED:
        reason = "is not sealed: its process was killed; all that it had emitted is there"
        checked.add("completeness", Status.UNSEALED, reason)


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _check_signatures(checked: _Checked, chain: Chain, key: str | None) -> None:
    if chain.opening is None:
        return
    public = checked.verdict.signer = chain.opening.key
    if not public and key is None:
        checked.add("authenticity", Status.NOT_CHECKABLE, "is not signed")
        return
    if not public:
        killed = chain.state == UNSEALED  # and completed by somebody without the key
        status = Status.UNSEALED if killed else Status.TAMPERED
        checked.add("authenticity", status, "is not signed")
        return
    if key not in {None, public}:
        checked.add("authenticity", Status.TAMPERED, f"was signed by another key: {public}")
    name = chain.path.name
    signed: list[Opening | Checkpoint] = [chain.opening, *chain.checkpoints]
    for number, each in enumerate(signed, 1):
        if not each.signature and chain.state == UNSEALED:
            reason = "was completed without the key, from here on"
            checked.add("authenticity", Status.UNSEALED, reason, name, number, number)
            return
        if not each.signature or not is_signed_by(public, each.digest, each.signature):
            reason = "the record is not signed by its session's key"
            checked.add("authenticity", Status.TAMPERED, reason, name, number, number)


def _check_lines(
    checked: _Checked, chain: Chain | None, tell: Callable[[Session, int], None] | None
) -> None:
    facts = checked.session.facts()
    cycle = LifeCycle(alone=facts.get("parent") is None)
    by_file: dict[str, list[Checkpoint]] = {}
    for record in chain.checkpoints if chain else ():
        if record.file:
            by_file.setdefault(record.file, []).append(record)
    there = {each.name: each for each in checked.session.files}
    read = []
    for name in [*by_file, *(each for each in there if each not in by_file)]:
        if name in there:
            read.append(_read_file(checked, there[name], by_file.get(name, ()), cycle, tell))
        else:
            checked.add("completeness", Status.INCOMPLETE, "the file is missing", name)
    if chain is not None:
        _judge(checked, read, [*by_file], cycle.latest)
    _check_tree(checked, chain)
    ended = checked.verdict.state not in {"", OPEN}
    starts_are_told = facts.get("level") != Level.ERROR.name
    checked.verdict.problems += [
        each for each in cycle.end(ended=ended) if starts_are_told or each.aspect != "life cycle"
    ]
    checked.verdict.entries = checked.entries


def _read_file(
    checked: _Checked,
    path: Path,
    records_: Sequence[Checkpoint],
    cycle: LifeCycle,
    tell: Callable[[Session, int], None] | None,
) -> Blocks:
    blocks = Blocks(path, records_)

    def take(first: int, lines: list[bytes]) -> None:
        checked.entries += len(lines)
        cycle.take(path.name, first, lines)
        if tell is not None:
            tell(checked.session, checked.entries)

    blocks.read(take, checked.tree.grow)
    checked.verdict.files.append(path.name)
    return blocks


def _judge(checked: _Checked, read: Sequence[Blocks], named: Sequence[str], latest: bytes) -> None:
    """What each file says; of a session that is open the end of its last one may be missing."""
    open_ = checked.verdict.state == OPEN
    others = {*named, *(each.path.name for each in read)}
    whole = len(others) == len(read)  # a file that is missing no power failure takes
    for blocks in read:
        name = blocks.path.name
        last = open_ and (name not in named or name == named[-1])
        lost = last or (open_ and whole and may_be_lost(name, others - {name}, latest))
        checked.verdict.problems += judged(blocks, open_=last, lost=lost)


def _check_tree(checked: _Checked, chain: Chain | None) -> None:
    """The tree over all lines, where all of them are as they were written."""
    if chain is None or chain.last is None or chain.last.entries != checked.tree.size:
        return
    if checked.tree.root().hex() != chain.last.root:
        checked.add("integrity", Status.TAMPERED, "the lines do not make the tree of its chain")


def _check_heads(
    folder: Path, sessions: Mapping[str, _Checked], *, whole: bool, key: str | None
) -> list[Verdict]:
    """What sessions saw of those before them must be there still."""
    missing: dict[str, Verdict] = {}
    pruned = read_pruned(folder, key)
    if pruned.problem is not None and whole:
        missing["pruned"] = Verdict("pruned", str(folder), problems=[pruned.problem])
    for witness in sessions.values():
        opening = witness.chain.opening if witness.chain else None
        for name, digest in opening.earlier.items() if opening else ():
            seen = sessions.get(name)
            if seen is not None:
                _check_head(seen, digest, f"the session {witness.session.name} saw")
            elif whole and name not in pruned.sessions:
                reason = f"is missing; the session {witness.session.name} saw it"
                problem = Problem("completeness", Status.INCOMPLETE, reason)
                missing.setdefault(name, Verdict(name, str(folder), problems=[problem]))
    return list(missing.values())


def _check_head(seen: _Checked, digest: str, whose: str) -> None:
    if seen.chain is None:
        seen.add("completeness", Status.INCOMPLETE, f"its chain is missing, whose head {whose}")
        return
    if digest in seen.chain.digests:
        return
    lost = seen.chain.state == OPEN and not seen.chain.broken
    status = Status.INCOMPLETE if lost else Status.TAMPERED
    aspect = "completeness" if lost else "integrity"
    seen.add(aspect, status, f"its chain no longer holds the head that {whose}")


def _check_anchors(
    checked: Sequence[_Checked], anchors: Sequence[Anchor], key: str | None
) -> list[Verdict]:
    by_name: dict[str, list[_Checked]] = {}
    for each in checked:
        by_name.setdefault(each.session.name, []).append(each)
    pruned: dict[Path, Pruned] = {}
    missing = []
    for anchor in anchors:
        found = by_name.get(anchor.session, [])
        for each in found:
            _check_head(each, anchor.digest, "the anchor kept elsewhere names")
        if not found and not _was_pruned(anchor, checked, pruned, key):
            reason = "is missing; an anchor kept elsewhere names it"
            problem = Problem("completeness", Status.INCOMPLETE, reason)
            missing.append(Verdict(anchor.session, "", problems=[problem]))
    return missing


def _was_pruned(
    anchor: Anchor, checked: Sequence[_Checked], known: dict[Path, Pruned], key: str | None
) -> bool:
    for folder in {each.session.directory for each in checked}:
        pruned = known.setdefault(folder, read_pruned(folder, key))
        if anchor.session in pruned.sessions:
            return True
    return False
