"""The callback a user gives to LightGBM."""

import copy
import sys
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Final, Self

from lightgbm.callback import CallbackEnv

from mllog_callbacks import AuditLog, Detector, DetectorSet, Issue, get_log, guarded
from mllog_lightgbm.run import Run
from mllog_lightgbm.watch import Token, is_training

__all__ = ["MLAuditCallback"]

# After the callbacks that show and record (10, 20), before early stopping (30): an iteration's
# results are seen before anything decides on them.
_ORDER: Final = 25


class MLAuditCallback:
    """Leaves an audit trail of a LightGBM training: what happened, and why.

    A training tells its start with the data it was given, its hyperparameters, its progress, the
    evaluation of the model that is kept, and its one end: completed, stopped early (by which
    metric, on which evidence) or by hand, or failed. It never raises into the training and never
    changes it. One callback may serve many trainings, also at the same time.

    LightGBM tells no callback that a training has ended. The end is seen all the same, because
    LightGBM reads `order` inside the very call that trains; see `mllog_lightgbm.watch`. On an
    interpreter without access to frames the last planned iteration counts as the end.

    One thing no callback can see is the error by which LightGBM refuses to begin, such as an
    impossible parameter: the trail then says that the call failed, but not by what. Used as a
    context manager around the call, the callback tells that too.

    Args:
        log: Where entries go; default `get_log()`, asked for at each training.
        dataset: Name of the training data in the entries; default the log's.
        model: Name of the model in the entries; default the log's, or "LightGBM" and the kind of
            boosting.
        detectors: What watches the metrics: detectors, or names such as "overfitting"; default
            all, ``[]`` for none; or ``DetectorSet(ignore=["MLA003"])``. Each training has copies
            of its own.
        on_issue: Called with each issue that is told; what it raises is reported by `logging`.

    Raises:
        ValueError: There is no detector of a name.

    Example:
        >>> lgb.train(params, train, valid_sets=[valid], callbacks=[MLAuditCallback()])
        >>> with MLAuditCallback() as audit:
        ...     lgb.train(params, train, valid_sets=[valid], callbacks=[audit])
    """

    before_iteration = False

    def __init__(
        self,
        log: AuditLog | None = None,
        *,
        dataset: str | None = None,
        model: str | None = None,
        detectors: DetectorSet | Sequence[Detector | str] | None = None,
        on_issue: Callable[[Issue], object] | None = None,
    ) -> None:
        given = detectors if isinstance(detectors, DetectorSet) else DetectorSet(detectors)
        self._detectors = given
        self._on_issue = on_issue
        self._log = log
        self._dataset = dataset
        self._model = model
        self._runs: dict[int, Run] = {}
        self._watching = False

    @property
    def order(self) -> int:
        """The place among other callbacks; reading it is how LightGBM says that it begins."""
        self._watch(sys._getframe(1))  # noqa: SLF001 - documented for CPython
        return _ORDER

    def __call__(self, env: CallbackEnv) -> None:
        """Record an iteration's results; LightGBM calls this after each iteration."""
        run = self._runs.get(id(env.model))
        if run is not None and not run.ended:
            run.record(env)
        elif not self._watching:  # else its log could not be opened, and that was reported
            self._record_unwatched(env)

    def __enter__(self) -> Self:
        """Watch a call from outside as well: ``with MLAuditCallback() as audit``."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell of an exception that no callback could see, and let it pass."""
        if error is not None:
            for run in list(self._runs.values()):
                run.fail(error, "by LightGBM")

    @guarded
    def _watch(self, frame: FrameType) -> None:
        if is_training(frame):
            self._watching = True
            run = self._new_run()
            self._runs[id(run)] = run  # until its booster is known
            Token.place(run, frame, self._runs)

    @guarded
    def _record_unwatched(self, env: CallbackEnv) -> None:
        run = self._runs[id(env.model)] = self._new_run()
        run.begin(env)
        run.record(env)

    def _new_run(self) -> Run:
        log = get_log() if self._log is None else self._log
        bound = log.bind(dataset=self._dataset, model=self._model)
        return Run(bound, copy.deepcopy(self._detectors), self._on_issue)

    def __getstate__(self) -> dict[str, object]:
        """What is copied or pickled: how to log, not the trainings that are under way."""
        return self.__dict__ | {"_runs": {}}
