"""Where objects come from: which data set and model a call's result belongs to."""

import types
import weakref
from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Names", "Origins"]

_PLAIN: Final = frozenset({str, int, float, bool, bytes, dict, type(None)})
_LOOKED_INTO: Final = 8  # items of a tuple such as (X_train, X_test, y_train, y_test)


class Names(NamedTuple):
    """The names of a data set and a model; None where not known."""

    dataset: str | None = None
    model: str | None = None

    def or_else(self, other: "Names") -> "Names":
        """These, and in the place of what is not known, others."""
        return Names(
            other.dataset if self.dataset is None else self.dataset,
            other.model if self.model is None else self.model,
        )


class Origins:
    """The names that objects belong to, by identity; keeps none of the objects alive.

    What can have no weak reference (numbers, texts, dictionaries) is not remembered.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[object], Names]] = {}

    def remember(self, result: object, names: Names) -> None:
        """Take note of whose result an object is; of a tuple or list, whose its items are."""
        if type(result) in _PLAIN:
            return
        for item in _items(result):
            if isinstance(item, (type, types.FunctionType, types.ModuleType)):
                continue
            key = id(item)
            try:
                reference = weakref.ref(item, lambda _, key=key: self._known.pop(key, None))  # type: ignore[misc]  # mypy infers no lambda's default
            except TypeError:
                continue
            self._known[key] = reference, names

    def find(self, values: Iterable[object]) -> Names:
        """The names known of any of these objects; the first one's count."""
        found = Names()
        if not self._known:
            return found
        for value in values:
            for item in _items(value):
                known = self._known.get(id(item))
                if known is not None and known[0]() is item:
                    found = found.or_else(known[1])
        return found


def _items(value: object) -> Iterable[object]:
    return value[:_LOOKED_INTO] if isinstance(value, (tuple, list)) else (value,)
