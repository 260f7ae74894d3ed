"""One training: what it has shown so far, told as entries from its start to its one end."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lightgbm import Dataset
from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks import Backlog, Cadence, EventType, Reason, Run, guarded, report_failure
from mllog_callbacks.facts import Kept, dump
from mllog_callbacks.facts import Stop as Stopped
from mllog_lightgbm import reasons, start_reasons
from mllog_lightgbm.estimator import Estimator
from mllog_lightgbm.issues import Watcher, facts_for_causes, watching
from mllog_lightgbm.model import Model, Saved, boosters_of, gains, held
from mllog_lightgbm.opening import Opening, open_training
from mllog_lightgbm.parameters import without_functions
from mllog_lightgbm.results import Result, Scoreboard, as_snapshot, read_results
from mllog_lightgbm.stops import Stop, read_stop
from mllog_lightgbm.stretches import Beginning, Stretch, Stretches

__all__ = ["Training"]


class Training:
    """One call of `lightgbm.train` or `lightgbm.cv`.

    What an iteration shows is handed over to a backlog: all that is made of it can wait.

    Args:
        run: What it is told as.

    Attributes:
        watched: Whether the end of the call will be seen.
    """

    def __init__(self, run: Run) -> None:
        self.watched = False
        self._run = run
        run.curve.unit = "iteration"
        self._opening: Opening | None = None
        self._estimator: Estimator | None = None
        self._given: dict[str, object] = {}
        self._model: weakref.ref[Model] | None = None
        self._watcher: Watcher | None = None
        self._rate = "learning_rate"
        self._first = self._last = self._done = self._folds = 0
        self._results: Sequence[Sequence[Any]] = ()
        self._cadence = Cadence(run.level)
        self._scores = Scoreboard()
        self._backlog = Backlog(self._take)
        self._unwatched = Backlog(self._watch)
        self._latest = Beginning(0, 0, None)
        self._stretches = Stretches()
        self._stop: Stop | None = None

    @property
    def ended(self) -> bool:
        """Whether the end was told."""
        return self._run.ended

    @guarded
    def expect(
        self,
        given: Mapping[str, object],
        objective: Callable[..., object] | None,
        planned: int,
        estimator: Estimator | None = None,
    ) -> None:
        """Take what is known before the booster is made: a training may fail in making it.

        Args:
            given: The parameters as they reached LightGBM.
            objective: The caller's own objective; LightGBM's parameters then say "none".
            planned: The number of iterations.
            estimator: The estimator that called LightGBM, where one did.
        """
        self.watched = True
        self._last = planned
        self._estimator = estimator
        more = {} if objective is None else {"objective": objective}
        self._given = without_functions({**given, **more})

    @guarded
    def begin(
        self,
        env: CallbackEnv,
        data: Dataset | None = None,
        *,
        training: str = "training",
        patience: int | None = None,
    ) -> None:
        """Tell the start of the training, its data and its hyperparameters.

        Args:
            env: What LightGBM gives a callback in the first iteration.
            data: The training data as the caller gave it; default the booster's.
            training: What the results call the training data.
            patience: What early stopping allows; 0 where it is not armed, None where not known.
        """
        self._model = weakref.ref(env.model)
        self._first, self._last = env.begin_iteration, env.end_iteration
        self._done = self._first
        self._cadence.last = self._last
        opening = open_training(
            env, self._given or env.params, self._estimator, data, patience=patience
        )
        self._tell_start(opening)
        detectors = self._run.detectors = watching(self._run.detectors, opening.found)
        detectors.facts = facts_for_causes(opening)
        if detectors.watches:
            self._watcher = Watcher(detectors, training, opening.found)
            self._rate = opening.found.aliases.get(self._rate, self._rate)

    def record(self, env: CallbackEnv) -> None:
        """Take an iteration's results; what is made of them can wait, unless it is to be told."""
        try:
            done, results = env.iteration + 1, env.evaluation_result_list
            rate = env.params.get("learning_rate")  # what `lightgbm.reset_parameter` writes
            if rate is None:
                rate = env.params.get(self._rate)
            if (
                not results
                or done != self._done + 1
                or rate != self._latest.rate
                or len(results) != self._latest.width
                or self._backlog.is_new
            ):
                self._latest = Beginning(done, len(results or ()), rate)
                self._backlog.add(self._latest)
            self._backlog.add(*results or ())
            self._done = done
            if done >= self._cadence.following:
                self._backlog.clear()
                if self._cadence.every:
                    self._unwatched.clear()
                if done == self._last and not self.watched:
                    self.end()
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "Training.record")

    @guarded
    def stop(
        self,
        env: CallbackEnv,
        callback: Callable[[CallbackEnv], object],
        error: EarlyStopException,
        *,
        by_parameter: bool,
    ) -> None:
        """Keep who stops the training and why; the end is told when the call is over."""
        self._done = env.iteration + 1
        self._stop = read_stop(env, callback, error, by_parameter=by_parameter)

    @guarded
    def fail(self, error: BaseException, where: str, iteration: int | None = None) -> None:
        """Tell the end that an exception makes now; the exception is read, and not kept.

        Args:
            error: What was raised.
            where: What was under way, as in "in the callback log_metrics".
            iteration: The iteration, as LightGBM counts; default the one after the last seen.
        """
        if not self.ended:
            self._catch_up()
            self._start_late()
            at = self._position(iteration)
            self._run.fail(error, where, at, reasons.NO_MODEL, self._counted())

    @guarded
    def end(self) -> None:
        """Tell how the training ended, now that the call is over."""
        if self.ended:
            return
        self._catch_up()
        stop = self._stop
        if stop is not None and stop.iteration < self._last:
            self._evaluate(stop.best_iteration, stop.results)
            told = reasons.stopped_early(stop, self._last, self._scores, self._folds)
            why = Stopped(by="rule", rule=stop.rule)
            self._end(EventType.TRAINING_STOPPED, told, why, _kept(stop.best_iteration, stop))
        elif self._opening is not None and self._done == self._last:
            kept = self._done if stop is None else stop.best_iteration
            results = read_results(self._results)
            self._evaluate(kept, results if stop is None else stop.results)
            told = reasons.completed(
                self._last - self._first, self._last, stop, results, self._scores, self._folds
            )
            self._end(EventType.TRAINING_COMPLETED, told, _AS_PLANNED, _kept(kept, stop))
        else:
            self._start_late()
            told = reasons.vanished(self._position())
            self._run.end(EventType.TRAINING_FAILED, told, self._counted())

    @property
    def saves(self) -> Callable[[Saved], object]:
        """What tells that the model was saved, also after the end, while the log is open."""
        run, cv = self._run.detached(), bool(self._folds)

        def tell(saved: Saved) -> None:
            if not run.closed:
                told = reasons.saved(saved, cv=cv)
                run.tell(EventType.MODEL_SAVED, told, saved.as_snapshot())

        return tell

    def _catch_up(self) -> None:
        self._backlog.clear()
        self._unwatched.clear()

    def _take(self, items: Sequence[object]) -> None:
        """Make of iterations what there is to make, but for issues, which take longest."""
        for stretch in self._stretches.read(items):
            if self._watcher is not None:
                self._unwatched.add(stretch)
            self._look(stretch)

    @guarded
    def _look(self, stretch: Stretch) -> None:
        cadence, last, kept = self._cadence, stretch.iterations[-1], 0
        news = self._scores.may_change(stretch)
        # the clock, which `due` looks at too, is the same for all of them
        asked = stretch.iterations[0] if news else min(cadence.following, last)
        for done, self._results in stretch.since(asked):
            gone = self._scores.record(self._results, done)
            if (gone or done >= cadence.following or done == asked) and cadence.due(done, gone):
                kept = self._keep(stretch, kept, done)
                self._tell_progress(done)
        self._keep(stretch, kept, last)

    def _keep(self, stretch: Stretch, begin: int, last: int) -> int:
        """Keep a stretch's curves up to an iteration, for the next entry; returns what is kept."""
        end = last - stretch.iterations[0] + 1
        for key, values in stretch.curves.items():
            self._run.curve.extend(key, stretch.iterations[begin:end], values[begin:end])
        return end

    @guarded
    def _watch(self, stretches: Sequence[Stretch]) -> None:
        if self._watcher is not None:
            for stretch in stretches:
                self._run.tell_issues(self._watcher.observe(stretch), "iteration")

    @guarded
    def _tell_progress(self, done: int) -> None:
        self._cadence.told(done)
        results = read_results(self._results)
        self._run.tell(
            EventType.TRAINING_PROGRESS,
            reasons.progressed(done, self._last, results, self._scores),
            {"iteration": done, **as_snapshot(results)},
        )

    def _tell_start(self, opening: Opening) -> None:
        self._opening, self._folds = opening, opening.folds
        self._run.name(model=f"LightGBM {opening.found.get('boosting') or ''}".rstrip())
        planned = self._last - self._first
        told = start_reasons.started(planned, opening)
        self._run.tell(
            EventType.TRAINING_STARTED, told, {"planned_iterations": planned, **opening.machines}
        )
        for event, reason, snapshot in start_reasons.opened(opening):
            self._run.tell(event, reason, snapshot)

    def _start_late(self) -> None:
        """A call that ends before its first iteration has told no start."""
        if self._opening is None:
            self._tell_start(open_training(None, self._given, self._estimator))

    def _evaluate(self, iteration: int, results: list[Result]) -> None:
        if results:
            self._run.tell(
                EventType.MODEL_EVALUATED,
                reasons.evaluated(
                    iteration, results, chosen=self._stop is not None, folds=self._folds
                ),
                {"iteration": iteration, **as_snapshot(results)},
            )

    def _end(self, event: EventType, reason: Reason, why: Stopped, kept: Kept) -> None:
        at = kept.at or 0
        snapshot: dict[str, object] = {
            **self._counted(),
            "kept_iteration": at,
            "stop": dump(why),
            "kept": dump(kept),
        }
        model = None if self._model is None else self._model()
        boosters = [] if model is None else boosters_of(model)
        head = _gains(boosters, at) or {}
        if head:
            snapshot["gain_shares"] = head
        trees = _held(boosters) if boosters else None
        if trees is not None and trees < at:
            snapshot["held_iterations"] = trees
        else:
            trees = None
        self._run.end(event, reasons.with_model(reason, head, at, trees), snapshot)

    def _counted(self) -> dict[str, object]:
        return {"iterations_done": self._done - self._first}

    def _position(self, iteration: int | None = None) -> str:
        if self._opening is None or not self._opening.begun:
            return "before its first iteration"
        under_way = self._done if iteration is None else iteration
        return f"in iteration {min(under_way + 1, self._last):,} of {self._last:,}"


_gains, _held = guarded(gains), guarded(held)
_AS_PLANNED: Final = Stopped(by="plan")


def _kept(iteration: int, stop: Stop | None) -> Kept:
    """The model that is kept, and what chose it."""
    return Kept(at=iteration, unit="iteration", chosen_by=None if stop is None else stop.name)
