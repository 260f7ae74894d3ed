"""The callback a user gives to LightGBM."""

import sys
from types import FrameType, TracebackType
from typing import Any, Final, Self

from lightgbm.callback import CallbackEnv

from mllog_callbacks import Auditor, guarded
from mllog_callbacks.facts import TrainingEnded, ended_by
from mllog_lightgbm.boosting import NO_MODEL, Boosting
from mllog_lightgbm.calls import Audit, attend_lightgbm
from mllog_lightgbm.hooks import Token, is_training

__all__ = ["MLAuditCallback"]

# After the callbacks that show and record (10, 20), before early stopping (30): an iteration's
# results are seen before anything decides on them.
_ORDER: Final = 25


class MLAuditCallback(Auditor, Audit):
    """Records the audit trail of a LightGBM training: what happened, and why.

    A training records its start, the data that LightGBM loaded, who chose the algorithm and who set
    which hyperparameter, its progress, the evaluation of the model that is kept, and its one end:
    completed, stopped early (by which metric, on which evidence) or by hand, or failed. While the
    booster lives, `save_model` is recorded too; pickling is not seen. It never raises into the
    training and never changes it. One callback may serve many trainings, also at the same time; on
    a Dask cluster, and in processes of a search, each process has a session of its own.

    What an iteration shows waits in the run's one queue. A thread takes it up a tenth of a second
    later, detectors included; where an iteration's entry is due the training takes it up itself, so
    that the entry is recorded when the next iteration begins. Before the end all is taken up.

    LightGBM calls no callback when a training has ended. The end is seen all the same, with the
    exception if there was one: `lightgbm.train` and `lightgbm.cv` are watched from within their own
    frames, so that warnings, stacks and tracebacks stay as they are; see `mllog_lightgbm.calls`.
    Where LightGBM's source is not at hand, the trail says that a call failed, but not by what; used
    as a context manager around the call, the callback records that there too. So it does for what
    an estimator refuses before it calls LightGBM. ``docs/lightgbm-ends.md`` has every way out.

    Args:
        log: Where entries go; default `get_log()`, asked for at each training.
        dataset: Name of the training data in the entries; default the log's.
        model: Name of the model in the entries; default the log's, or "LightGBM" and the kind of
            boosting.
        detectors: What watches the metrics: detectors, or names such as "overfitting"; default
            all, ``[]`` for none; or ``DetectorSet(ignore=["MLA003"])``. Each training has copies
            of its own.
        on_issue: Called with each issue that is recorded, mostly from a thread of its own; the end
            waits for it, up to 10 seconds. What it raises is reported by `logging`. Where it
            returns "stop" the training ends after the iteration that is then under way.
        stop_on: Names or codes of issues that end the training when they open, as in
            ``["non_finite"]``: after the iteration that shows it, by LightGBM's own
            `EarlyStopException`. Each iteration is then looked at at once.
        directions: Which values of a metric are better, as in ``{"my_score": "max"}``; default
            what LightGBM and the caller's metric say.

    Raises:
        ValueError: There is no detector of a name.

    Example:
        >>> lgb.train(params, train, valid_sets=[valid], callbacks=[MLAuditCallback()])
        >>> with MLAuditCallback() as audit:
        ...     lgb.train(params, train, valid_sets=[valid], callbacks=[audit])
    """

    before_iteration = False
    can_stop = True

    def prepare(self) -> None:
        """Begin without trainings."""
        self._trainings: dict[int, Boosting] = {}
        self._watching = False
        self._seen = False  # any training, since the callback's `with` began
        attend_lightgbm()

    @property
    def order(self) -> int:
        """The place among other callbacks; reading it is how LightGBM says that it begins."""
        self._watch(sys._getframe(1))  # noqa: SLF001 - documented for CPython
        return _ORDER

    def __call__(self, env: CallbackEnv) -> None:
        """Record an iteration's results; LightGBM calls this after each iteration."""
        training = self._trainings.get(id(env.model))
        if training is not None and not training.ended:
            training.record(env)
            training.stop_where_asked(env)
        elif not self._watching:  # else its log could not be opened, and that was reported
            self._record_unwatched(env)

    def __enter__(self) -> Self:
        """Watch a call from outside as well: ``with MLAuditCallback() as audit``."""
        self._seen = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Record an exception that no callback could see, and let it pass."""
        if error is None:
            return
        for training in list(self._trainings.values()):
            training.fail(error, "by LightGBM")
        if not self._seen:
            self.refused(error)

    @guarded
    def _watch(self, frame: FrameType) -> None:
        if is_training(frame):
            self._watching = self._seen = True
            training = self._new_training()
            self._trainings[id(training)] = training  # until its booster is known
            Token.place(self, training, frame, self._trainings)

    @guarded
    def _record_unwatched(self, env: CallbackEnv) -> None:
        self._seen = True
        training = self._trainings[id(env.model)] = self._new_training()
        training.begin(env)
        training.record(env)

    @guarded
    def refused(self, error: BaseException) -> None:
        """Record that LightGBM refused its arguments before it read them, or was never called."""
        self._seen = True
        run = self.new_run()
        run.name(model="LightGBM")
        stop, failure = ended_by(error, "before LightGBM read its callbacks")
        run.record(
            TrainingEnded(
                begun=False,
                stop=stop,
                error=None if stop.by == "rule" else failure,
                consequence=NO_MODEL,
            )
        )

    def _new_training(self) -> Boosting:
        return Boosting(self.new_run())

    def __getstate__(self) -> dict[str, Any]:
        """What is copied or pickled: how to log, not the trainings that are under way."""
        return self.__dict__ | {"_trainings": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Watch LightGBM in the process that a copy comes to, too."""
        self.__dict__.update(state)
        attend_lightgbm()
