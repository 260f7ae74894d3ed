"""Anchors: the heads of chains, to be kept where whoever can change the logs cannot."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields

from mllog_callbacks.integrity._chains import read_chain
from mllog_callbacks.integrity._sessions import find_sessions

__all__ = ["Anchor", "anchors_of", "read_anchors"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of one session's chain.

    Attributes:
        session: Its name.
        entries: How many entries it covers.
        state: ``sealed``, ``witnessed``, ``unsealed`` or ``open``.
        root: The root of the Merkle tree over these entries, as hex.
        digest: The digest of the chain's last record, which covers all before it.
        opening: The digest of its first record: of no other session, whatever its name.
    """

    session: str
    entries: int
    state: str
    root: str
    digest: str
    opening: str

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


def anchors_of(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Anchor]:
    """The heads of all sessions that paths mean; those without a readable one are left out.

    Raises:
        OSError: A path does not exist or cannot be read.
    """
    for session in find_sessions(paths):
        if session.has_chain:
            try:
                chain = read_chain(session.chain)
            except OSError:  # `verify` says why
                continue
            last, opening = chain.last, chain.opening
            if last is not None and opening is not None and not chain.broken:
                yield Anchor(
                    session.name, last.entries, last.state, last.root, last.digest, opening.digest
                )


def read_anchors(lines: Iterable[str]) -> list[Anchor]:
    """Read what `mllog anchor` printed.

    Raises:
        ValueError: A line is no anchor, or there is none.
    """
    anchors = [_read(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not anchors:
        msg = "there is no anchor; `mllog anchor` prints them"
        raise ValueError(msg)
    return anchors


def _read(number: int, line: str) -> Anchor:
    try:
        anchor = Anchor(**json.loads(line))
        kinds = [(each.name, int if each.name == "entries" else str) for each in fields(Anchor)]
        if all(isinstance(getattr(anchor, name), kind) for name, kind in kinds):
            return anchor
        raise TypeError  # noqa: TRY301 - as where a field is missing
    except (ValueError, TypeError, RecursionError):
        msg = f"line {number} is no anchor, as `mllog anchor` prints them"
        raise ValueError(msg) from None
