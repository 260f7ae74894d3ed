"""What may be wrong with a line of a log."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a line.

    Attributes:
        field: The field concerned, or ``"line"``.
        reason: What was found and what was expected.
    """

    field: str
    reason: str
