"""Proof that one entry is in a log, which an auditor checks without any other entry.

Such a proof (RFC 6962, section 2.1.1) leads from the entry to the root of its session's tree. It
is worth as much as that root is trusted: from an anchor that was kept elsewhere, or a signature.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from mllog_callbacks.chain import inclusion_path, leaf, root_by_path
from mllog_callbacks.files import last_data, open_stream
from mllog_callbacks.integrity._chains import Checkpoint, read_chain
from mllog_callbacks.integrity._lines import batches, hashes
from mllog_callbacks.integrity._sessions import Session, find_sessions

__all__ = ["Proof", "prove", "read_proof"]


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in a session's log.

    Attributes:
        session: The session's name.
        line: The entry, byte for byte.
        index: How many entries are before it.
        entries: How many entries the root covers.
        root: The root of the tree over these, as hex.
        path: The hashes that lead to it, as hex, lowest first.
    """

    session: str
    line: str
    index: int
    entries: int
    root: str
    path: list[str]

    def holds(self) -> bool:
        """Whether the path leads from the entry to the root."""
        hashed = [bytes.fromhex(each) for each in self.path]
        found = root_by_path(leaf(self.line.encode()), self.index, self.entries, hashed)
        return found is not None and found.hex() == self.root

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), ensure_ascii=False)


def prove(file: Path, number: int) -> Proof:
    """The proof of one line of a log file.

    Args:
        file: The file.
        number: The line's number, from 1.

    Raises:
        OSError: A file cannot be read.
        ValueError: There is no such line, or its session's chain does not cover it.
    """
    (session,) = find_sessions([file])
    names = {each.name: each for each in session.files}
    chain = read_chain(session.chain) if session.has_chain else None
    if chain is None or chain.last is None:
        msg = f"the session {session.name} has no chain"
        raise ValueError(msg)
    leaves: list[bytes] = []
    index = -1
    for name, lines in _covered(chain.checkpoints):
        if name not in names:
            msg = f"{name} is missing, which belongs to the session"
            raise ValueError(msg)
        if name == file.name and 0 < number <= lines:
            index = len(leaves) + number - 1
        leaves += [each for batch in _first(names[name], lines) for each in hashes(batch)]
    return _proof(session, file, number, chain.last, leaves, index)


def _proof(
    session: Session, file: Path, number: int, last: Checkpoint, leaves: list[bytes], index: int
) -> Proof:
    if index < 0:
        msg = f"{file.name} has no line {number} that its session's chain covers"
        raise ValueError(msg)
    *_, last_batch = _first(file, number)
    line = last_batch[-1].decode()
    path = [each.hex() for each in inclusion_path(leaves, index)]
    proof = Proof(session.name, line, index, last.entries, last.root, path)
    if not proof.holds():
        msg = "the log is not what its chain says; see `mllog verify`"
        raise ValueError(msg)
    return proof


def _covered(checkpoints: list[Checkpoint]) -> list[tuple[str, int]]:
    """Files in their order, and how many lines of each the chain covers."""
    return list({each.file: each.lines for each in checkpoints if each.file}.items())


def _first(file: Path, lines: int) -> Iterator[list[bytes]]:
    """The first lines of a file, in batches."""
    with open_stream(file) as stream:
        for batch, _ in batches(stream, last_data(stream)):
            yield batch[:lines]
            lines -= len(batch)
            if lines <= 0:
                return


def read_proof(text: str) -> Proof:
    """Read what `mllog prove` printed.

    Raises:
        ValueError: It is no proof.
    """
    try:
        proof = Proof(**json.loads(text))
        proof.holds()
    except (ValueError, TypeError, AttributeError, RecursionError):
        msg = "this is no proof, as `mllog prove` prints it"
        raise ValueError(msg) from None
    return proof
