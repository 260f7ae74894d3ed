"""Which run an entry is of: its number, and the names that two entries of one run agree in."""

from typing import Final, NamedTuple, TypeAlias

__all__ = ["RUN", "Names", "RunOf", "may_be_same"]

RUN: Final = "run"
"""The key in a snapshot: the number of the run in its session, counted from 1."""

Names: TypeAlias = tuple[str | None, str | None]
"""Names of model and data set."""


def may_be_same(one: Names, other: Names) -> bool:
    """Whether names may be of one run: a name that is missing may be any."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


class RunOf(NamedTuple):
    """What an entry says of its run: its number, where it has one, and its names."""

    number: int | None
    names: Names

    def may_be(self, other: "RunOf") -> bool:
        """Whether both may be one run: of two numbers, the numbers decide; else the names."""
        numbered = None not in {self.number, other.number}
        return self.number == other.number if numbered else may_be_same(self.names, other.names)
