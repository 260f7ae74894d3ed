"""What others saw of sessions: later sessions of their folder, and anchors kept elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from mllog_callbacks.chain import OPEN
from mllog_callbacks.integrity._anchors import Anchor
from mllog_callbacks.integrity._chains import Chain
from mllog_callbacks.integrity._checked import Checked
from mllog_callbacks.integrity._retention import Pruned, read_pruned
from mllog_callbacks.integrity._sessions import Session
from mllog_callbacks.integrity._verdicts import Problem, Status, Verdict

__all__ = ["check_anchors", "check_heads"]

_ELSEWHERE: Final = "the anchor kept elsewhere names"


def check_heads(
    folder: Path, sessions: Mapping[str, Checked], *, whole: bool, key: str | None
) -> list[Verdict]:
    """Check that what sessions saw of those before them is there still.

    Args:
        folder: The folder that the sessions are in.
        sessions: Those of it that are checked, by name.
        whole: Whether they are all there are.
        key: The public key that must have signed the record of what was removed.

    Returns:
        A verdict on each session that is missing.
    """
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
                missing.setdefault(name, _missing(name, str(folder), reason))
    return list(missing.values())


def _missing(name: str, folder: str, reason: str) -> Verdict:
    problem = Problem("completeness", Status.INCOMPLETE, reason)
    return Verdict(name, folder, problems=[problem])


def _check_head(seen: Checked, digest: str, whose: str) -> None:
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


def check_anchors(
    checked: Sequence[Checked],
    anchors: Sequence[Anchor],
    folders: Iterable[Path],
    key: str | None,
) -> list[Verdict]:
    """Check that the heads that were kept elsewhere are there still.

    Sessions of one name may be in several folders: an anchor is of the one whose chain begins with
    the record it names.

    Args:
        checked: The sessions.
        anchors: The heads.
        folders: Those that may have a record of what was removed.
        key: The public key that must have signed the records of what was removed.

    Returns:
        A verdict on each session that is missing.
    """
    by_name: dict[str, list[Checked]] = {}
    for each in checked:
        by_name.setdefault(each.session.name, []).append(each)
    records = [read_pruned(each, key) for each in folders]
    known = _Known(
        {each.opening for each in anchors}, {each.digest for each in anchors if each.state != OPEN}
    )
    missing = []
    for anchor in anchors:
        found = _meant(by_name.get(anchor.session, []), anchor, known)
        for each in found:
            _check_anchor(each, anchor, len(found))
        if not found and not _was_pruned(anchor, records):
            reason = "is missing; an anchor kept elsewhere names it"
            missing.append(_missing(anchor.session, "", reason))
    return missing


class _Known(NamedTuple):
    """What all anchors name: the first records of chains, and the last ones of those that ended."""

    openings: set[str]
    ends: set[str]


def _meant(named: Sequence[Checked], anchor: Anchor, known: _Known) -> list[Checked]:
    """Of the sessions of an anchor's name, those it may be of."""
    if holding := [each for each in named if each.holds(anchor.digest)]:
        return holding
    own = [each for each in named if _opening(each.chain) == anchor.opening]
    # a session that another anchor is of is not the one that this one is of
    others = [each for each in named if _opening(each.chain) not in known.openings]
    meant = own or others
    return [each for each in meant if each.chain is None or each.chain.head not in known.ends]


def _opening(chain: Chain | None) -> str:
    return chain.opening.digest if chain is not None and chain.opening is not None else ""


def _check_anchor(checked: Checked, anchor: Anchor, named: int) -> None:
    holds = checked.holds(anchor.digest)
    if not holds and named > 1:
        reason = f"none of the {named} sessions of this name holds the head that {_ELSEWHERE}"
        checked.add("completeness", Status.INCOMPLETE, reason)
        return
    _check_head(checked, anchor.digest, _ELSEWHERE)
    if holds and anchor.state != OPEN and checked.chain is not None:
        _check_end(checked, checked.chain, anchor)


def _check_end(checked: Checked, chain: Chain, anchor: Anchor) -> None:
    """Nothing follows an end, but that it may have been written again after a kill."""
    digests = [each.digest for each in chain.checkpoints]
    at = digests.index(anchor.digest) if anchor.digest in digests else -1
    further = chain.checkpoints[at + 1 :] if at >= 0 else []
    if not further:
        return
    end = f"the {anchor.state} end that {_ELSEWHERE}"
    if all(each.repeats(chain.checkpoints[at]) for each in further):
        checked.add("completeness", Status.UNSEALED, f"its chain repeats {end}")
    else:
        checked.add("integrity", Status.TAMPERED, f"its chain continues after {end}")


def _was_pruned(anchor: Anchor, records: Iterable[Pruned]) -> bool:
    return any(anchor.opening in each.openings for each in records)
