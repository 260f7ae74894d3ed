"""One fact of what a run is, and a difference in it."""

import json
from typing import Final, NamedTuple

__all__ = ["CALLER", "DEFAULT", "Difference", "Trait"]

CALLER: Final = "the caller"
DEFAULT: Final = "default"


class Trait(NamedTuple):
    """One fact of what a run is.

    Attributes:
        value: Its value.
        by: Who set it: "the caller", "default", another that the log names; empty where the log
            does not say, or where nobody sets it, such as the rows of data.
    """

    value: object
    by: str = ""

    @property
    def is_chosen(self) -> bool:
        """Whether it follows from nothing else: neither a default nor derived."""
        return not self.by.startswith((DEFAULT, "the default", "derived"))

    @property
    def key(self) -> float | str:
        """The same for the same value: a number itself, of anything else its JSON."""
        kind = type(self.value)
        if kind is int or kind is float:
            return self.value  # type: ignore[return-value]  # it is a number
        if kind is str:
            return f'"{self.value}"'
        return json.dumps(self.value, sort_keys=True, default=str)


class Difference(NamedTuple):
    """A trait in which a run differs from another, or from what most runs have.

    Attributes:
        name: The trait.
        here: What the run has; None where it has none of that name.
        there: What the other has, or most runs.
    """

    name: str
    here: Trait | None
    there: Trait | None

    @property
    def is_chosen(self) -> bool:
        """Whether somebody chose it; else it is a default, or follows from other differences."""
        return any(each is not None and each.is_chosen for each in (self.here, self.there))
