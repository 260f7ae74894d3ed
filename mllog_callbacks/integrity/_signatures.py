"""Whether the records of a chain are signed, and by whom."""

from typing import Final

from mllog_callbacks.chain import RESTARTED, SEALED, UNSEALED, WITNESSED
from mllog_callbacks.integrity._chains import Chain, Checkpoint, Opening
from mllog_callbacks.integrity._checked import Checked
from mllog_callbacks.integrity._keys import is_signed_by
from mllog_callbacks.integrity._verdicts import Status
from mllog_callbacks.schema import count

__all__ = ["check_signatures"]

_COMPLETED: Final = frozenset({RESTARTED, UNSEALED, WITNESSED})
"""The states of sessions that somebody else completed, maybe without the key."""


def check_signatures(checked: Checked, key: str | None) -> None:
    """Check all signatures of a session's chain.

    Args:
        checked: The session.
        key: The public key that must have signed, as hex; None for the one that the chain names.

    Raises:
        ImportError: It is signed, and `cryptography` is not installed.
    """
    chain = checked.chain
    if chain is None or chain.opening is None:
        checked.add("authenticity", Status.NOT_CHECKABLE, "has no chain that could be signed")
        return
    public = checked.verdict.signer = chain.opening.key
    if not public:
        _add_unsigned(checked, chain, key)
        return
    if key not in {None, public}:
        checked.add("authenticity", Status.TAMPERED, f"was signed by another key: {public}")
    records: list[Opening | Checkpoint] = [chain.opening, *chain.checkpoints]
    if _check_records(checked, chain, public, records):
        signed = f"{count(len(records), 'record')} signed by {public}"
        checked.verdict.evidence["authenticity"] = signed


def _add_unsigned(checked: Checked, chain: Chain, key: str | None) -> None:
    """Nothing is signed: a defect where a key was given."""
    if key is not None and chain.state not in _COMPLETED:
        checked.add("authenticity", Status.TAMPERED, "is not signed")
    elif key is not None:  # a kill before the first record was signed, or all of it forged
        reason = "no record is signed: whoever can write here may have written all of it"
        checked.add("authenticity", Status.NOT_CHECKABLE, reason)
    else:
        checked.add("authenticity", Status.NOT_CHECKABLE, "is not signed")


def _check_records(
    checked: Checked, chain: Chain, public: str, records: list[Opening | Checkpoint]
) -> bool:
    """Check each record; say whether all are signed, or not as they should be."""
    end: Checkpoint | None = None
    for number, each in enumerate(records, 1):
        if not each.signature and end is not None:
            _add_behind_end(checked, chain, end, number)
            return False
        if not each.signature and chain.state in _COMPLETED:
            reason = "was completed without the key, from here on"
            checked.add("authenticity", Status.UNSEALED, reason, chain.path.name, number, number)
            return False
        if not each.signature or not is_signed_by(public, each.digest, each.signature):
            reason = "the record is not signed by its session's key"
            checked.add("authenticity", Status.TAMPERED, reason, chain.path.name, number, number)
        if isinstance(each, Checkpoint) and each.state in {SEALED, WITNESSED}:
            end = each
    return True


def _add_behind_end(checked: Checked, chain: Chain, end: Checkpoint, number: int) -> None:
    """A record without a signature follows the signed end.

    A drainer that is killed between sealing a session and saying so has its end written again,
    maybe without the key; that record adds nothing.
    """
    further = chain.checkpoints[number - 2 :]
    if all(each.repeats(end) for each in further):
        status, reason = Status.UNSEALED, "the record is not signed; it repeats the signed end"
    else:
        status = Status.TAMPERED
        reason = "the record is not signed, and follows the signed end of its session"
    checked.add("authenticity", status, reason, chain.path.name, number, number)
