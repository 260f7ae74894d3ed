"""The chain of a session whose lines are in a spool: it follows what was written to the file.

Its state is kept in the spool, so that whoever comes after a killed drainer goes on from there.
"""

import os

from mllog_callbacks.chain import Chain, chain_path
from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._control import FIRST
from mllog_callbacks.sinks.spool._segment import Segment

__all__ = ["Chained"]


class Chained:
    """Feeds a chain from a spool's segments; used by one thread. Never raises `OSError`.

    Args:
        folder: The session's spool.
        about: What it is for.
    """

    def __init__(self, folder: str, about: About) -> None:
        path = chain_path(os.fsdecode(about.sidecar))
        self._chain = Chain(path, about.session, about.manifest, FIRST, f"{folder}/chain")

    @property
    def position(self) -> int:
        """Up to where in the stream the chain took lines."""
        return self._chain.position

    @property
    def unsigned(self) -> bool:
        """Whether the chain should be signed, and is not."""
        return self._chain.unsigned

    def follow(self, segment: Segment, position: int, name: bytes) -> None:
        """Take the lines up to a position of the stream, which are in the file now."""
        first = max(segment.start, self._chain.position)
        self._chain.position = first  # what came before the first segment was in another spool
        lines = segment.memory[segment.offset(first) : segment.offset(position)]
        self._chain.take(os.fsdecode(name), lines[: lines.rfind(b"\n") + 1])

    def skip(self, position: int) -> None:
        """Go on from another position of the stream."""
        self._chain.position = position
        self._chain.save()

    def save(self) -> None:
        """Keep the state: what is before its position is cleared next."""
        self._chain.save()

    @property
    def is_foreign(self) -> bool:
        """Whether the chain was signed so far, and this process has not the key."""
        return self._chain.is_foreign

    def end(self, state: str) -> None:
        """Write the last record, which leaves the session in this state."""
        self._chain.end(state)
