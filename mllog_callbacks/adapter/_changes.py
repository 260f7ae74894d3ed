"""Parameters that change while a training runs: what is in force, and how it came to that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mllog_callbacks.facts import Change
from mllog_callbacks.schema import shown

__all__ = ["Changes"]

_MOST: Final = 30
"""Changes of a parameter that is no number, which are listed; the curve has those of numbers."""


@dataclass(slots=True)
class _Parameter:
    first: object
    last: object
    times: int = 0
    at: list[int] = field(default_factory=list)
    to: list[str] = field(default_factory=list)


class Changes:
    """Keeps the parameters that a schedule, a callback or the user changes."""

    def __init__(self) -> None:
        self._parameters: dict[str, _Parameter] = {}

    def expect(self, values: Mapping[str, object]) -> None:
        """Take the values at the start of parameters that may change, so that the curve has all."""
        for name, value in values.items():
            self._parameters.setdefault(name, _Parameter(value, value))

    def take(
        self, at: int, values: Mapping[str, object], before: Mapping[str, object] | None = None
    ) -> None:
        """Take new values.

        Args:
            at: The first step that has them.
            values: The values by name.
            before: The values at the start, where these are known.
        """
        for name, value in values.items():
            known = self._parameters.get(name)
            if known is None:
                first = (before or {}).get(name)
                known = self._parameters[name] = _Parameter(first, first)
            if value == known.last:
                continue
            known.last, known.times = value, known.times + 1
            if _number(value) is None and len(known.at) < _MOST:
                known.at.append(at)
                known.to.append(shown(value))

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers in force of all parameters that change, or may."""
        found = {name: _number(each.last) for name, each in self._parameters.items()}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def changed(self) -> dict[str, object]:
        """The values in force of those that have changed."""
        return {name: each.last for name, each in self._parameters.items() if each.times}

    def facts(self) -> dict[str, Change]:
        """How each that changed came to its value."""
        return {
            name: Change(
                first=each.first,
                last=each.last,
                times=each.times,
                at=tuple(each.at),
                to=tuple(each.to),
            )
            for name, each in self._parameters.items()
            if each.times
        }


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
