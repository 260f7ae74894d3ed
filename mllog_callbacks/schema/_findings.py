"""What may be wrong with a line of a log."""

from mllog_callbacks._record import Record

__all__ = ["Finding"]


class Finding(Record):
    """What is wrong with a line.

    Attributes:
        field: The field concerned, or ``"line"``.
        reason: What was found and what was expected.
    """

    field: str
    reason: str
