"""Parameters that change while a training runs: what is in force, and every change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mllog_callbacks.schema import shown

__all__ = ["LEARNING_RATE", "Schedule"]

LEARNING_RATE: Final = "learning_rate"
_MOST_CHANGES: Final = 30
_OWN: Final = {"objective": "none"}
"""What LightGBM itself sets, for an objective of the caller's own."""


@dataclass(slots=True)
class _Change:
    """A parameter that changed.

    Attributes:
        first: Its value at the start.
        last: The value in force.
        count: How often it changed.
        at: The iterations from which on it had another value, where that is no number.
        to: Those values, as text.
    """

    first: object
    last: object
    count: int = 0
    at: list[int] = field(default_factory=list)
    to: list[str] = field(default_factory=list)


class Schedule:
    """What `Booster.reset_parameter` changes, by whichever callback.

    Attributes:
        in_force: Numbers in force of the parameters that have changed, and of the learning rate
            where it may; another object after each change.
    """

    def __init__(self) -> None:
        self.in_force: Mapping[str, float] = {}
        self._changes: dict[str, _Change] = {}

    def expect(self, rate: object) -> None:
        """The learning rate may change, as something is called before each iteration."""
        if (value := _number(rate)) is not None:
            self.in_force = {LEARNING_RATE: value}

    def reset(
        self, iteration: int, values: Mapping[str, object], before: Mapping[str, object]
    ) -> None:
        """Take a change.

        Args:
            iteration: The first iteration that it holds for, counted from 1.
            values: The new values, by main names.
            before: The values at the start, by main names.
        """
        if values == _OWN:
            return
        for name, value in values.items():
            change = self._changes.setdefault(name, _Change(before.get(name), before.get(name)))
            if value == change.last:
                continue
            change.last, change.count = value, change.count + 1
            if _number(value) is None and len(change.at) < _MOST_CHANGES:
                change.at.append(iteration)
                change.to.append(shown(value))
        numbers = {name: _number(value) for name, value in values.items()}
        found = {name: value for name, value in numbers.items() if value is not None}
        self.in_force = {**self.in_force, **found}

    def as_fact(self) -> dict[str, dict[str, object]]:
        """Each parameter that changed: its first value and its last, and how often it changed."""
        return {
            name: {
                "first": each.first,
                "last": each.last,
                "changes": each.count,
                **({"at": each.at, "to": each.to} if each.at else {}),
            }
            for name, each in self._changes.items()
            if each.count
        }


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)
