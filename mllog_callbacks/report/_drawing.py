"""What a drawing of a chart is made of; the templates know its size, 860 by 270."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = [
    "BOTTOM",
    "FEW",
    "LEFT",
    "RIGHT",
    "TOP",
    "Chart",
    "Mark",
    "Note",
    "Series",
    "Table",
    "Tick",
]

LEFT, RIGHT, TOP, BOTTOM = 58.0, 742.0, 26.0, 226.0

FEW: Final = 12
"""Points that can be seen, or read in a table, one by one."""


class Tick(NamedTuple):
    """A line of the grid, with its label."""

    at: float
    label: str


class Series(NamedTuple):
    """A curve as it is drawn: a path, and its name at its end."""

    name: str
    style: str
    path: str
    label: str
    label_at: float
    dots: list[tuple[float, float]]


class Mark(NamedTuple):
    """An issue's span, with its number."""

    number: int
    severity: str
    start: float
    width: float
    title: str
    badge: float


class Note(NamedTuple):
    """A place in the drawing, with words beside it."""

    x: float
    words: str
    words_x: float
    words_y: float
    y: float = 0.0


class Table(NamedTuple):
    """The numbers of a chart, at most twelve rows."""

    columns: list[str]
    rows: list[list[str]]
    left_out: int


@dataclass(slots=True)
class Chart:
    """One metric of a run, with all its sets.

    Attributes:
        metric: Its name.
        unit: What the x axis counts.
        words: What is to be seen, for who cannot see it.
    """

    metric: str
    unit: str
    logarithmic: bool
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    series: list[Series]
    words: str
    table: Table
    marks: list[Mark] = field(default_factory=list)
    stop: Note | None = None
    kept: Note | None = None
    left_out: int = 0
