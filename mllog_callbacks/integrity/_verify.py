"""Verifying sessions: their lines against their chains, and their chains against each other."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final

from mllog_callbacks.chain import OPEN, SEALED, UNSEALED, Tree
from mllog_callbacks.files import UnsafeFileError, read_regular
from mllog_callbacks.integrity._anchors import Anchor
from mllog_callbacks.integrity._chains import Chain, Checkpoint, Opening, read_chain
from mllog_callbacks.integrity._endings import judged, may_be_lost
from mllog_callbacks.integrity._keys import is_signed_by
from mllog_callbacks.integrity._lifecycle import LifeCycle
from mllog_callbacks.integrity._lines import Blocks
from mllog_callbacks.integrity._retention import Pruned, read_pruned
from mllog_callbacks.integrity._sessions import (
    MOST_BYTES,
    Session,
    find_sessions,
    sidecar_folders,
)
from mllog_callbacks.integrity._verdicts import Problem, Status, Verdict
from mllog_callbacks.schema import Level, count

__all__ = ["verify"]


@dataclass
class _Checked:
    """A session, its chain and what is said of it."""

    session: Session
    chain: Chain | None
    verdict: Verdict
    entries: int = 0
    lives: int = 0
    tree: Tree = field(default_factory=Tree)

    def add(self, aspect: str, status: Status, reason: str, file: str = "", *lines: int) -> None:
        self.verdict.problems.append(Problem(aspect, status, reason, file, *lines))

    def cannot_read(self, path: Path, error: OSError) -> None:
        """Add that a file cannot be read; a link or a special file is in the place of the log's."""
        replaced = isinstance(error, UnsafeFileError)
        status = Status.TAMPERED if replaced else Status.NOT_CHECKABLE
        why = error.strerror if replaced else f"cannot be read: {error.strerror}"
        self.add("integrity", status, str(why), path.name)

    def made_since(self, name: str) -> Path | None:
        """A file that its chain names, where it was made since the folder was listed."""
        path = self.session.directory / name
        plain = name.isprintable() and path.name == name and path.suffix == ".jsonl"
        return path if plain and os.path.lexists(path) else None

    def holds(self, digest: str) -> bool:
        """Whether a record of this digest is in the chain; where not, also as it is by now."""
        if self.chain is not None and digest in self.chain.digests:
            return True
        try:
            return digest in read_chain(self.session.chain).digests
        except OSError:
            return False


def verify(
    paths: Iterable[str | os.PathLike[str]],
    *,
    key: str | None = None,
    anchors: Sequence[Anchor] = (),
    tell: Callable[[Session, int], None] | None = None,
) -> list[Verdict]:
    """Say of each session whether it is as it was written, all there, and signed.

    A file that cannot be read, or is a link or a special file, is a problem of its session alone.

    Args:
        paths: Folders, with all below them, or files; of a file, its session as a whole.
        key: The public key that must have signed, as hex; default whichever the session names.
        anchors: Heads that were kept elsewhere; each must still be there.
        tell: Called now and then with a session and how many of its lines were read.

    Raises:
        FileNotFoundError: There is no such path.
    """
    given = [Path(each) for each in paths]
    checked = [_check(each, key, tell) for each in find_sessions(given)]
    folders = {each.resolve() for each in given if each.is_dir()}
    by_folder = groupby(checked, key=lambda each: each.session.directory)
    others = [verdict for each in folders for verdict in _check_folders(each, key)]
    for folder, group in by_folder:
        together = {each.session.name: each for each in group}
        whole = any(folder.resolve().is_relative_to(each) for each in folders)
        others += _check_heads(folder, together, whole=whole, key=key)
    others += _check_anchors(checked, anchors, key)
    return [*(each.verdict for each in checked), *others]


def _check(
    session: Session, key: str | None, tell: Callable[[Session, int], None] | None
) -> _Checked:
    verdict = Verdict(session.name, str(session.directory), signature_required=key is not None)
    checked = _Checked(session, None, verdict)
    try:
        _check_session(checked, key, tell)
    except ImportError:
        reason = "is signed; checking that needs `cryptography`, which is not installed"
        checked.add("authenticity", Status.NOT_CHECKABLE, reason)
        checked.add("integrity", Status.NOT_CHECKABLE, reason)
    return checked


def _check_session(
    checked: _Checked, key: str | None, tell: Callable[[Session, int], None] | None
) -> None:
    session, verdict = checked.session, checked.verdict
    chain = None
    if session.has_chain:
        try:
            chain = checked.chain = read_chain(session.chain)
        except FileNotFoundError:  # it is pruned just now
            pass
        except OSError as error:
            checked.cannot_read(session.chain, error)
    if chain is not None:
        verdict.head, verdict.state = chain.head, chain.state
        _check_chain(checked, chain)
    elif not verdict.problems:
        _add_no_chain(checked)
    _check_signatures(checked, chain, key)
    _check_lines(checked, chain, tell)
    _gather_evidence(checked, chain)


def _add_no_chain(checked: _Checked) -> None:
    begun = checked.session.has_manifest
    empty = not any(os.path.lexists(each) and _size(each) for each in checked.session.files)
    if begun and empty:
        reason = "has no entry and no chain: it has just begun, or both were removed"
        checked.add("completeness", Status.UNSEALED, reason)
        return
    reason = "has no chain: there is nothing to check it against"
    for aspect in "integrity", "completeness":
        checked.add(aspect, Status.NOT_CHECKABLE, reason)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _gather_evidence(checked: _Checked, chain: Chain | None) -> None:
    """What vouches for each aspect; where there is none, it is not checkable."""
    evidence = checked.verdict.evidence
    if checked.lives:
        evidence["life cycle"] = f"the order and the names of {count(checked.lives, 'entry')}"
    if chain is None or chain.opening is None:
        return
    covered = chain.last.entries if chain.last is not None else 0
    if covered or not checked.entries:
        evidence["integrity"] = f"the chain covers {count(covered, 'entry')}"
    if chain.state == SEALED:
        evidence["completeness"] = "the chain is sealed"
        if not checked.entries:
            evidence["life cycle"] = "the sealed chain covers no entry"


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
    else:
        _check_manifest(checked, chain.opening)
    if chain.unfinished or chain.state == OPEN:
        reason = "is not sealed: it is still open, or its process was killed"
        checked.add("completeness", Status.UNSEALED, reason)
    elif chain.state == UNSEALED:
        reason = "is not sealed: its process was killed; all that it had emitted is there"
        checked.add("completeness", Status.UNSEALED, reason)


def _check_manifest(checked: _Checked, opening: Opening) -> None:
    manifest = checked.session.manifest
    try:
        found = sha256(read_regular(manifest, MOST_BYTES)).hexdigest()
    except FileNotFoundError:
        checked.add("completeness", Status.INCOMPLETE, "its manifest is missing")
    except OSError as error:
        checked.cannot_read(manifest, error)
    else:
        if found != opening.manifest:
            reason = "is not the manifest that was written"
            checked.add("integrity", Status.TAMPERED, reason, manifest.name)


def _check_signatures(checked: _Checked, chain: Chain | None, key: str | None) -> None:
    opening = chain.opening if chain is not None else None
    if chain is None or opening is None:
        checked.add("authenticity", Status.NOT_CHECKABLE, "has no chain that could be signed")
        return
    public = checked.verdict.signer = opening.key
    if not public:
        _add_unsigned(checked, chain, key)
        return
    if key not in {None, public}:
        checked.add("authenticity", Status.TAMPERED, f"was signed by another key: {public}")
    name = chain.path.name
    signed: list[Opening | Checkpoint] = [opening, *chain.checkpoints]
    ended = False
    for number, each in enumerate(signed, 1):
        if not each.signature and ended:
            reason = "the record is not signed, and follows the signed end of its session"
            checked.add("authenticity", Status.TAMPERED, reason, name, number, number)
            return
        if not each.signature and chain.state == UNSEALED:
            reason = "was completed without the key, from here on"
            checked.add("authenticity", Status.UNSEALED, reason, name, number, number)
            return
        if not each.signature or not is_signed_by(public, each.digest, each.signature):
            reason = "the record is not signed by its session's key"
            checked.add("authenticity", Status.TAMPERED, reason, name, number, number)
        ended = ended or (isinstance(each, Checkpoint) and each.state == SEALED)
    checked.verdict.evidence["authenticity"] = f"{count(len(signed), 'record')} signed by {public}"


def _add_unsigned(checked: _Checked, chain: Chain, key: str | None) -> None:
    """Nothing is signed: a defect where a key was given."""
    if key is not None and chain.state != UNSEALED:
        checked.add("authenticity", Status.TAMPERED, "is not signed")
    elif key is not None:  # a kill before the first record was signed, or all of it forged
        reason = "no record is signed: whoever can write here may have written all of it"
        checked.add("authenticity", Status.NOT_CHECKABLE, reason)
    else:
        checked.add("authenticity", Status.NOT_CHECKABLE, "is not signed")


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
        path = there.get(name) or checked.made_since(name)
        blocks = _read_file(checked, path, by_file.get(name, ()), cycle, tell) if path else None
        if blocks is not None:
            read.append(blocks)
        elif path is None or not os.path.lexists(path):
            checked.add("completeness", Status.INCOMPLETE, "the file is missing", name)
    if chain is not None:
        _judge(checked, read, [*by_file], cycle.latest)
    _check_tree(checked, chain)
    ended = checked.verdict.state not in {"", OPEN}
    has_starts = facts.get("level") != Level.ERROR.name
    checked.verdict.problems += [
        each for each in cycle.end(ended=ended) if has_starts or each.aspect != "life cycle"
    ]
    checked.verdict.entries, checked.lives = checked.entries, cycle.entries


def _read_file(
    checked: _Checked,
    path: Path,
    records_: Sequence[Checkpoint],
    cycle: LifeCycle,
    tell: Callable[[Session, int], None] | None,
) -> Blocks | None:
    """Read a file; None where it cannot be read."""
    blocks = Blocks(path, records_)

    def take(first: int, lines: list[bytes]) -> None:
        checked.entries += len(lines)
        cycle.take(path.name, first, lines)
        if tell is not None:
            tell(checked.session, checked.entries)

    try:
        blocks.read(take, checked.tree.grow)
    except FileNotFoundError:  # it is pruned just now
        return None
    except OSError as error:
        checked.cannot_read(path, error)
        return None
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


def _check_folders(root: Path, key: str | None) -> Iterator[Verdict]:
    """What is wrong with the folders of sidecars themselves, and with their records of removal."""
    for sidecars, kind in sidecar_folders(root):
        if kind != "a directory":
            reason = f"is {kind or 'missing'} and is not followed"
            problem = Problem("integrity", Status.TAMPERED, reason, sidecars.name)
            yield Verdict(sidecars.name, str(sidecars.parent), problems=[problem])
            continue
        pruned = read_pruned(sidecars.parent, key)
        if pruned.problem is not None:
            yield Verdict("pruned", str(sidecars.parent), problems=[pruned.problem])


def _check_heads(
    folder: Path, sessions: Mapping[str, _Checked], *, whole: bool, key: str | None
) -> list[Verdict]:
    """What sessions saw of those before them must be there still."""
    missing: dict[str, Verdict] = {}
    pruned = read_pruned(folder, key)
    for witness in sessions.values():
        opening = witness.chain.opening if witness.chain else None
        for name, digest in opening.earlier.items() if opening else ():
            seen = sessions.get(name)
            if seen is not None:
                _check_head(seen, digest, f"the session {witness.session.name} saw")
            elif whole and name not in pruned.sessions and not Session(folder, name).has_chain:
                if name in read_pruned(folder, key).sessions:  # it was pruned meanwhile
                    continue
                reason = f"is missing; the session {witness.session.name} saw it"
                problem = Problem("completeness", Status.INCOMPLETE, reason)
                missing.setdefault(name, Verdict(name, str(folder), problems=[problem]))
    return list(missing.values())


def _check_head(seen: _Checked, digest: str, whose: str) -> None:
    if seen.holds(digest):
        return
    if seen.chain is None:
        if not any(each.status == Status.TAMPERED for each in seen.verdict.problems):
            reason = f"its chain is missing, whose head {whose}"
            seen.add("completeness", Status.INCOMPLETE, reason)
        return
    lost = seen.chain.state == OPEN and not seen.chain.broken
    status = Status.INCOMPLETE if lost else Status.TAMPERED
    aspect = "completeness" if lost else "integrity"
    seen.add(aspect, status, f"its chain no longer holds the head that {whose}")


_ELSEWHERE: Final = "the anchor kept elsewhere names"


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
        for each in _meant(found, anchor):
            _check_anchor(each, anchor, len(found))
        if not found and not _was_pruned(anchor, checked, pruned, key):
            reason = "is missing; an anchor kept elsewhere names it"
            problem = Problem("completeness", Status.INCOMPLETE, reason)
            missing.append(Verdict(anchor.session, "", problems=[problem]))
    return missing


def _meant(found: Sequence[_Checked], anchor: Anchor) -> list[_Checked]:
    """Of sessions of one name in several folders, those that an anchor may be of."""
    return [each for each in found if each.holds(anchor.digest)] or list(found)


def _check_anchor(checked: _Checked, anchor: Anchor, named: int) -> None:
    if not checked.holds(anchor.digest) and named > 1:
        reason = f"none of the {named} sessions of this name holds the head that {_ELSEWHERE}"
        checked.add("completeness", Status.INCOMPLETE, reason)
        return
    _check_head(checked, anchor.digest, _ELSEWHERE)
    chain = checked.chain
    ended = chain is not None and anchor.state != OPEN and checked.holds(anchor.digest)
    if ended and chain is not None and chain.head != anchor.digest:
        reason = f"its chain continues after the {anchor.state} end that {_ELSEWHERE}"
        checked.add("integrity", Status.TAMPERED, reason)


def _was_pruned(
    anchor: Anchor, checked: Sequence[_Checked], known: dict[Path, Pruned], key: str | None
) -> bool:
    for folder in {each.session.directory for each in checked}:
        pruned = known.setdefault(folder, read_pruned(folder, key))
        if anchor.session in pruned.sessions:
            return True
    return False
