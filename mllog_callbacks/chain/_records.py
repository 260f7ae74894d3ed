"""The lines of a chain's file, ``_integrity/<session>.chain``: how they are written.

The first is the opening: it binds the session's manifest, and names the heads of the sessions
that were there before. Each further one is a checkpoint. Every record holds the digest of the
one before and, at its end, its own; a signature of that digest follows where there is a key.

There is one way to write each record, so that a changed bit is never just another spelling.
"""

from hashlib import sha256

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BLOCK",
    "FORMAT",
    "OPEN",
    "RESTARTED",
    "SEALED",
    "UNSEALED",
    "WITNESSED",
    "block",
    "checkpoint",
    "opening",
    "opening_start",
    "signed",
]

FORMAT = "mllog-chain-1"
"""What a chain says it is."""

BLOCK = 100
"""Lines between two checkpoints."""

OPEN, SEALED, UNSEALED, WITNESSED = "open", "sealed", "unsealed", "witnessed"
RESTARTED = "restarted"
"""The state a checkpoint leaves a session in.

``open``: more may follow. ``sealed``: its log was closed, or its process ended, in order.
``witnessed``: its process was gone, and a witness completed it: all that was emitted is there, and
each run that was open has an end that says how the process ended. ``unsealed``: the same, but that
the witness could not find the open runs. ``restarted``: its machine was restarted, and what it had
emitted last may be lost; each run that was open in its files has an end.
"""


def opening(session: str, manifest: bytes, earlier: dict[str, str], key: str) -> bytes:
    """The first record, without its digest.

    Args:
        session: The session's name.
        manifest: The bytes of its manifest.
        earlier: Sessions that were there before, and the digests of their last records.
        key: The public key that signs, as hex; empty where none does.
    """
    start = opening_start(session, manifest).decode()
    named = ",".join(f'"{name}":"{digest}"' for name, digest in sorted(earlier.items()))
    public = f'"{key}"' if key else "null"
    return f'{start},"earlier":{{{named}}},"key":{public}'.encode()


def opening_start(session: str, manifest: bytes) -> bytes:
    """How the first record of a session's chain begins."""
    return (
        f'{{"format":"{FORMAT}","session":"{session}","manifest":"{sha256(manifest).hexdigest()}"'
    ).encode()


def checkpoint(  # noqa: PLR0913 - the fields of a record
    *,
    entries: int,
    file: str,
    lines: int,
    size: int,
    leaves: list[bytes],
    root: bytes,
    state: str,
    origin: str,
    previous: str,
) -> bytes:
    """A further record, without its digest.

    Args:
        entries: Lines of the session so far.
        file: The name of the file that holds the lines since the record before.
        lines: Lines of that file so far.
        size: Bytes of that file so far.
        leaves: The hashes of the lines since the record before.
        root: The root of the tree over all lines of the session so far.
        state: `OPEN`, `SEALED`, `UNSEALED` or `WITNESSED`.
        origin: The hash of what is known of the session's origin, as hex; empty before it is.
        previous: The digest of the record before.
    """
    known = f'"origin":"{origin}",' if origin else ""
    return (
        f'{{"entries":{entries},"file":"{file}","lines":{lines},"bytes":{size},'
        f'"block":"{block(leaves)}","root":"{root.hex()}","state":"{state}",{known}'
        f'"previous":"{previous}"'
    ).encode()


def block(leaves: list[bytes]) -> str:
    """What a checkpoint says of the lines since the one before."""
    return sha256(b"".join(leaves)).hexdigest()


def signed(record: bytes, sign: "Callable[[bytes], bytes] | None") -> tuple[bytes, str]:
    """A record's whole line, and its digest; `sign` gives no bytes where there is no key."""
    digest = sha256(record).digest()
    signature = sign(digest) if sign is not None else b""
    line = b'%b,"digest":"%b"' % (record, digest.hex().encode())
    if signature:
        line += b',"signature":"%b"' % signature.hex().encode()
    return line + b"}\n", digest.hex()
