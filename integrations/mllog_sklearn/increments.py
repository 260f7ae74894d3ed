"""Calls of `partial_fit`: a training that never says that it ends, told call by call.

Each call that is told is a run of its own; at INFO these are the calls 1, 2, 5, 10, 20, 50 and so
on of an estimator, at DEBUG all. A call that fails or warns is told always.
"""

import weakref
from collections.abc import Mapping
from typing import Any

from mllog_callbacks import Cadence, EventType, Level, Reason, Run, guarded
from mllog_callbacks.schema import count
from mllog_sklearn import reasons
from mllog_sklearn.algorithm import algorithm
from mllog_sklearn.data import data_facts
from mllog_sklearn.fits import Fit
from mllog_sklearn.warned import Audience

__all__ = ["Increment"]


class _Increments:
    """What an estimator was given so far, call by call."""

    def __init__(self, level: Level) -> None:
        self.calls = 0
        self.rows: int | None = 0
        self.cadence = Cadence(level)


_increments: "dict[int, tuple[weakref.ref[Any], _Increments]]" = {}


def _so_far(estimator: Any, level: Level) -> _Increments:
    """The calls of an estimator, forgotten with it; no trace is left in it."""
    key = id(estimator)
    known = _increments.get(key)
    if known is None or known[0]() is not estimator:
        reference = weakref.ref(estimator, lambda _: _increments.pop(key, None))
        known = _increments[key] = reference, _Increments(level)
    return known[1]


class Increment(Fit):
    """One call of partial_fit."""

    def __init__(self, run: Run, method: str, *, nested: bool) -> None:
        super().__init__(run, method, nested=nested)
        self._begun: _Increments | None = None
        self._told = False

    def begin(self, estimator: object, arguments: Mapping[str, Any]) -> None:
        """Count the call; tell of its start where it is one to tell."""
        self._begun = so_far = _so_far(estimator, self.run.level)
        so_far.calls += 1
        self._told = so_far.cadence.due(so_far.calls)
        if so_far.calls == 1:
            super().begin(estimator, arguments)
        else:
            self.data = data_facts(next(iter(arguments.values()), None))
            if self._told:
                self._start(estimator)
        if self._told:
            so_far.cadence.told(so_far.calls)

    def end(self, estimator: object, _result: object, warned: Audience) -> None:
        """Tell what came of it, where it is one to tell or something was warned of."""
        so_far = self._begun
        if so_far is None:
            return
        rows = self.data.rows
        so_far.rows = None if rows is None or so_far.rows is None else so_far.rows + rows
        if warned and not self._told:
            self._start(estimator)
        self._tell_warnings(estimator, warned, None)
        if self._told:
            seen = "" if so_far.rows is None else f", with {count(so_far.rows, 'row')}"
            told = Reason(
                f"Call {so_far.calls:,} of partial_fit completed.",
                f"This estimator has had {count(so_far.calls, 'call')} so far{seen} in all. It can "
                "take more: whether that is all is known to the caller only.",
            )
            self._end(
                EventType.TRAINING_COMPLETED, told, {"calls": so_far.calls, "rows": so_far.rows}
            )

    def fail(self, estimator: object, error: BaseException, warned: Audience) -> None:
        """Tell the end that an exception makes, of any call."""
        if not self._told:
            self._start(estimator)
        super().fail(estimator, error, warned)

    @guarded
    def _start(self, estimator: object) -> None:
        what = algorithm(estimator)
        self.run.name(model=what.title)
        calls = 0 if self._begun is None else self._begun.calls
        told = reasons.started(what, self.method, self.data, nested=self.nested)
        told = Reason(told.decision, f"It is call {calls:,} of partial_fit on this estimator.")
        self.run.tell(
            EventType.TRAINING_STARTED, told, {"method": self.method, "rows": self.data.rows}
        )
        self._told = True
