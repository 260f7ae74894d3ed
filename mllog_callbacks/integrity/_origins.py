"""What is known of a session's origin, held against the chain that names it."""

import os
from hashlib import sha256

from mllog_callbacks.chain import SEALED
from mllog_callbacks.files import LARGEST_ORIGIN, read_regular
from mllog_callbacks.integrity._chains import Chain
from mllog_callbacks.integrity._checked import Checked
from mllog_callbacks.integrity._verdicts import Status

__all__ = ["check_origin"]


def check_origin(checked: Checked, chain: Chain) -> None:
    """Check that a session's origin is as it was written.

    It is written again when the session ends; of one whose process was killed, or that is open,
    what an earlier record names is sound as well, and none may name it yet.
    """
    origin, named = checked.session.origin, chain.origins
    sealed = chain.state == SEALED
    if not named and not (sealed and os.path.lexists(origin)):
        return
    try:
        found = sha256(read_regular(origin, LARGEST_ORIGIN)).hexdigest()
    except FileNotFoundError:
        checked.add("completeness", Status.INCOMPLETE, "what is known of its origin is missing")
        return
    except OSError as error:
        checked.cannot_read(origin, error)
        return
    if not named:
        reason = "is not vouched for: the sealed chain names no origin"
        checked.add("integrity", Status.TAMPERED, reason, origin.name)
    elif found == named[-1] or (found in named and not sealed):
        return
    elif found in named:
        reason = "is that of an earlier moment: its last version is missing"
        checked.add("completeness", Status.INCOMPLETE, reason, origin.name)
    else:
        reason = "is not the origin that was written"
        checked.add("integrity", Status.TAMPERED, reason, origin.name)
