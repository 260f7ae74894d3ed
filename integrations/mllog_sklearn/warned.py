"""Warnings as they are made, seen without a trace in how they reach the user.

`warnings.showwarning`, the filters and their registries belong to the user and to all threads;
none of them is touched. What is watched is the making of a warning: the classes of warnings that
tell of trouble in a fit get an `__init__` that lets their audience know, in the thread that warns.
So a warning is seen also where a filter hides it, and every filter does as it would without.
"""

import re
import threading
from collections import Counter
from typing import Final

from scipy.linalg import LinAlgWarning
from sklearn.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    DataDimensionalityWarning,
    EfficiencyWarning,
    FitFailedWarning,
    PositiveSpectrumWarning,
    UndefinedMetricWarning,
)

__all__ = ["Audience", "Hearing"]

_KINDS: Final[tuple[type[Warning], ...]] = (
    ConvergenceWarning,
    DataConversionWarning,
    DataDimensionalityWarning,
    EfficiencyWarning,
    FitFailedWarning,
    LinAlgWarning,
    PositiveSpectrumWarning,
    UndefinedMetricWarning,
)
_DISTINCT: Final = 20

Audience = Counter[tuple[type[Warning], str]]
"""Warnings by class and message, with how often they were made.

Those that differ in numbers alone, as of each fold of a cross-validation, count as the first.
"""


_NUMBER: Final = re.compile(r"\d[\d.,]*(?:e[-+]?\d+)?|\binf\b|\bnan\b")


class _Listening(threading.local):
    hearings: "tuple[Hearing, ...]" = ()


_listening = _Listening()


class Hearing:
    """Counts the warnings that this thread makes from now on, until `stop`.

    Attributes:
        heard: What was heard so far.
    """

    def __init__(self) -> None:
        _watch_kinds()
        self.heard: Audience = Counter()
        self._forms: dict[tuple[type[Warning], str], str] = {}
        self._before = _listening.hearings
        _listening.hearings = (*self._before, self)

    def stop(self) -> None:
        """Count no more."""
        _listening.hearings = self._before

    def hear(self, kind: type[Warning], message: str) -> None:
        """Count one, with those like it."""
        form = kind, _NUMBER.sub("#", message)
        if form in self._forms or len(self._forms) < _DISTINCT:
            self.heard[kind, self._forms.setdefault(form, message)] += 1


def _hear(warning: Warning) -> None:
    for hearing in _listening.hearings:
        hearing.hear(type(warning), str(warning.args[0]) if warning.args else "")


def _watch_kinds() -> None:
    for kind in _KINDS:
        if "__init__" not in kind.__dict__:
            _watch(kind)


def _watch(kind: type[Warning]) -> None:
    def __init__(self: Warning, *args: object, **kwargs: object) -> None:  # noqa: N807 - it is one
        super(kind, self).__init__(*args, **kwargs)
        if _listening.hearings and type(self) is kind:
            _hear(self)

    kind.__init__ = __init__  # type: ignore[assignment, method-assign]  # what this module is about
