"""Verifying sessions: their lines against their chains, and their chains against each other."""

import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final

from mllog_callbacks.chain import OPEN, RESTARTED, SEALED, UNSEALED, WITNESSED
from mllog_callbacks.files import read_regular
from mllog_callbacks.integrity._anchors import Anchor
from mllog_callbacks.integrity._chains import Chain, Opening, read_chain
from mllog_callbacks.integrity._checked import Checked
from mllog_callbacks.integrity._content import Progress, check_content
from mllog_callbacks.integrity._origins import check_origin
from mllog_callbacks.integrity._retention import read_pruned
from mllog_callbacks.integrity._sessions import (
    MOST_BYTES,
    Session,
    complete,
    is_folder,
    sessions_of,
    sidecar_folders,
)
from mllog_callbacks.integrity._signatures import check_signatures
from mllog_callbacks.integrity._verdicts import Problem, Status, Verdict
from mllog_callbacks.integrity._witnesses import check_anchors, check_heads
from mllog_callbacks.schema import count
from mllog_callbacks.sinks import Recovered

__all__ = ["verify"]

_ENDS: Final = {
    SEALED: "the chain is sealed",
    WITNESSED: "a witness sealed the chain when the process was gone",
}
"""What vouches for the end of a session, by the state that its chain leaves it in."""


def verify(
    paths: Iterable[str | os.PathLike[str]],
    *,
    key: str | None = None,
    anchors: Sequence[Anchor] = (),
    progress: Progress | None = None,
) -> list[Verdict]:
    """Say of each session whether it is as it was written, all there, and signed.

    A file that cannot be read, or is a link or a special file, is a problem of its session alone.

    Args:
        paths: Folders, with all below them, or files; of a file, its session as a whole.
        key: The public key that must have signed, as hex; default whichever the session names.
        anchors: Heads that were kept elsewhere; each must still be there.
        progress: Called now and then with a session and how many of its lines were read.

    Raises:
        FileNotFoundError: There is no such path.
    """
    given = [Path(each) for each in paths]
    left = [_left(folder, each) for folder, each in complete(given) if each.error]
    checked = [_check(each, key, progress) for each in sessions_of(given)]
    folders = {each.resolve() for each in given if is_folder(each)}
    by_folder = groupby(checked, key=lambda each: each.session.directory)
    others = left + [verdict for each in folders for verdict in _check_folders(each, key)]
    for folder, group in by_folder:
        together = {each.session.name: each for each in group}
        whole = any(folder.resolve().is_relative_to(each) for each in folders)
        others += check_heads(folder, together, whole=whole, key=key)
    directories = {each.session.directory for each in checked} | {
        sidecars.parent for each in folders for sidecars, _ in sidecar_folders(each)
    }
    others += check_anchors(checked, anchors, directories, key)
    return [*(each.verdict for each in checked), *others]


def _left(folder: Path, found: Recovered) -> Verdict:
    """What a killed session left in memory, and could not be written to its file."""
    reason = f"may have entries that were not written to its file: {found.error}"
    problem = Problem("completeness", Status.UNSEALED, reason)
    return Verdict(found.session, str(folder), problems=[problem])


def _check(session: Session, key: str | None, progress: Progress | None) -> Checked:
    verdict = Verdict(session.name, str(session.directory), signature_required=key is not None)
    checked = Checked(session, None, verdict)
    try:
        _check_session(checked, key, progress)
    except ImportError:
        reason = "is signed; checking that needs `cryptography`, which is not installed"
        checked.add("authenticity", Status.NOT_CHECKABLE, reason)
        checked.add("integrity", Status.NOT_CHECKABLE, reason)
    return checked


def _check_session(checked: Checked, key: str | None, progress: Progress | None) -> None:
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
    check_signatures(checked, key)
    check_content(checked, progress)
    _gather_evidence(checked, chain)


def _add_no_chain(checked: Checked) -> None:
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


def _gather_evidence(checked: Checked, chain: Chain | None) -> None:
    """What vouches for each aspect; where there is none, it is not checkable."""
    evidence = checked.verdict.evidence
    if checked.formed:
        evidence["life cycle"] = f"the order and the names of {count(checked.formed, 'entry')}"
        if killed := checked.verdict.killed:
            evidence["life cycle"] += f"; {count(killed, 'run')} ended with a killed process"
    if chain is None or chain.opening is None:
        return
    covered = chain.last.entries if chain.last is not None else 0
    if covered or not checked.entries:
        evidence["integrity"] = f"the chain covers {count(covered, 'entry')}"
    if chain.state in _ENDS:
        evidence["completeness"] = _ENDS[chain.state]
        if not checked.entries:
            evidence["life cycle"] = "the sealed chain covers no entry"


def _check_chain(checked: Checked, chain: Chain) -> None:
    """The chain in itself, the manifest, and how the session ended."""
    for number, reason in chain.broken:
        name = chain.path.name
        checked.add("integrity", Status.TAMPERED, f"the record {reason}", name, number, number)
    if chain.opening is None:
        if not chain.broken:
            checked.add("completeness", Status.UNSEALED, "its chain was not begun")
            checked.add("integrity", Status.NOT_CHECKABLE, "its chain holds no record")
    elif chain.opening.session != checked.session.name:
        reason = f"its chain is that of the session {chain.opening.session}"
        checked.add("integrity", Status.TAMPERED, reason)
    else:
        _check_manifest(checked, chain.opening)
        check_origin(checked, chain)
    if chain.unfinished or chain.state == OPEN:
        reason = "is not sealed: it is still open, or its process was killed"
        checked.add("completeness", Status.UNSEALED, reason)
    elif chain.state == UNSEALED:
        reason = "is not sealed: its process was killed; all that it had emitted is there"
        checked.add("completeness", Status.UNSEALED, reason)
    elif chain.state == RESTARTED:
        reason = "is not sealed: its machine was restarted; what it emitted last may be lost"
        checked.add("completeness", Status.UNSEALED, reason)
    elif chain.state == WITNESSED and chain.is_completed_without_key:
        reason = "is not sealed: its process was killed, and it was completed without the key"
        checked.add("completeness", Status.UNSEALED, reason)


def _check_manifest(checked: Checked, opening: Opening) -> None:
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
