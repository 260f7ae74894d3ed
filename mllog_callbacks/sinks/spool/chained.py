"""The chain of a session whose lines are in a spool: it follows what was written to the file.

Its state is kept in the spool, so that whoever comes after a killed drainer goes on from there.
Nothing here fails: a chain that cannot go on is left, and the session is told as unsealed.
"""

import os

from mllog_callbacks.chain.heads import SUFFIX, chain_path
from mllog_callbacks.chain.writer import Chain
from mllog_callbacks.sinks.spool.layout import FIRST, About, Segment

__all__ = ["Chained"]


class Chained:
    """Feeds a chain from a spool's segments; used by one thread.

    Args:
        folder: The session's spool.
        about: What it is for.
    """

    def __init__(self, folder: str, about: About) -> None:
        path = chain_path(os.fsdecode(about.sidecar))
        session = os.path.basename(path).removesuffix(SUFFIX)
        self._chain = Chain(path, session, about.manifest, FIRST)
        self._state = f"{folder}/chain"
        try:
            self._chain.restore(self._state)
        except (OSError, ValueError):  # it starts anew, and finds its file there: it ends here
            return

    def follow(self, segment: Segment, position: int, name: bytes) -> None:
        """Take the lines up to a position of the stream, which are in the file now."""
        first = max(segment.start, self._chain.position)
        lines = segment.memory[segment.offset(first) : segment.offset(position)]
        if lines and self._chain.take(os.fsdecode(name), lines):
            self.save()

    def skip(self, position: int) -> None:
        """Go on from another position of the stream."""
        self._chain.position = position
        self.save()

    def save(self) -> None:
        """Keep the state: what is before its position may be cleared then."""
        try:
            self._chain.save(self._state)
        except OSError:  # the spool was removed
            return

    def end(self, *, sealed: bool) -> None:
        """Write the last record."""
        self._chain.end(sealed=sealed)
