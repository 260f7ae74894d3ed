"""The callback a user gives to an estimator that supports scikit-learn's own, since 1.9."""

import sys
from typing import Any

from mllog_callbacks import Cadence, EventType, Level, Reason, Run, guarded
from mllog_callbacks.schema import count
from mllog_sklearn.calls import Call, recording, within_call
from mllog_sklearn.fits import Fit
from mllog_sklearn.settings import Settings, feeds_worker

__all__ = ["MLAuditCallback"]


class MLAuditCallback(Settings):
    """Leaves an audit trail of a fit, with the tasks within it: ``est.set_callbacks(...)``.

    scikit-learn's callbacks are experimental and supported by some estimators only, such as
    pipelines, searches and logistic regression; `mllog_sklearn.audited` works with all of them.
    Used together, this one adds the progress within a fit to what that records.

    Tasks that run in worker processes are recorded there, each in a session of its own that names
    this one. The callback is a part of the estimator's state until ``est.set_callbacks()``, also
    in a pickle.

    Args:
        log: Where entries go: a log, or the path of a folder; default `get_log()`, asked for at
            each fit.
        dataset: Name of the training data in the entries; default the log's.
        model: Name of the model in the entries; default the log's, or the estimator's class.
        detectors: What watches the curves that estimators keep, as for `audited`.
        on_issue: Called with each issue that is recorded; what it raises is reported by `logging`.
        directions: Which values of a metric are better, as in ``{"my_score": "max"}``.

    Raises:
        ValueError: There is no detector of a name.

    Example:
        >>> LogisticRegression().set_callbacks(MLAuditCallback()).fit(X, y)
    """

    def __eq__(self, other: object) -> bool:
        return self is other  # scikit-learn looks for callbacks in lists

    def __hash__(self) -> int:
        return id(self)

    @guarded
    def setup(self, estimator: Any, context: Any) -> None:
        """Begin to watch a fit; scikit-learn calls this before its first task."""
        known = recording(estimator)
        nested = known is None and (context.parent is not None or within_call())
        if known is not None:
            watch = _Watched(None, known.run)
        elif nested and self.level > Level.DEBUG:
            watch = _Watched(None, None)
        else:
            fit = Fit(self.auditor.new_run(), "fit", nested=nested)
            watch = _Watched(Call(estimator, fit), fit.run)
            watch.fit = fit
        _watched[id(context)] = watch

    @guarded
    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None
    ) -> None:
        """Record the start, when the first task is that of the whole fit."""
        watch = _watched.get(id(context))
        if watch is not None and watch.fit is not None and not watch.begun:
            watch.begun = True
            watch.fit.begin(estimator, {"X": X, "y": y})

    @guarded
    def on_fit_task_end(self, estimator: Any, context: Any) -> None:  # noqa: ARG002 - the protocol's
        """Record the progress that a task's end is."""
        watch = _watched.get(id(context))
        if watch is not None:
            watch.done = True
            return
        watch = _around(context) or _elsewhere(context, self)
        watch.count(context)

    @guarded
    def teardown(self, estimator: Any, context: Any) -> None:
        """Record the end; scikit-learn calls this however the fit ends."""
        watch = _watched.pop(id(context), None)
        if watch is None or watch.call is None:
            return
        error = sys.exc_info()[1]
        if watch.done or error is None or error is watch.before:
            watch.call.end(estimator)
        else:
            watch.call.fail(error)

    def __getstate__(self) -> dict[str, object]:
        """How to log; in a worker process, in a session of its own that names this one."""
        sent = self.for_worker() if feeds_worker() else self
        return Settings.__getstate__(sent)


class _Watched:
    """A fit that scikit-learn calls back from.

    Args:
        call: What records its end; None where that is recorded by another, or not at all.
        run: Where progress is recorded; None where it is not.
    """

    def __init__(self, call: Call | None, run: Run | None) -> None:
        self.call = call
        self.fit: Fit | None = None
        self.begun = self.done = False
        self.before = sys.exc_info()[1]
        self._run = run
        self._ended: dict[str, int] = {}
        self._cadences: dict[str, Cadence] = {}

    def count(self, context: Any) -> None:
        """Take the end of a task within the fit; record it where a person would read it."""
        if self._run is None or context.max_subtasks != 0:
            return
        name = str(context.task_name)
        done = self._ended[name] = self._ended.get(name, 0) + 1
        planned = getattr(context.parent, "max_subtasks", None)
        cadence = self._cadences.setdefault(name, Cadence(self._run.level, planned))
        if cadence.due(done):
            cadence.recorded(done)
            place = f", {context.task_id + 1:,} of at most {planned:,}," if planned else ""
            self._run.emit(
                EventType.TRAINING_PROGRESS,
                Reason(
                    f"Task {name}{place} is done.",
                    f"{context.estimator_name} notified its callbacks of it; it has done "
                    f"{count(done, 'such task')} so far in this process.",
                ),
                {"task": name, "done": done, "planned": planned},
            )


_watched: dict[int, _Watched] = {}
"""Fits under way in this process, by the identity of their context, which lives as long."""

_remote: dict[object, _Watched] = {}


def _around(context: Any) -> _Watched | None:
    """The fit that a task belongs to; None where that is not in this process."""
    while context is not None:
        watch = _watched.get(id(context))
        if watch is not None:
            return watch
        context = context.parent
    return None


def _elsewhere(context: Any, settings: Settings) -> _Watched:
    """What a worker process records of a fit that is in another."""
    watch = _remote.get(context.root_uuid)
    if watch is None:
        _remote.clear()
        run = settings.auditor.new_run()
        run.name(model=str(context.estimator_name))
        watch = _remote[context.root_uuid] = _Watched(None, run)
    return watch
