"""Calls of `partial_fit`: a training that never says that it ends, recorded call by call.

Each call that is recorded is a run of its own; at INFO these are the calls 1, 2, 5, 10, 20, 50 and
so on, at DEBUG all. A call that fails or warns is recorded always. Calls are counted of the audited
instance, in this process, since its last `fit`, which starts it anew.
"""

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from mllog_callbacks import Cadence, EventType, Level, Reason, Run, guarded
from mllog_callbacks.schema import count
from mllog_sklearn import reasons
from mllog_sklearn.algorithm import algorithm
from mllog_sklearn.data import data_facts
from mllog_sklearn.fits import Fit
from mllog_sklearn.warned import Audience

__all__ = ["Increment", "starts_anew"]


class _Increments:
    """What an estimator was given so far, call by call."""

    def __init__(self, level: Level) -> None:
        self.calls = 0
        self.rows: int | None = 0
        self.cadence = Cadence(level)
        self.level = level
        self.since = "since it was audited in this process"


_increments: "dict[int, tuple[weakref.ref[Any], _Increments]]" = {}


def _so_far(estimator: Any, level: Level) -> _Increments:
    """The calls of an estimator, forgotten with it; no trace is left in it."""
    key = id(estimator)
    known = _increments.get(key)
    if known is None or known[0]() is not estimator:
        reference = weakref.ref(estimator, lambda _: _increments.pop(key, None))
        known = _increments[key] = reference, _Increments(level)
    return known[1]


def starts_anew(estimator: Any) -> None:
    """Count calls from 0: the estimator's `fit` begins, which forgets what they have brought."""
    known = _increments.get(id(estimator))
    if known is not None and known[0]() is estimator:
        _increments.pop(id(estimator))
        _so_far(estimator, known[1].level).since = "since its last fit"


class Increment(Fit):
    """One call of partial_fit."""

    def __init__(self, run: Run, method: str, *, nested: bool) -> None:
        super().__init__(run, method, nested=nested)
        self._begun: _Increments | None = None
        self._recorded = False

    def begin(self, estimator: object, arguments: Mapping[str, Any]) -> None:
        """Count the call; record its start where it is one to record."""
        self._begun = so_far = _so_far(estimator, self.run.level)
        so_far.calls += 1
        self._recorded = so_far.cadence.due(so_far.calls)
        if so_far.calls == 1:
            super().begin(estimator, arguments)
        else:
            self.data = data_facts(next(iter(arguments.values()), None))
            if self._recorded:
                self._start(estimator)
        if self._recorded:
            so_far.cadence.recorded(so_far.calls)

    def end(self, estimator: object, _result: object, warned: Audience) -> None:
        """Record what came of it, where it is one to record or something was warned of."""
        so_far = self._begun
        if so_far is None:
            return
        rows = self.data.rows
        so_far.rows = None if rows is None or so_far.rows is None else so_far.rows + rows
        if warned and not self._recorded:
            self._start(estimator)
        self._record_warnings(estimator, warned, None)
        if self._recorded:
            self._remember(estimator)
            seen = "" if so_far.rows is None else f", with {count(so_far.rows, 'row')}"
            recorded = Reason(
                f"Call {so_far.calls:,} of partial_fit completed.",
                f"It is {count(so_far.calls, 'call')}{seen} in all, {so_far.since}. Whether more "
                f"follow is known to the caller only.{_own_count(estimator)}",
            )
            self._end(
                EventType.TRAINING_COMPLETED,
                recorded,
                {"calls": so_far.calls, "rows": so_far.rows, "counted": so_far.since},
            )

    def fail(self, estimator: object, error: BaseException, warned: Audience) -> None:
        """Record the end that an exception makes, of any call."""
        if not self._recorded:
            self._start(estimator)
        super().fail(estimator, error, warned)

    @guarded
    def _start(self, estimator: object) -> None:
        what = algorithm(estimator)
        self.run.name(model=what.title)
        calls = 0 if self._begun is None else self._begun.calls
        recorded = reasons.started(what, self.method, self.data, nested=self.nested)
        since = "" if self._begun is None else f" {self._begun.since}"
        recorded = Reason(recorded.decision, f"It is call {calls:,} of partial_fit{since}.")
        self.run.emit(
            EventType.TRAINING_STARTED, recorded, {"method": self.method, "rows": self.data.rows}
        )
        self._recorded = True


def _own_count(estimator: object) -> str:
    """The rows that the estimator itself says it has seen; empty where it does not."""
    seen = getattr(estimator, "n_samples_seen_", None)
    return f" n_samples_seen_ is {seen:,}." if isinstance(seen, (int, np.integer)) else ""
