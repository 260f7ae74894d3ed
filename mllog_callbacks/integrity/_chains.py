"""Reading a session's chain back: its records, and whether they are as they were written."""

import errno
import json
import os
import re
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

from mllog_callbacks.chain import BLOCK, FORMAT, OPEN
from mllog_callbacks.files import UnsafeFileError, open_stream

__all__ = ["Chain", "Checkpoint", "Opening", "read_chain"]

_MOST_BYTES: Final = 1 << 26
"""Bytes of a chain that are read: some 150,000 records, of 15 million entries."""

_LONGEST: Final = 1 << 14
"""Bytes of a record; the opening, with 16 names of at most 255 bytes, is below 7 KiB."""

_MOST_BROKEN: Final = 20
"""Broken records after which the rest of a chain is not read."""

_HASH: Final = rb'"([0-9a-f]{64})"'
_END: Final = rb',"digest":' + _HASH + rb'(?:,"signature":"([0-9a-f]{128})")?\}'
_OPENING: Final = re.compile(
    rb'(\{"format":"%b","session":"([^"]+)","manifest":%b,'
    rb'"earlier":(\{(?:"[A-Za-z0-9._-]+":"[0-9a-f]{64}",?)*\}),'
    rb'"key":(?:null|%b))' % (FORMAT.encode(), _HASH, _HASH) + _END
)
_CHECKPOINT: Final = re.compile(
    rb'(\{"entries":(\d{1,18}),"file":"([^"]*)","lines":(\d{1,18}),"bytes":(\d{1,18}),'
    rb'"block":%b,"root":%b,'
    rb'"state":"(open|sealed|unsealed|witnessed|restarted)",(?:"origin":%b,)?"previous":%b)'
    % (_HASH, _HASH, _HASH, _HASH)
    + _END
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The first record of a chain.

    Attributes:
        session: Whose chain it is.
        manifest: The hash of the session's manifest.
        earlier: By session, the digest of the last record of a chain that was there before.
        key: The public key that signs, as hex; empty where none does.
        digest: Its own.
        signature: Of the digest, as hex; empty where there is none.
    """

    session: str
    manifest: str
    earlier: dict[str, str]
    key: str
    digest: str
    signature: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A further record.

    Attributes:
        entries: Lines of the session so far.
        file: The name of the file that holds the lines since the record before.
        lines: Lines of that file so far.
        bytes: Bytes of that file so far.
        block: The hash of the hashes of the lines since the record before.
        root: The root of the Merkle tree over all lines of the session so far, as hex.
        state: ``open``, ``sealed``, ``unsealed``, ``witnessed`` or ``restarted``.
        origin: The hash of what is known of the session's origin; empty where it was not known yet.
        previous: The digest of the record before.
        digest: Its own.
        signature: Of the digest, as hex; empty where there is none.
    """

    entries: int
    file: str
    lines: int
    bytes: int
    block: str
    root: str
    state: str
    origin: str
    previous: str
    digest: str
    signature: str

    def repeats(self, end: "Checkpoint") -> bool:
        """Whether it says of the session's end what another record says already."""
        return (self.entries, self.root, self.state) == (end.entries, end.root, end.state)


@dataclass(slots=True)
class Chain:
    """A chain as it was found.

    Attributes:
        path: Its file.
        opening: The first record; None where that cannot be read.
        checkpoints: The further ones, as far as they can be read.
        broken: The numbers of lines that are not as they were written, and why.
        unfinished: Whether the last record lacks its newline: its writer was killed.
    """

    path: Path
    opening: Opening | None = None
    checkpoints: list[Checkpoint] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    unfinished: bool = False

    @property
    def last(self) -> Checkpoint | None:
        """The last checkpoint, if there is one."""
        return self.checkpoints[-1] if self.checkpoints else None

    @property
    def state(self) -> str:
        """The state of the session, as in its last checkpoint; ``open`` where there is none."""
        return self.last.state if self.last else OPEN

    @property
    def is_completed_without_key(self) -> bool:
        """Whether it is signed, but not at its end."""
        signed = self.opening is not None and bool(self.opening.key)
        return signed and self.last is not None and not self.last.signature

    @property
    def head(self) -> str:
        """The digest of the last record; empty where there is none."""
        if self.last is not None:
            return self.last.digest
        return self.opening.digest if self.opening is not None else ""

    @property
    def origins(self) -> list[str]:
        """The hashes of what was known of the session's origin, in the order of the records."""
        return [each.origin for each in self.checkpoints if each.origin]

    @property
    def digests(self) -> set[str]:
        """The digests of all records."""
        first = {self.opening.digest} if self.opening is not None else set()
        return first | {each.digest for each in self.checkpoints}


def read_chain(path: Path) -> Chain:
    """Read a chain, and hold each record against its own digest and against the one before.

    Raises:
        UnsafeFileError: The file is a link, not a regular file, or larger than any chain.
        OSError: The file cannot be read.
    """
    chain = Chain(path)
    with open_stream(path) as stream:
        if os.fstat(stream.fileno()).st_size > _MOST_BYTES:
            reason = f"is larger than {_MOST_BYTES:,} bytes and is not read"
            raise UnsafeFileError(errno.EFBIG, reason, str(path))
        _read_records(chain, stream)
    return chain


def _read_records(chain: Chain, stream: BinaryIO) -> None:
    for number in count(1):
        line = stream.readline(_LONGEST)
        if not line.endswith(b"\n"):
            chain.unfinished = bool(line)
            if len(line) == _LONGEST:
                chain.broken.append((number, "is longer than any record"))
            return
        try:
            if number == 1:
                chain.opening = _read_opening(line[:-1])
            else:
                _follow(chain, _read_checkpoint(line[:-1]))
        except ValueError as error:
            chain.broken.append((number, str(error)))
            if len(chain.broken) == _MOST_BROKEN:
                return


def _follow(chain: Chain, record: Checkpoint) -> None:
    before, entries = chain.head, chain.last.entries if chain.last is not None else 0
    chain.checkpoints.append(record)
    if not 0 <= record.entries - entries <= BLOCK:
        msg = "does not count on from the record before"
        raise ValueError(msg)
    if record.previous != before:
        msg = "does not follow the record before"
        raise ValueError(msg)


def _read_opening(line: bytes) -> Opening:
    text, session, manifest, earlier, key, digest, signature = _match(_OPENING, line)
    _check_digest(text, digest)
    return Opening(
        session.decode(),
        manifest.decode(),
        json.loads(earlier),
        key.decode(),
        digest.decode(),
        signature.decode(),
    )


def _read_checkpoint(line: bytes) -> Checkpoint:
    text, entries, file, lines, size, *hashes = _match(_CHECKPOINT, line)
    block, root, state, origin, previous, digest, signature = (each.decode() for each in hashes)
    _check_digest(text, digest.encode())
    return Checkpoint(
        int(entries),
        file.decode(),
        int(lines),
        int(size),
        block,
        root,
        state,
        origin,
        previous,
        digest,
        signature,
    )


def _match(pattern: re.Pattern[bytes], line: bytes) -> tuple[bytes, ...]:
    if not (found := pattern.fullmatch(line)):
        msg = "is not a record of a chain as it is written"
        raise ValueError(msg)
    return found.groups(b"")


def _check_digest(text: bytes, digest: bytes) -> None:
    if sha256(text).hexdigest().encode() != digest:
        msg = "is not what its digest says"
        raise ValueError(msg)
