"""Runs of the same names that are under way side by side in one session: their numbers.

A line has the names of model and data set, and nothing that says of which run it is. Where these
do not tell, entries of a run carry its number from then on, in their snapshot.
"""

from itertools import count
from pathlib import Path
from typing import Final, TypeAlias

__all__ = ["NUMBER", "Place", "agree"]

Names: TypeAlias = tuple[str | None, str | None]

NUMBER: Final = "session_run"
"""The key in a snapshot: which run of its session an entry is of, counted from 1."""


class _Session:
    def __init__(self) -> None:
        self.numbers = count(1)
        self.open: dict[int, Place] = {}


# Without a lock, which a fork in the wrong moment would leave locked: each step is one of CPython's
_sessions: Final[dict[tuple[Path, str], _Session]] = {}


class Place:
    """A run's place among those of its session, from its start on.

    Args:
        directory: Where the session's files are.
        session: Its name.
        names: Of model and data set.

    Attributes:
        number: Which run it is, in the order they began.
        names: Its names.
        beside: Whether another one of such names was under way at some time: then it is told
            which this one is.
    """

    def __init__(self, directory: Path, session: str, names: Names) -> None:
        there = self._there = _sessions.setdefault((directory, session), _Session())
        self.number, self.beside = next(there.numbers), False
        self.names = names
        there.open[self.number] = self
        for other in list(there.open.values()):
            if other is not self and agree(other.names, names):
                other.beside = self.beside = True

    def leave(self) -> None:
        """The run is over."""
        self._there.open.pop(self.number, None)


def agree(one: Names, other: Names) -> bool:
    """Whether names may be of one run: a name that is missing may be any."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
